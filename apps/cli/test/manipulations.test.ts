import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readPngTexts, type Picture } from "unclip";
import { beforeEach, describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, gradient, solidFile, type FakeHostOptions } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

/* The commands that explore CLIP latents: what they ask the library for, and what they write. */

let folder: string;
let red: string;
let blue: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  red = await solidFile(folder, "red.png", [255, 0, 0]);
  blue = await solidFile(folder, "blue.png", [0, 0, 255]);
});

const at = (name: string) => join(folder, name);

/** What is asked of the model. */
async function asked(args: readonly string[], options?: FakeHostOptions) {
  const host = createFakeHost(options);
  expect({ code: await run(args, host), stderr: host.stderr.text }).toMatchObject({ code: 0 });
  const { name, args: given } = host.calls[1]!;
  const { signal, ...settings } = given[1] as Record<string, unknown>;
  expect(signal).toBeInstanceOf(AbortSignal);
  return { name, subject: given[0], settings, stdout: host.stdout.text };
}

/** The files that a command made, beside the two pictures. */
async function made(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name !== "red.png" && name !== "blue.png").sort();
}

async function recipeIn(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(readPngTexts(await readFile(at(name)), name)["unclip"]!);
}

async function refusal(args: readonly string[]): Promise<{ code: number; stderr: string; calls: number }> {
  const host = createFakeHost();
  const code = await run(args, host);
  expect(host.stderr.text.trimEnd().split("\n")).toHaveLength(1);
  return { code, stderr: host.stderr.text, calls: host.calls.length };
}

const first = ({ data }: Picture) => [...data.subarray(0, 3)];

describe("interpolate", () => {
  it("takes pictures and captions in their order, and writes numbered frames", async () => {
    const { name, subject, settings, stdout } = await asked([
      ...["interpolate", red, "a green ring", blue, "--frames", "4", "--noise", "fixed", "--seed", "2", "--json"],
      ...["--prior-steps", "3", "--decoder-steps", "5", "--out", at("x.png")],
    ]);
    const [start, caption, end] = subject as [Picture, string, Picture];
    expect([first(start), caption, first(end)]).toEqual([[255, 0, 0], "a green ring", [0, 0, 255]]);
    expect({ name, settings }).toEqual({
      name: "interpolate",
      settings: { frames: 4, noise: "fixed", seed: 2, prior: { kind: "diffusion", steps: 3 }, decoder: { steps: 5 } },
    });
    expect(await made()).toEqual(["x-1.png", "x-2.png", "x-3.png", "x-4.png"]);
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ picture: red }, { text: "a green ring" }, { picture: blue }],
      frames: 4,
      images: [1, 2, 3, 4].map((i) => ({ path: at(`x-${i}.png`), width: 16, height: 12 })),
    });
    expect(await recipeIn("x-3.png")).toMatchObject({ operation: "interpolate", frames: 4, shows: { picture: 3 } });
  });

  it("writes an animation with its recipe, and a sheet", async () => {
    const { settings, stdout } = await asked([
      ...["interpolate", red, blue, "--frames", "3", "--out", at("x.apng"), "--delay", "80"],
      ...["--sheet", at("y.png"), "--columns", "2"],
    ]);
    expect(settings).not.toHaveProperty("noise");
    expect(await made()).toEqual(["x.apng", "y.png"]);
    expect(await recipeIn("x.apng")).toMatchObject({ frames: 3, shows: { delayMs: 80 } });
    expect(await recipeIn("y.png")).toMatchObject({ frames: 3, shows: { columns: 2 } });
    expect(stdout).toMatch(/x\.apng {2}\(16 x 12, 3 frames, seed 0, .*\n.*y\.png {2}\(34 x 26, seed 0, /);
  });

  it("writes a GIF", async () => {
    await asked(["interpolate", red, blue, "--out", at("x.GIF")]);
    expect((await readFile(at("x.GIF"))).subarray(0, 6).toString("latin1")).toBe("GIF89a");
  });

  it("writes the sheet alone where only that is asked for", async () => {
    await asked(["interpolate", red, blue, "--sheet", at("y.png")]);
    expect(await made()).toEqual(["y.png"]);
  });

  it.each<[string, string[], number, RegExp]>([
    ["one picture", ["{red}"], 2, /missing required argument 'second'/],
    ["none", [], 2, /missing required argument 'first'/],
    [
      "a missing file",
      ["{red}", "{none}.png"],
      1,
      /none\.png: cannot be read \(there is no such file\); give the path/,
    ],
    ["a caption like a file name", ["{red}", "a cube.jpg"], 1, /a cube\.jpg: cannot be read \(there is no such file\)/],
    [
      "an unknown kind of file",
      ["{red}", "{blue}", "--out", "x.mp4"],
      2,
      /Expected the name of a \.png, \.apng or \.gif/,
    ],
    ["a nameless file", ["{red}", "{blue}", "--out", ".gif"], 2, /Expected the name of a \.png, \.apng or \.gif/],
    ["no time for a frame", ["{red}", "{blue}", "--delay", "9"], 2, /Expected milliseconds from 10 to 60000/],
    ["65 frames", ["{red}", "{blue}", "--frames", "65"], 2, /Expected at most 64/],
    [
      "one file for two things",
      ["{red}", "{blue}", "--out", "{x-1}.png", "--sheet", "{x-1-1}.png"],
      1,
      /--sheet: .*x-1-1\.png is to hold something else too; choose another name/,
    ],
  ])("refuses %s before it loads a model", async (_, words, code, message) => {
    const args = words.map((word) =>
      word
        .replace("{red}", red)
        .replace("{blue}", blue)
        .replace(/\{(.*)\}/, (__, name) => at(name)),
    );
    const refused = await refusal(["interpolate", ...args]);
    expect(refused).toMatchObject({ code, calls: 0 });
    expect(refused.stderr).toMatch(message);
  });

  it("stops at Ctrl-C between two files, whole files only, and names what was written", async () => {
    const host = createFakeHost();
    const { encodePng } = host.engine;
    let encoded = 0;
    const engine: typeof host.engine = {
      ...host.engine,
      encodePng: async (...args) => {
        if (++encoded === 2) host.emitter.emit("SIGINT", "SIGINT");
        return encodePng(...args);
      },
    };
    expect(await run(["interpolate", red, blue, "--out", at("x.png")], { ...host, engine })).toBe(130);
    expect(await made()).toEqual(["x-1.png", "x-2.png"]);
    expect(host.stderr.text).toMatch(/written before the stop: .*x-1\.png, .*x-2\.png\nstopped\n$/);
    expect(host.disposals).toBe(1);
  });
});

describe("mix", () => {
  it("passes pictures, captions and weights on", async () => {
    const { name, subject, settings, stdout } = await asked([
      ...["mix", red, "a red cube", "--weights", "0.7,0.3", "--n", "2", "--out", at("x.png"), "--json"],
    ]);
    expect(name).toBe("mix");
    expect([first((subject as [Picture])[0]), (subject as string[])[1]]).toEqual([[255, 0, 0], "a red cube"]);
    expect(settings).toMatchObject({ n: 2, weights: [0.7, 0.3], prior: { kind: "diffusion" } });
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ picture: red }, { text: "a red cube" }],
      weights: [0.7, 0.3],
    });
    expect(await made()).toEqual(["x-1.png", "x-2.png"]);
    expect(await recipeIn("x-2.png")).toMatchObject({ operation: "mix", n: 2, shows: { picture: 2 } });
  });

  it("writes all pictures side by side, as generate and vary do", async () => {
    for (const args of [
      ["mix", red, blue],
      ["vary", red],
      ["generate", "a cube"],
    ]) {
      await asked([...args, "--n", "3", "--columns", "2", "--sheet", at(`${args[0]}.png`)]);
      expect(await recipeIn(`${args[0]}.png`)).toMatchObject({ operation: args[0], n: 3, shows: { columns: 2 } });
    }
    expect(await made()).toEqual(["generate.png", "mix.png", "vary.png"]);
  });

  it.each([["0.7;0.3"], ["0.7,"], ["one"], ["Infinity"]])("refuses the weights %s", async (weights) => {
    const { code, stderr } = await refusal(["mix", red, blue, "--weights", weights]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Expected a number for each picture and caption, such as 0\.7,0\.3/);
  });
});

describe("edit", () => {
  const captions = ["--from", "a red cube", "--to", "a blue cube"];

  it("passes captions, strength and frames on, and writes the last one alone by default", async () => {
    const { name, subject, settings } = await asked(["edit", red, ...captions, "--out", at("x.png")]);
    expect([name, first(subject as Picture)]).toEqual(["edit", [255, 0, 0]]);
    const expected = { from: "a red cube", to: "a blue cube", captions: false, strength: 0.3, frames: 1 };
    expect(settings).toEqual({ ...expected, seed: 0, decoder: {} });
    expect(await made()).toEqual(["x.png"]);
  });

  it("writes the way over theta as a strip", async () => {
    const more = ["--strength", "0.5", "--frames", "5", "--refinements", "0", "--sheet", at("strip.png")];
    const { settings } = await asked(["edit", red, ...captions, ...more]);
    expect(settings).toMatchObject({ strength: 0.5, frames: 5, refinements: 0 });
    expect(await recipeIn("strip.png")).toMatchObject({ operation: "edit", frames: 5, shows: { columns: 9 } });
    expect(await made()).toEqual(["strip.png"]);
  });

  it("needs to know what the picture shall become", async () => {
    expect(await refusal(["edit", red])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'--to <caption>'"),
    });
  });
});

describe("components", () => {
  it("writes one sheet, and says what stands where", async () => {
    const { name, settings, stdout } = await asked(["components", red, "--counts", "1,3", "--sheet", at("x.png")]);
    expect(name).toBe("components");
    expect(settings).toEqual({ counts: [1, 3], seed: 0, prior: { kind: "diffusion" }, decoder: {} });
    expect(stdout).toMatch(/x\.png .*\nfrom left to right: the first 1, 3 principal components\n$/);
    expect(await recipeIn("x.png")).toMatchObject({ operation: "components", counts: [1, 3], shows: { columns: 9 } });
  });

  it("reads in what the components are found; paths are relative to the list", async () => {
    await writeFile(at("list.txt"), "red.png\na green ring\n\n");
    const { settings } = await asked(["components", red, "--among", at("list.txt"), "--sheet", at("x.png")]);
    const [picture, caption] = settings["among"] as [Picture, string];
    expect([first(picture), caption]).toEqual([[255, 0, 0], "a green ring"]);
  });

  it.each<[string, RegExp]>([
    ["a cube\n", /^error: --among: .*list\.txt holds 1, expected two or more; give a text file with/],
    ["a cube\nnone.png\n", /none\.png: cannot be read \(there is no such file\)/],
  ])("refuses the list %j", async (text, message) => {
    await writeFile(at("list.txt"), text);
    const { code, stderr, calls } = await refusal(["components", red, "--among", at("list.txt")]);
    expect({ code, calls }).toEqual({ code: 1, calls: 0 });
    expect(stderr).toMatch(message);
  });
});

describe("compare", () => {
  it("writes one sheet of the three ways", async () => {
    const args = ["compare", "a red cube", "--prior", "autoregressive", "--sheet", at("x.png"), "--json"];
    const { name, subject, settings, stdout } = await asked(args);
    expect({ name, subject }).toEqual({ name: "compare", subject: "a red cube" });
    expect(settings).toEqual({ seed: 0, prior: { kind: "autoregressive" }, decoder: {} });
    const ways = ["none", "text-embedding", "autoregressive"];
    const images = [{ path: at("x.png"), width: 52, height: 12 }];
    expect(JSON.parse(stdout)).toMatchObject({ caption: "a red cube", ways, images });
  });
});

describe("again", () => {
  it("paints an animation as one, and refuses a still picture's name for it", async () => {
    await asked(["interpolate", red, blue, "--frames", "2", "--delay", "70", "--out", at("x.apng")]);
    await asked(["again", at("x.apng"), "--out", at("y.apng")]);
    expect(await recipeIn("y.apng")).toMatchObject({ shows: { delayMs: 70 }, frames: 2 });
    const { code, stderr, calls } = await refusal(["again", at("x.apng"), "--out", at("y.png")]);
    expect({ code, calls }).toEqual({ code: 1, calls: 0 });
    expect(stderr).toMatch(/--out: the recipe paints an animation, so name a \.apng or \.gif file, got .*y\.png/);
  });

  it("refuses a recipe of an operation that it does not know", async () => {
    await asked(["mix", red, "--out", at("x.png")]);
    const bytes = await readFile(at("x.png"));
    const recipe = { ...(await recipeIn("x.png")), operation: "blend" };
    const { encodePng } = createFakeHost().engine;
    expect(bytes.length).toBeGreaterThan(0);
    await writeFile(at("y.png"), await encodePng(gradient(2, 2), { unclip: JSON.stringify(recipe) }));
    const { code, stderr } = await refusal(["again", at("y.png")]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /its recipe cannot be painted; it asks for "blend", which this version of unclip does not know/,
    );
  });
});
