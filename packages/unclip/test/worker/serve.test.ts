import { createRun, tensor, UnclipError } from "@unclip/tensor";
import type { StageStep } from "unclip";
import { describe, expect, it } from "vitest";
import { openConnection } from "../../src/worker/connection.js";
import type { Ask, Port } from "../../src/worker/protocol.js";
import { serveUnclip } from "../../src/worker/serve.js";
import { refusal } from "../support.js";

type Load = NonNullable<Parameters<typeof serveUnclip>[1]>;

const STAGES = { decoder: { space: { size: { width: 8, height: 8 } } }, upsamplers: [] };
const step = (count: number, more: object = {}): StageStep => ({ stage: "decoder", step: count, steps: 3, ...more });

/** Both ends of a channel, with a model at the other one. */
function open(model: object = {}) {
  const { port1, port2 } = new MessageChannel();
  const given: { signal?: AbortSignal }[] = [];
  const generate = (caption: unknown, options: { signal?: AbortSignal }) => {
    given.push(options);
    return createRun(async function* () {
      for (let count = 1; count <= 3; count++) {
        if (options.signal?.aborted) throw new UnclipError("aborted", "stopped");
        const look = { preview: async () => [count], inside: async () => ({ t: count }) };
        yield step(count, count === 2 ? look : {});
      }
      return { caption, options: { ...options, signal: undefined } };
    });
  };
  const loaded: unknown[] = [];
  const load = async (...all: unknown[]) => {
    loaded.push(...all);
    return { model: "fake", stages: STAGES, generate, ...model };
  };
  serveUnclip(port2 as unknown as Port, load as unknown as Load);
  const posted: string[] = [];
  const port: Port = {
    addEventListener: port1.addEventListener.bind(port1) as never,
    postMessage(message, transfer) {
      port1.postMessage(message, transfer as never);
      posted.push((message as Ask).type);
    },
  };
  const news: unknown[] = [];
  const fatal: Error[] = [];
  const connection = openConnection(port, {
    onNews: (...all) => news.push(all),
    onFatal: (error) => fatal.push(error),
  });
  port1.start();
  port2.start();
  const load1 = () => connection.ask({ type: "load", options: {} });
  return { connection, posted, given, loaded, news, fatal, load: load1, close: () => port1.close() };
}

describe("a model at the other end of a channel", () => {
  it("is described when it is loaded, and tells its news", async () => {
    const { connection, loaded, news, close } = open({ threads: 2, priorModel: "theirs", arithmetic: "float16" });
    const answer = await connection.ask({
      type: "load",
      source: "mine",
      options: { dtype: "fp16", arithmetic: "float16" },
    });
    expect(answer).toMatchObject({
      model: "fake",
      threads: 2,
      priorModel: "theirs",
      arithmetic: "float16",
      size: { width: 8, height: 8 },
      stages: { textEncoder: false, imageEncoder: false, prior: false, autoregressivePrior: false, upsamplers: 0 },
    });
    const [source, options] = loaded as [string, Record<string, (value: unknown) => void>];
    expect([source, options["dtype"], options["arithmetic"]]).toEqual(["mine", "fp16", "float16"]);
    options["onDownload"]!({ loaded: 1 });
    options["onEvent"]!({ type: "opened" });
    await connection.ask({ type: "abort", run: 0 });
    expect(news).toEqual([
      ["onDownload", { loaded: 1 }],
      ["onEvent", { type: "opened" }],
    ]);
    close();
  });

  it("is described without what it has not", async () => {
    const { load, close } = open();
    const answer = await load();
    for (const key of ["threads", "priorModel"]) expect(answer).not.toHaveProperty(key);
    close();
  });

  it("runs with the settings that were posted, and gives its steps one by one", async () => {
    const { connection, given, load, close } = open();
    await load();
    const run = connection.run("generate", ["a cube", { n: 2 }], undefined);
    const steps: StageStep[] = [];
    for await (const one of run) {
      steps.push(one);
      if (one.step !== 2) continue;
      expect([await one.preview!(), await one.inside!()]).toEqual([[2], { t: 2 }]);
    }
    expect(steps.map((one) => [one.step, "preview" in one, "inside" in one])).toEqual([
      [1, false, false],
      [2, true, true],
      [3, false, false],
    ]);
    expect(steps[0]).toEqual({ stage: "decoder", step: 1, steps: 3 });
    expect(await run).toEqual({ caption: "a cube", options: { n: 2 } });
    expect(given[0]!.signal).toBeInstanceOf(AbortSignal);
    await expect(steps[1]!.preview!()).rejects.toThrow(
      refusal("preview: its step has passed; ask for it before the next step"),
    );
    await expect(steps[1]!.inside!()).rejects.toThrow(refusal("inside: its step has passed"));
    close();
  });

  it("runs without settings too", async () => {
    const { connection, given, load, close } = open();
    await load();
    await connection.run("generate", ["a cube"], undefined);
    expect(Object.keys(given[0]!)).toEqual(["signal"]);
    close();
  });

  it("stops a run whose signal fires, or had fired before it began", async () => {
    const { connection, given, load, close } = open();
    await load();
    const controller = new AbortController();
    const run = connection.run("generate", ["a"], controller.signal);
    const iterate = async () => {
      for await (const _ of run) controller.abort();
    };
    await expect(iterate()).rejects.toMatchObject({ code: "aborted" });
    expect(given[0]!.signal!.aborted).toBe(true);
    const early = connection.run("generate", ["a"], AbortSignal.abort());
    await expect(Promise.resolve(early)).rejects.toMatchObject({ code: "aborted" });
    close();
  });

  it.each<[string, string]>([
    ["tokenize", "tokenize: fake has no text encoder; take another model"],
    ["embedCaptions", "embedCaptions: fake has no text encoder; take another model"],
    ["embedPictures", "embedPictures: fake has no image encoder; take another model"],
    ["classify", "classify: fake has no text encoder; take another model"],
    ["paint", 'worker: there is no "paint"; are page and Worker of one version?'],
    ["toString", 'worker: there is no "toString"; are page and Worker of one version?'],
  ])("refuses %s, which it cannot do", async (method, message) => {
    const { connection, load, close } = open();
    await load();
    await expect(Promise.resolve(connection.run(method, [[]], undefined))).rejects.toThrow(refusal(message));
    close();
  });

  it("embeds, and reads a caption's tokens without padding", async () => {
    const embedding = tensor(Float32Array.of(1, 2), [1, 2]);
    const tokenizer = {
      encode: () => ({ ids: [7, 8, 9, 9], mask: [1, 1, 1, 0] }),
      textOf: (ids: readonly number[]) => `<${ids.join()}>`,
    };
    const textEncoder = { tokenizer, embed: async () => ({ textEmbedding: embedding }) };
    const imageEncoder = { embed: async () => embedding };
    const { connection, load, close } = open({ stages: { ...STAGES, textEncoder, imageEncoder } });
    expect(await load()).toMatchObject({ stages: { textEncoder: true, imageEncoder: true, prior: false } });
    const run = async (method: string, argument: unknown) => connection.run(method, [argument], undefined);
    expect(await run("embedCaptions", ["a"])).toEqual(embedding);
    expect(await run("embedPictures", [])).toEqual(embedding);
    expect(await run("tokenize", "a")).toEqual([
      { id: 7, text: "<7>" },
      { id: 8, text: "<8>" },
      { id: 9, text: "<9>" },
    ]);
    close();
  });
});

describe("what is asked out of turn", () => {
  it.each<[Ask, string, "input" | "aborted"]>([
    [{ type: "start", run: 1, method: "generate", args: [] }, "worker: nothing is loaded yet", "input"],
    [{ type: "next", run: 5 }, "run: has ended", "aborted"],
    [{ type: "preview", run: 5, index: 1 }, "preview: its step has passed; ask for it before the next step", "input"],
  ])("is refused: %j", async (ask, message, code) => {
    const { connection, close } = open();
    await expect(connection.ask(ask)).rejects.toThrow(refusal(message, code));
    close();
  });

  it("does no harm", async () => {
    const { connection, close } = open();
    expect(await connection.ask({ type: "leave", run: 5 })).toBe(undefined);
    expect(await connection.ask({ type: "abort", run: 5 })).toBe(undefined);
    close();
  });

  it("is forgotten with a run that failed or was left", async () => {
    const { connection, load, close } = open();
    await load();
    await connection.ask({ type: "start", run: 8, method: "generate", args: ["a"] });
    await connection.ask({ type: "next", run: 8 });
    await connection.ask({ type: "leave", run: 8 });
    await expect(connection.ask({ type: "next", run: 8 })).rejects.toThrow(refusal("run: has ended", "aborted"));
    await connection.ask({ type: "start", run: 9, method: "generate", args: ["a"] });
    await connection.ask({ type: "abort", run: 9 });
    await expect(connection.ask({ type: "next", run: 9 })).rejects.toThrow(refusal("stopped", "aborted"));
    await expect(connection.ask({ type: "next", run: 9 })).rejects.toThrow(refusal("run: has ended", "aborted"));
    close();
  });
});

describe("a connection", () => {
  it("tells of what the Worker cannot survive, and of nothing else", async () => {
    const failing = (error: Error) => ({
      generate: () =>
        // eslint-disable-next-line require-yield -- it fails at once
        createRun(async function* () {
          throw error;
        }),
    });
    for (const [error, count] of [
      [new Error("memory access out of bounds"), 1],
      [new UnclipError("input", "n: expected a number"), 0],
    ] as const) {
      const { connection, fatal, load, close } = open(failing(error));
      await load();
      await expect(Promise.resolve(connection.run("generate", ["a"], undefined))).rejects.toThrow(error.message);
      expect(fatal.map(({ message }) => message)).toEqual(Array<string>(count).fill(error.message));
      close();
    }
  });

  it("fails whoever waits when it ends, and whoever asks later", async () => {
    const { connection, close } = open({ generate: undefined });
    const waiting = connection.ask({ type: "load", options: {} });
    connection.end(new Error("over"));
    await expect(waiting).rejects.toThrow("over");
    await expect(connection.ask({ type: "leave", run: 1 })).rejects.toThrow("over");
    await expect(Promise.resolve(connection.run("generate", [], undefined))).rejects.toThrow("over");
    close();
  });

  it("leaves a run that is not over, and posts no more once it has ended", async () => {
    const { connection, posted, load, close } = open();
    await load();
    await connection.run("generate", ["a"], undefined);
    expect(posted).not.toContain("leave");
    for await (const _ of connection.run("generate", ["a"], undefined)) break;
    expect(posted.at(-1)).toBe("leave");
    const controller = new AbortController();
    const run = connection.run("generate", ["a"], controller.signal)[Symbol.asyncIterator]();
    await run.next();
    connection.end(new Error("over"));
    const before = posted.length;
    controller.abort();
    await expect(run.next()).rejects.toThrow("over");
    expect(posted.length).toBe(before);
    close();
  });

  it("passes over an answer that nobody waits for", () => {
    let hear: (event: { data: unknown }) => void = () => undefined;
    const port: Port = { postMessage: () => undefined, addEventListener: (_, listener) => void (hear = listener) };
    const fatal: Error[] = [];
    openConnection(port, { onNews: () => undefined, onFatal: (error) => fatal.push(error) });
    const error = { name: "Error", message: "late", isFatal: false };
    expect(() => hear({ data: { request: 9, error } })).not.toThrow();
    expect(() => hear({ data: { request: 9, value: 5 } })).not.toThrow();
    expect(fatal).toEqual([]);
  });

  it("says what cannot be posted", async () => {
    const { connection, close } = open();
    await expect(connection.ask({ type: "start", run: 1, method: "generate", args: [() => 1] })).rejects.toThrow(
      refusal(
        /^worker: the request is no plain data, so that it cannot be posted \(DataCloneError: .*\); name samplers/,
      ),
    );
    close();
  });
});
