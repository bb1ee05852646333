import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test-support/folders.js";
import { run } from "../src/run.js";
import { createFakeHost } from "./fake-host.js";

describe("quantize", () => {
  it("passes the options on, shows how far it is, and says what became of the model", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "captions.txt");
    await writeFile(file, "a cube\n\na ring\n");
    const host = createFakeHost();
    const flags = ["--captions", file, "--steps", "4", "--tolerance", "0.1", "--seed", "7", "--threads", "2"];
    expect(await run(["quantize", "toybox", "--out", join(folder, "int8"), ...flags, "--offline"], host)).toBe(0);
    expect(host.calls).toEqual([
      {
        name: "quantizeModel",
        args: [
          "toybox",
          {
            out: join(folder, "int8"),
            captions: ["a cube", "a ring"],
            steps: 4,
            tolerance: 0.1,
            seed: 7,
            threads: 2,
            dtype: "fp32",
            offline: true,
            signal: expect.any(AbortSignal),
            onDownload: expect.any(Function),
          },
        ],
      },
    ]);
    expect(host.stdout.text).toMatch(/int8 {2}\(1 of 2 layers in int8, weights 10\.0 MB before, 3\.0 MB now\)\n$/);
    expect(host.stderr.text).toMatch(/^layers of decoder: 2 steps, /);
  });

  it("leaves the defaults to the library, and prints everything as JSON", async () => {
    const host = createFakeHost();
    expect(await run(["quantize", "toybox", "--out", "int8", "--json"], host)).toBe(0);
    expect(host.calls[0]!.args[1]).not.toHaveProperty("captions");
    expect(host.calls[0]!.args[1]).not.toHaveProperty("tolerance");
    expect(JSON.parse(host.stdout.text)).toMatchObject({
      path: resolve("int8"),
      networks: [{ component: "decoder", error: 0.02, layers: [{ type: "float" }, { type: "int8" }] }],
      sizeBytes: { before: 10_000_000, after: 3_000_000 },
    });
  });

  it("passes on that there is no tolerance", async () => {
    const host = createFakeHost();
    expect(await run(["quantize", "toybox", "--out", "int8", "--tolerance", "none"], host)).toBe(0);
    expect(host.calls[0]!.args[1]).toMatchObject({ tolerance: "none" });
  });

  it("is stopped by Ctrl-C between two steps", async () => {
    const host = createFakeHost({ onStep: (_, { emitter }) => void emitter.emit("SIGINT", "SIGINT") });
    expect(await run(["quantize", "toybox", "--out", "int8"], host)).toBe(130);
    expect(host.stdout.text).toBe("");
    expect(host.stderr.text).toContain("stopped\n");
  });

  it.each([
    [["quantize", "toybox"], /required option '--out <folder>'/],
    [["quantize", "toybox", "--out", "x", "--tolerance", "many"], /--tolerance.*from 0 to 1, such as 0.01, or none/],
    [["quantize", "toybox", "--out", "x", "--steps", "0"], /--steps/],
  ])("refuses %j in one sentence", async (args, message) => {
    const host = createFakeHost();
    expect(await run(args, host)).toBe(2);
    expect(host.stderr.text).toMatch(message);
    expect(host.calls).toEqual([]);
  });
});
