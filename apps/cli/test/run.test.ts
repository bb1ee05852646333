import { UnclipError } from "unclip";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost } from "./fake-host.js";

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
    ["an unknown prior", ["generate", "x", "--prior", "best"], "Allowed choices are diffusion, text-embedding, none"],
    ["an unknown device", ["generate", "x", "--device", "tpu"], "Allowed choices are cpu"],
    ["a file that is no PNG", ["generate", "x", "--out", "x.jpg"], "Expected the name of a PNG file"],
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
      '"picture.png"',
      "the model's own, or 25",
      "the model's own, or 4",
      '"diffusion"',
    ]) {
      expect(host.stdout.text).toContain(`default: ${text}`.replace("default: toybox", 'default: "toybox"'));
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
