import { createRandom, loadUnclip, UnclipError, type StageStep } from "unclip";
import {
  createUnclipWorker,
  isUnclipError,
  type Generation,
  type StepInside,
  type UnclipWorkerOptions,
} from "unclip/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixturePath } from "../../../../test-support/index.js";
import { createFakeWorker, type FakeWorker } from "./fake-worker.js";

const tiny = fixturePath("karlo-tiny");
const small = { seed: 7, prior: { steps: 2 }, decoder: { steps: 3 }, upsamplers: [{ steps: 2 }] };

/** A model in fake Workers, and the Workers that were started. */
function open(options: UnclipWorkerOptions = {}, load: typeof loadUnclip = loadUnclip) {
  const workers: FakeWorker[] = [];
  const worker = () => {
    workers.push(createFakeWorker(load));
    return workers.at(-1)!;
  };
  return { workers, unclip: createUnclipWorker({ source: tiny, worker, ...options }) };
}

/** A loader whose model generates by `work`. */
const loaderOf = (work: (signal: AbortSignal) => AsyncGenerator<StageStep, Partial<Generation>>): typeof loadUnclip => {
  return async (...given) => {
    const { createRun } = await import("@unclip/tensor");
    const unclip = await loadUnclip(...given);
    return { ...unclip, generate: (_, options) => createRun(() => work(options!.signal!)) as never };
  };
};

const step = (count: number): StageStep => ({ stage: "decoder", step: count, steps: 9 });

describe("a model in a Worker", () => {
  const { unclip } = open();
  let direct: Awaited<ReturnType<typeof loadUnclip>>;
  beforeAll(async () => (direct = await loadUnclip(tiny)));
  afterAll(async () => {
    unclip.dispose();
    await direct.dispose();
  });

  it("says what it is", async () => {
    const model = await unclip.load();
    const { defaults, family, can, lacks, device } = direct;
    expect(model).toMatchObject({ model: direct.model, family, can, lacks, device, defaults });
    expect(model.size).toEqual(direct.stages.decoder.space.size);
    expect(model.stages).toEqual({
      textEncoder: true,
      imageEncoder: true,
      prior: true,
      autoregressivePrior: direct.stages.autoregressivePrior !== undefined,
      upsamplers: direct.stages.upsamplers.length,
    });
  });

  it("gives the pictures, the embedding, the recipe and the steps that it gives without one", async () => {
    const shown: unknown[] = [];
    const run = unclip.generate("a red cube", small);
    for await (const { preview, inside: _, ...rest } of run) shown.push({ ...rest, pictures: await preview?.() });
    const expected: unknown[] = [];
    const there = direct.generate("a red cube", small);
    for await (const { preview, inside: _, ...rest } of there) expected.push({ ...rest, pictures: await preview?.() });
    expect(shown).toEqual(expected);
    const [{ images, imageEmbedding, recipe, warnings }, same] = [await run, await there];
    expect(images).toEqual(same.images);
    expect(imageEmbedding!.dims).toEqual(same.imageEmbedding!.dims);
    expect(await imageEmbedding!.getData()).toEqual(same.imageEmbedding!.data);
    expect([recipe, warnings]).toEqual([same.recipe, same.warnings]);
    expect((await unclip.again(recipe)).images).toEqual(images);
  });

  it("does everything else that it does without one", async () => {
    const { images } = await direct.generate(["a red cube", "a blue ring"], { ...small, upsamplers: 0 });
    const [a, b] = [images[0]!, images[1]!];
    const few = { upsamplers: 0, decoder: { steps: 2 } };
    const paint = (model: typeof unclip | typeof direct) =>
      Promise.all([
        model.vary(a, few),
        model.interpolate([a, b], { ...few, frames: 2 }),
        model.mix([a, "a ring"], few),
        model.edit(a, { ...few, from: "red", to: "blue" }),
        model.components(a, { ...few, among: [a, b] }),
        model.compare("a red cube", few),
      ]);
    const [painted, same] = [await paint(unclip), await paint(direct)];
    expect(painted.map((one) => one.images.length)).toEqual([1, 2, 1, 1, 1, 3]);
    expect(painted.map((one) => one.images)).toEqual(same.map((one) => one.images));
  });

  it("tells the insides of its steps, while they last", async () => {
    const run = unclip.generate("a red cube", small);
    const there = direct.generate("a red cube", small);
    const [told, expected]: StepInside[][] = [[], []];
    const looks: (() => Promise<unknown>)[] = [];
    for await (const { inside } of run) {
      if (inside === undefined) continue;
      told!.push(await inside());
      looks.push(inside);
    }
    for await (const { inside } of there) if (inside) expected!.push(await inside());
    expect(told!.length).toBe(7);
    for (const [i, one] of told!.entries()) {
      const { t, alphaCumprod, xt, x0, unguided } = expected![i]!;
      expect([one.t, one.alphaCumprod, one.xt.data, one.x0.data]).toEqual([t, alphaCumprod, xt.data, x0.data]);
      expect(one.unguided?.cond.data).toEqual(unguided?.cond.data);
    }
    await expect(looks[0]!()).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(/inside: its step has passed/),
    });
  });

  it("tells the tokens of a caption", async () => {
    const tokens = await unclip.tokenize("a red cube");
    const { ids, mask } = direct.stages.textEncoder!.tokenizer.encode("a red cube");
    expect(tokens.map(({ id }) => id)).toEqual([...ids].filter((_, i) => mask[i] === 1));
    expect(tokens[0]!.text).toBe("<|startoftext|>");
    expect(
      tokens
        .slice(1, -1)
        .map(({ text }) => text)
        .join(""),
    ).toBe("aredcube");
  });

  it("embeds and classifies", async () => {
    const { images } = await direct.generate("a red cube", { ...small, upsamplers: 0 });
    const { textEncoder, imageEncoder } = direct.stages;
    const texts = await unclip.embedCaptions(["a red cube", "a ring"]);
    expect(texts.data).toEqual((await textEncoder!.embed(["a red cube", "a ring"])).textEmbedding.data);
    expect((await unclip.embedPictures(images)).data).toEqual((await imageEncoder!.embed(images)).data);
    const labels = await unclip.classify(images[0]!, ["red", "blue"], { template: "{}" });
    expect(labels.map(({ label }) => label)).toEqual(["red", "blue"]);
    expect(labels[0]!.probability + labels[1]!.probability).toBeCloseTo(1, 6);
  });

  it("gives errors of the same code and words", async () => {
    for (const settings of [{ n: 0 }, { decoder: { steps: -1 } }, { typo: 1 } as object]) {
      const [here, there] = await Promise.all(
        [unclip, direct].map((model) =>
          Promise.resolve(model.generate("a", settings)).catch((error: unknown) => error),
        ),
      );
      expect(isUnclipError(here, "input")).toBe(true);
      expect((here as Error).message).toBe((there as Error).message);
    }
  });

  it("refuses what cannot be posted, and says why", async () => {
    const run = unclip.generate("a red cube", { random: createRandom(7) });
    await expect(Promise.resolve(run)).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(/no plain data/),
    });
    expect((await unclip.generate("a red cube", small)).images.length).toBe(1);
  });
});

describe("a run in a Worker", () => {
  it("does not run ahead of who iterates it, and stops when the loop is left", async () => {
    let [made, isOver] = [0, false];
    const { unclip } = open(
      {},
      loaderOf(async function* () {
        try {
          for (;;) yield step(++made);
        } finally {
          isOver = true;
        }
      }),
    );
    const run = unclip.generate("a");
    for await (const { step: count } of run) {
      expect(made).toBe(count);
      if (count === 3) break;
    }
    await expect(Promise.resolve(run)).rejects.toMatchObject({ code: "aborted" });
    await unclip.load();
    await new Promise((done) => setTimeout(done, 20));
    expect([made, isOver]).toEqual([3, true]);
    unclip.dispose();
  });

  it("stops between two steps when its signal fires", async () => {
    const { unclip } = open();
    const controller = new AbortController();
    const run = unclip.generate("a red cube", { ...small, abortSignal: controller.signal });
    const iterate = async () => {
      for await (const { stage } of run) if (stage === "decoder") controller.abort();
    };
    await expect(iterate()).rejects.toMatchObject({ code: "aborted" });
    const early = unclip.generate("a", { signal: AbortSignal.abort() });
    await expect(Promise.resolve(early)).rejects.toMatchObject({ code: "aborted" });
    unclip.dispose();
  });

  it("gives the preview of the step at hand, not of one that has passed", async () => {
    const picture = () => ({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) });
    const { unclip } = open(
      {},
      loaderOf(async function* () {
        yield { ...step(1), preview: async () => [picture()] };
        yield step(2);
        return {};
      }),
    );
    const steps = unclip.generate("a")[Symbol.asyncIterator]();
    const first = (await steps.next()).value as StageStep;
    expect(await first.preview!()).toEqual([picture()]);
    const second = (await steps.next()).value as StageStep;
    expect("preview" in second).toBe(false);
    await expect(first.preview!()).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(/has passed/),
    });
    unclip.dispose();
  });
});

describe("a Worker that ends", () => {
  const endless = loaderOf(async function* (signal) {
    for (let count = 0; ; count++) {
      await new Promise((done) => setTimeout(done, 1));
      if (signal.aborted) throw new UnclipError("aborted", "stopped");
      yield step(count);
    }
  });

  /** Starts a run that does not end by itself, and waits for its first step. */
  async function running() {
    const opened = open({}, endless);
    const run = Promise.resolve(opened.unclip.generate("a"));
    run.catch(() => undefined);
    await opened.unclip.load();
    await new Promise((done) => setTimeout(done, 10));
    return { ...opened, run };
  }

  it("by a crash fails what runs, and the next run starts another", async () => {
    const { unclip, workers, run } = await running();
    workers[0]!.crash("out of memory");
    await expect(run).rejects.toMatchObject({
      code: "session",
      message: expect.stringMatching(/stopped: out of memory; the next run/),
    });
    expect(workers[0]!.isTerminated).toBe(true);
    expect((await unclip.load()).family).toBe("karlo");
    expect(workers.length).toBe(2);
    workers[0]!.crash("late news of the first");
    expect((await unclip.embedCaptions(["a"])).dims[0]).toBe(1);
    expect(workers.length).toBe(2);
    unclip.dispose();
  });

  it("by a message that nobody can read fails what runs", async () => {
    const { unclip, workers, run } = await running();
    workers[0]!.garble();
    await expect(run).rejects.toMatchObject({
      code: "session",
      message: "worker: a message could not be read; the next run starts another one",
    });
    expect(workers[0]!.isTerminated).toBe(true);
    unclip.dispose();
  });

  it("because its script is not there says so", async () => {
    const { unclip, workers } = open();
    const loading = unclip.load();
    workers[0]!.crash("");
    await expect(loading).rejects.toMatchObject({
      code: "session",
      message: expect.stringMatching(/script cannot be loaded/),
    });
    unclip.dispose();
  });

  it("because WebAssembly crashed is replaced", async () => {
    let runs = 0;
    const crash = Object.assign(new Error("memory access out of bounds"), { name: "RuntimeError" });
    const crashing = loaderOf(async function* () {
      if (runs++ === 0) throw new UnclipError("session", "decoder: cannot run", { cause: crash });
      yield step(1);
      return { images: [] };
    });
    const { unclip, workers } = open({}, crashing);
    await expect(Promise.resolve(unclip.generate("a"))).rejects.toMatchObject({
      code: "session",
      message: "decoder: cannot run",
    });
    expect((await unclip.generate("a")).images).toEqual([]);
    expect(workers.map((worker) => worker.isTerminated)).toEqual([true, false]);
    unclip.dispose();
  });

  it("by restart fails what runs, and the next run starts another", async () => {
    const { unclip, workers, run } = await running();
    unclip.restart();
    await expect(run).rejects.toMatchObject({ code: "aborted", message: "worker: was restarted" });
    await unclip.load();
    expect(workers.map((worker) => worker.isTerminated)).toEqual([true, false]);
    unclip.dispose();
  });

  it("by dispose fails what runs and what comes later", async () => {
    const { unclip, workers, run } = await running();
    unclip.dispose();
    await expect(run).rejects.toMatchObject({ code: "aborted" });
    await expect(Promise.resolve(unclip.generate("a"))).rejects.toMatchObject({
      code: "aborted",
      message: expect.stringMatching(/disposed/),
    });
    expect(workers.map((worker) => worker.isTerminated)).toEqual([true]);
  });
});

describe("what a page asks of a Worker", () => {
  /** A loader of a model that only says what it is asked. */
  const echo = (async () => {
    const { createRun } = await import("@unclip/tensor");
    const said = (method: string) => (subject: unknown, options: { signal: AbortSignal }) =>
      // eslint-disable-next-line require-yield -- a run of no steps
      createRun(async function* () {
        const { signal, ...settings } = options;
        return { method, subject, settings, aborted: signal.aborted };
      });
    const methods = [
      "generate",
      "vary",
      "interpolate",
      "mix",
      "edit",
      "components",
      "compare",
      "again",
      "estimatePriorTable",
    ];
    const stages = { decoder: { space: { size: { width: 1, height: 1 } } }, upsamplers: [] };
    return { stages, ...Object.fromEntries(methods.map((method) => [method, said(method)])) };
  }) as unknown as typeof loadUnclip;

  it("is asked of the model there, with the settings and without the signals", async () => {
    const { unclip } = open({}, echo);
    const { signal } = new AbortController();
    const settings = { seed: 1, signal, abortSignal: signal };
    const asked: [string, (subject: never, options: never) => PromiseLike<unknown>][] = [
      ["generate", unclip.generate],
      ["vary", unclip.vary],
      ["interpolate", unclip.interpolate],
      ["mix", unclip.mix],
      ["edit", unclip.edit],
      ["components", unclip.components],
      ["compare", unclip.compare],
      ["again", unclip.again],
      ["estimatePriorTable", unclip.estimatePriorTable],
    ];
    for (const [method, ask] of asked) {
      const subject = [method];
      const answer = { method, subject, settings: { seed: 1 }, aborted: false };
      expect(await ask(subject as never, settings as never)).toEqual(answer);
      expect(await ask(subject as never, undefined as never)).toEqual({ ...answer, settings: {} });
    }
    unclip.dispose();
  });
});

describe("loading in a Worker", () => {
  it("fails as it does without one, and is tried again", async () => {
    const { unclip, workers } = open({ source: fixturePath("no-such-model") });
    for (let i = 0; i < 2; i++)
      await expect(unclip.load()).rejects.toMatchObject({
        code: "input",
        message: expect.stringMatching(/no such folder/),
      });
    expect(workers.map((worker) => worker.isTerminated)).toEqual([true, true]);
    await expect(Promise.resolve(unclip.generate("a"))).rejects.toMatchObject({ code: "input" });
  });

  it("tells of downloads and of networks that open", async () => {
    const news: string[] = [];
    const telling: typeof loadUnclip = (source, options) => {
      options!.onDownload!({ file: "a", loaded: 1, total: 2, fileLoaded: 1, fileTotal: 2, status: "download" });
      return loadUnclip(source, options);
    };
    const { unclip } = open(
      {
        onDownload: ({ file, loaded, total }) => news.push(`${file} ${loaded}/${total}`),
        onEvent: ({ type, network }) => news.push(`${type} ${network}`),
      },
      telling,
    );
    await unclip.embedCaptions(["a"]);
    expect(news).toEqual(["a 1/2", "opened text_encoder"]);
    unclip.dispose();
  });

  it("posts an address as its text, and chosen files with their paths", async () => {
    const given: unknown[] = [];
    const noting: typeof loadUnclip = (source) => {
      given.push(source);
      return loadUnclip(tiny);
    };
    const file = new File(["text"], "config.json");
    Object.defineProperty(file, "webkitRelativePath", { value: "mine/prior/config.json" });
    const listed = { path: "a.json", sizeBytes: 4, url: new URL("http://models.test/a.json") };
    const nameless = new File(["text"], "model_index.json");
    const picked = { path: "b.json", file };
    for (const source of [new URL("http://models.test/karlo/"), [file], [listed], [nameless], [picked], []]) {
      const { unclip } = open({ source }, noting);
      await unclip.load();
      unclip.dispose();
    }
    expect(given[0]).toBe("http://models.test/karlo/");
    expect(given[1]).toMatchObject([{ path: "mine/prior/config.json" }]);
    expect(given[2]).toEqual([{ ...listed, url: "http://models.test/a.json" }]);
    expect(given[3]).toMatchObject([{ path: "model_index.json" }]);
    expect(given[4]).toMatchObject([{ path: "b.json" }]);
    expect(given[5]).toEqual([]);
  });

  it("passes options on", async () => {
    const given: unknown[] = [];
    const noting: typeof loadUnclip = (source, options) => {
      given.push(source, options!.threads, options!.dtype);
      return loadUnclip(source, options);
    };
    const { unclip } = open({ threads: 1, dtype: "fp32" }, noting);
    await unclip.load();
    expect(given).toEqual([tiny, 1, "fp32"]);
    unclip.dispose();
  });
});
