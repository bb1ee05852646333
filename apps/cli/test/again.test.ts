import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePng, readPngTexts } from "unclip";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, gradient } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

const recipe = {
  operation: "generate",
  captions: ["a red cube"],
  prior: { kind: "diffusion", steps: 2, guidanceScale: 4 },
  n: 3,
  seed: 7,
  negative: "",
  decoder: { steps: 3, guidanceScale: 8, sampler: { name: "ddim", eta: 1 } },
  upsamplers: [{ steps: 5 }, { steps: 6, sampler: { name: "heun" } }],
  model: "toybox",
  versions: { unclip: "0.1.0", onnxruntime: "1.30.0" },
};

/** A PNG file that carries `texts`. */
async function fileWith(texts: Record<string, string>): Promise<string> {
  const file = join(await temporaryFolder(), "in.png");
  await writeFile(file, await encodePng(gradient(4, 4), texts));
  return file;
}

const carrying = (carried: unknown) => fileWith({ unclip: JSON.stringify(carried) });

/** What `again` gives to the model. */
async function askedFor(flags: string[], carried: unknown = { ...recipe, shows: { picture: 2 } }) {
  const file = await carrying(carried);
  const host = createFakeHost();
  expect(await run(["again", file, "--out", `${file}.again.png`, ...flags], host)).toBe(0);
  const [load, again] = host.calls;
  const { signal, ...changes } = again!.args[1] as Record<string, unknown>;
  expect(signal).toBeInstanceOf(AbortSignal);
  return { model: load!.args[0], recipe: again!.args[0], changes, out: `${file}.again.png` };
}

describe("again", () => {
  it("hands the recipe over as it is, and says in the new file which of its pictures this is", async () => {
    const asked = await askedFor([]);
    expect(asked).toMatchObject({ model: "toybox", recipe, changes: { decoder: {} } });
    expect(Object.keys(asked.changes)).toEqual(["decoder"]);
    const { unclip } = readPngTexts(await readFile(asked.out), "again");
    expect(JSON.parse(unclip!)).toMatchObject({ n: 3, shows: { picture: 2 } });
  });

  it("changes single settings, and leaves the others of a stage as they were", async () => {
    const flags = "--model karlo --seed 9 --negative blue --prior-steps 4 --decoder-guidance 2 --upsampler-steps 9";
    const { model, changes } = await askedFor(flags.split(" "));
    expect(model).toBe("karlo");
    expect(changes).toEqual({
      seed: 9,
      negative: "blue",
      prior: { steps: 4 },
      decoder: { guidanceScale: 2 },
      upsamplers: [{ steps: 9 }, { steps: 9, sampler: { name: "heun" } }],
    });
  });

  it("takes a preset, which sets what the recipe did, but for what is changed too", async () => {
    const { changes } = await askedFor("--preset fast --upsampler-steps 9".split(" "));
    expect(changes).toEqual({ preset: "fast", decoder: {}, upsamplers: [{ steps: 9 }, { steps: 9 }] });
  });

  it.each([
    ["--upsamplers 1", [{ steps: 5 }]],
    ["--upsamplers 0", []],
    ["--upsamplers 3", [{ steps: 5 }, { steps: 6, sampler: { name: "heun" } }, {}]],
    ["--upsampler-steps 8,9", [{ steps: 8 }, { steps: 9, sampler: { name: "heun" } }]],
    [
      "--upsampler-sampler pndm",
      [
        { steps: 5, sampler: { name: "pndm" } },
        { steps: 6, sampler: { name: "pndm" } },
      ],
    ],
  ])("%s keeps the rest of the upsamplers' settings", async (flags, upsamplers) => {
    expect((await askedFor(flags.split(" "))).changes).toEqual({ decoder: {}, upsamplers });
  });

  it("loads the model that the prior is from, unless another model paints", async () => {
    const asked = async (flags: string[]) => {
      const file = await carrying({ ...recipe, shows: { picture: 1 }, priorModel: "other" });
      const host = createFakeHost();
      expect(await run(["again", file, "--out", `${file}.again.png`, ...flags], host)).toBe(0);
      return (host.calls[0]!.args[1] as { priorModel?: string }).priorModel;
    };
    expect(await asked([])).toBe("other");
    expect(await asked(["--model", "karlo"])).toBeUndefined();
    expect(await asked(["--prior-model", "third"])).toBe("third");
  });

  it("loads int8 where the recipe's model was, unless another type or model is asked for", async () => {
    const asked = async (flags: string[], dtype: unknown = "int8") => {
      const file = await carrying({ ...recipe, shows: { picture: 1 }, dtype });
      const host = createFakeHost();
      expect(await run(["again", file, "--out", `${file}.again.png`, ...flags], host)).toBe(0);
      return (host.calls[0]!.args[1] as { dtype?: string }).dtype;
    };
    expect(await asked([])).toBe("int8");
    expect(await asked([], { hostile: 1 })).toBeUndefined();
    expect(await asked(["--dtype", "fp32"])).toBe("fp32");
    expect(await asked(["--model", "karlo"])).toBeUndefined();
    expect(await asked(["--model", "karlo", "--dtype", "fp16"])).toBe("fp16");
  });

  it("computes in float16 where the recipe's networks did, unless another arithmetic or model is asked for", async () => {
    const asked = async (flags: string[], arithmetic: unknown = "float16") => {
      const file = await carrying({ ...recipe, shows: { picture: 1 }, arithmetic });
      const host = createFakeHost();
      expect(await run(["again", file, "--out", `${file}.again.png`, ...flags], host)).toBe(0);
      return (host.calls[0]!.args[1] as { arithmetic?: string }).arithmetic;
    };
    expect(await asked([])).toBe("float16");
    expect(await asked([], { hostile: 1 })).toBeUndefined();
    expect(await asked(["--arithmetic", "float32"])).toBe("float32");
    expect(await asked(["--model", "karlo"])).toBeUndefined();
    expect(await asked(["--model", "karlo", "--arithmetic", "float16"])).toBe("float16");
  });

  it("paints a sheet as a sheet", async () => {
    const { out } = await askedFor([], { ...recipe, n: 1, captions: ["a", "b", "c"], shows: { columns: 2 } });
    const { unclip } = readPngTexts(await readFile(out), "again");
    expect(JSON.parse(unclip!)).toMatchObject({ shows: { columns: 2 } });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["no recipe", {}, /in.png: carries no recipe; give a PNG file that unclip wrote/],
    ["no JSON", { unclip: "{" }, /in.png: its recipe cannot be read; expected model, n, upsamplers and shows/],
    ["null", { unclip: "null" }, /in.png: its recipe cannot be read/],
    [
      "no model",
      { unclip: JSON.stringify({ ...recipe, model: 5, shows: { picture: 1 } }) },
      /its recipe cannot be read/,
    ],
    ["half a column", { unclip: JSON.stringify({ ...recipe, shows: { columns: 0.5 } }) }, /its recipe cannot be read/],
    ["picture 0", { unclip: JSON.stringify({ ...recipe, shows: { picture: 0 } }) }, /its recipe cannot be read/],
    [
      "picture 4 of 3",
      { unclip: JSON.stringify({ ...recipe, shows: { picture: 4 } }) },
      /is picture 4 of its recipe, which paints 3/,
    ],
  ])("refuses a file with %s before it loads a model", async (_, texts, message) => {
    const host = createFakeHost();
    expect(await run(["again", await fileWith(texts)], host)).toBe(1);
    expect(host.stderr.text).toMatch(message);
    expect(host.stderr.text.trimEnd().split("\n")).toHaveLength(1);
    expect(host.calls).toEqual([]);
  });

  it("refuses what is no PNG", async () => {
    const file = join(await temporaryFolder(), "in.jpg");
    await writeFile(file, "no picture");
    const host = createFakeHost();
    expect(await run(["again", file], host)).toBe(1);
    expect(host.stderr.text).toMatch(/in.jpg: this is not a PNG file/);
  });
});
