import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { unclip } from "./built-app.js";
import { temporaryFolder } from "../../../test-support/folders.js";

const hasModel = existsSync(new URL("../../../packages/toybox/model/model_index.json", import.meta.url));
const mayNotSkip = process.env.CI !== undefined;
const fewSteps = ["--prior-steps", "2", "--decoder-steps", "2", "--upsampler-steps", "2"];

// Without the shipped model there is nothing to run; CI takes that for a failure.
describe.skipIf(!hasModel && !mayNotSkip)("the built app with the shipped model", () => {
  it("paints a caption, the same for the same seed and another for another", async () => {
    const folder = await temporaryFolder();
    const paint = (out: string, seed: string) =>
      unclip(folder, ["generate", "a red cube", "--out", out, "--seed", seed, "--json", ...fewSteps]);
    const { code, stdout, stderr } = await paint("a/1.png", "7");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("decoder: 2 steps") });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ model: "toybox", caption: "a red cube", seed: 7 });
    expect(Object.keys(report)).toEqual(["model", "caption", "device", "seed", "images", "stages", "peakRssBytes"]);
    const [{ path, width, height }] = report.images;
    expect(path).toBe(join(folder, "a/1.png"));
    expect(report.stages.map((stage: { name: string }) => stage.name).slice(0, 3)).toEqual([
      "clip",
      "prior",
      "decoder",
    ]);
    expect(report.peakRssBytes).toBeGreaterThan(50e6);
    expect(await sharp(path).metadata()).toMatchObject({ format: "png", width, height, channels: 3 });

    await paint("2.png", "7");
    await paint("3.png", "8");
    const [first, second, third] = await Promise.all(
      ["a/1.png", "2.png", "3.png"].map((name) => sharp(join(folder, name)).raw().toBuffer()),
    );
    expect(second!.equals(first!)).toBe(true);
    expect(third!.equals(first!)).toBe(false);
  });

  it("keeps the whole recipe in the picture", async () => {
    const folder = await temporaryFolder();
    const { code } = await unclip(folder, ["generate", "a red cube", "--n", "2", "--prior", "none", ...fewSteps]);
    expect(code).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(["picture-1.png", "picture-2.png"]);
    const { comments } = await sharp(join(folder, "picture-2.png")).metadata();
    const recipe = JSON.parse(comments!.find(({ keyword }) => keyword === "unclip")!.text);
    expect(recipe).toMatchObject({
      model: "toybox",
      captions: ["a red cube"],
      seed: 0,
      n: 2,
      shows: { picture: 2 },
      decoder: { steps: 2 },
    });
    expect(Object.keys(recipe.versions)).toContain("unclip");
  });

  it.each<[NodeJS.Signals, number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("stops at %s with exit code %i and leaves nothing", async (signal, exitCode) => {
    const folder = await temporaryFolder();
    const args = ["generate", "a red cube", "--prior-steps", "2", "--decoder-steps", "1000"];
    const { code, stdout, stderr } = await unclip(folder, args, {
      onStderr: (text) => (text.includes("prior: 2 steps") ? signal : undefined),
    });
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
    expect(stderr.endsWith("stopped\n")).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });

  it("warns about a caption that is too long and says what was cut", async () => {
    const folder = await temporaryFolder();
    const { code, stderr } = await unclip(folder, ["generate", `${"red ".repeat(90)}cube`, ...fewSteps]);
    expect(code).toBe(0);
    expect(stderr.split("\n").filter((line) => line.startsWith("warning: caption:"))).toHaveLength(1);
  });

  // ONNX Runtime's telemetry reads the command line, and crashes there.
  it("paints a caption of 30,000 characters", async () => {
    const args = ["generate", "red ".repeat(7500), "--out", "red.png", ...fewSteps];
    expect(await unclip(await temporaryFolder(), args)).toMatchObject({ code: 0 });
  });

  it("finds the model whole", async () => {
    const { code, stdout } = await unclip(await temporaryFolder(), ["inspect", "toybox"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("ready to paint") });
  });

  it.each(["generate", "inspect"])("says in one sentence what is wrong with an empty folder: %s", async (command) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "empty"));
    const args = command === "generate" ? ["generate", "a red cube", "--model", "empty"] : ["inspect", "empty"];
    const { code, stdout, stderr } = await unclip(folder, args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: .*empty.*\n$/);
  });
});

describe("the built app", () => {
  it("exits with 2 for a command line it does not understand", async () => {
    const { code, stdout, stderr } = await unclip(await temporaryFolder(), ["generate", "a red cube", "--sed", "7"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: unknown option '--sed'.*--seed.*\n$/);
  });

  it("prints its version", async () => {
    const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
    expect(await unclip(await temporaryFolder(), ["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});
