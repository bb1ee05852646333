import { join } from "node:path";
import { UnclipError, type ModelReport } from "unclip";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

const failing = (error: unknown) => createFakeHost({ loadUnclip: () => Promise.reject(error) });

describe("usage", () => {
  it.each<[string, string[], string]>([
    ["an unknown option", ["generate", "x", "--sed", "7"], "error: unknown option '--sed' (Did you mean --seed?)"],
    ["an unknown command", ["generat", "x"], "error: unknown command 'generat' (Did you mean generate?)"],
    ["no caption", ["generate"], "error: missing required argument 'caption'"],
    ["a caption without quotes", ["generate", "a", "red", "cube"], "put the caption in quotes"],
    ["no folder", ["inspect"], "error: missing required argument 'folder'"],
    ["two folders", ["inspect", "a", "b"], "error: too many arguments for 'inspect'"],
    [
      "a seed that is no number",
      ["generate", "x", "--seed", "x"],
      "'--seed <integer>' argument 'x' is invalid. Expected an integer",
    ],
    [
      "no pictures",
      ["generate", "x", "--n", "0"],
      "'--n <count>' argument '0' is invalid. Expected an integer of 1 or more",
    ],
    ["half a step", ["generate", "x", "--decoder-steps", "1.5"], "'--decoder-steps <count>' argument '1.5' is invalid"],
    ["negative guidance", ["generate", "x", "--prior-guidance", "-1"], "Expected a number of 0 or more"],
    [
      "an unknown prior",
      ["generate", "x", "--prior", "best"],
      "Allowed choices are diffusion, autoregressive, text-embedding, none",
    ],
    ["an unknown device", ["generate", "x", "--device", "tpu"], "Allowed choices are auto, cpu, webgpu"],
    ["a file of another kind", ["generate", "x", "--out", "x.jpg"], "Expected the name of a .png, .apng or .gif file"],
    ["an option without its value", ["generate", "x", "--seed"], "error: option '--seed <integer>' argument missing"],
  ])("exits with 2 and one line for %s", async (_name, args, message) => {
    const host = createFakeHost();
    expect(await run(args, host)).toBe(2);
    expect(host.stderr.text).toContain(message);
    expect(host.stderr.text.trimEnd().split("\n")).toHaveLength(1);
    expect(host.stdout.text).toBe("");
    expect(host.calls).toEqual([]);
  });

  it("exits with 2 and the help on stderr without a command", async () => {
    const host = createFakeHost();
    expect(await run([], host)).toBe(2);
    expect(host.stderr.text).toContain("Usage: unclip");
  });

  it.each([["--help"], ["generate", "--help"], ["--version"]])("exits with 0 for %s %s", async (...args) => {
    const host = createFakeHost();
    expect(await run(args, host)).toBe(0);
    expect(host.stderr.text).toBe("");
  });

  it("shows defaults in the help", async () => {
    const host = createFakeHost({ stdout: { columns: 200 } });
    await run(["generate", "--help"], host);
    for (const text of [
      "toybox",
      "0",
      "1",
      "picture.png",
      "the model's own, or 25",
      "the model's own, or 4",
      '"diffusion"',
    ]) {
      expect(host.stdout.text).toMatch(new RegExp(`default(, without --out and --sheet)?: "?${text}`));
    }
  });
});

describe("errors", () => {
  const broken = new UnclipError("weights", "m/decoder/x.safetensors: the file ends early; download it again", {
    cause: new Error("at byte 9"),
  });

  it("are one sentence, without a stack trace", async () => {
    const host = failing(broken);
    expect(await run(["generate", "x", "--model", "m"], host)).toBe(1);
    expect(host.stderr.text).toBe("error: m/decoder/x.safetensors: the file ends early; download it again\n");
  });

  it("name the option as the command line does", async () => {
    const host = failing(new UnclipError("input", "upsamplers[1].steps: expected a whole number, got 3"));
    expect(await run(["generate", "x"], host)).toBe(1);
    expect(host.stderr.text).toBe("error: --upsampler-steps: expected a whole number, got 3\n");
  });

  it("show where they come from with --verbose", async () => {
    const host = failing(broken);
    expect(await run(["generate", "x", "--verbose"], host)).toBe(1);
    expect(host.stderr.text).toMatch(/^error: m\/decoder.*\nUnclipError: .*\n {4}at /);
    expect(host.stderr.text).toContain("caused by Error: at byte 9");
  });

  it("say how to see more when they are unexpected", async () => {
    const host = failing(new TypeError("x is not a function"));
    expect(await run(["generate", "x"], host)).toBe(1);
    expect(host.stderr.text).toBe("error: x is not a function (--verbose shows where this came from)\n");
  });
});

describe("a terminal", () => {
  const hostile = "\x1b]0;owned\x07\x9b31m\u202e\r\nnext";
  const isHarmless = (text: string) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replace(/\n/g, ""));

  it("obeys nothing in an error message, which stays one line", async () => {
    const host = failing(new UnclipError("input", `no folder ${hostile} is there`));
    expect(await run(["generate", "x"], host)).toBe(1);
    expect(host.stderr.text).toMatch(/^error: no folder .*owned.*next is there\n$/);
    expect(isHarmless(host.stderr.text)).toBe(true);
  });

  it("obeys nothing in a stack trace", async () => {
    const host = failing(new Error(hostile, { cause: new Error(hostile) }));
    expect(await run(["generate", "x", "--verbose"], host)).toBe(1);
    expect(host.stderr.text).toContain("caused by");
    expect(isHarmless(host.stderr.text)).toBe(true);
  });

  it("obeys nothing in a warning", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost({ warnings: [`cut off: ${hostile}`] });
    await run(["generate", "x", "--out", out], host);
    expect(host.stderr.text).toContain("warning: cut off: ");
    expect(isHarmless(host.stderr.text)).toBe(true);
  });

  it("obeys nothing in a caption, in JSON, which keeps it", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost();
    await run(["generate", hostile, "--out", out, "--json"], host);
    expect(JSON.parse(host.stdout.text).caption).toBe(hostile);
    expect(isHarmless(host.stdout.text)).toBe(true);
  });

  it("obeys nothing in a file's name", async () => {
    const out = join(await temporaryFolder(), "\x1b[31mx\x9b.png");
    const host = createFakeHost();
    expect(await run(["generate", "x", "--out", out], host)).toBe(0);
    expect(isHarmless(host.stdout.text)).toBe(true);
    const missing = createFakeHost();
    expect(await run(["vary", "/nowhere/\x1b[31m.png"], missing)).toBe(1);
    expect(isHarmless(missing.stderr.text)).toBe(true);
  });

  it("obeys nothing in the report about a model", async () => {
    const component = { name: hostile, className: hostile, parameters: 1, sizeBytes: 1, dtypes: [hostile] };
    const report = { model: hostile, className: hostile, components: [{ ...component, status: "ok" }] };
    const host = createFakeHost({
      report: { ...report, problems: [hostile], can: [], lacks: [hostile] } as unknown as ModelReport,
    });
    await run(["inspect", "x"], host);
    expect(host.stdout.text).toContain("owned");
    expect(isHarmless(host.stdout.text)).toBe(true);
  });

  it("obeys nothing in a command line that is wrong, of which a line is quoted and the cure remains", async () => {
    for (const args of [
      ["generate", "x", "--seed", `${hostile}${"9".repeat(30_000)}x`],
      ["generate", "x", `--seed=${hostile}${"9".repeat(30_000)}x`],
      [hostile.repeat(1000)],
      ["generate", "x", `--${hostile.repeat(1000)}`],
    ]) {
      const host = createFakeHost();
      expect(await run(args, host)).toBe(2);
      expect(host.stderr.text).toMatch(/^error: .*; --help lists what there is\n$/);
      expect(host.stderr.text.length).toBeLessThan(500);
      expect(isHarmless(host.stderr.text)).toBe(true);
    }
  });
});
