import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

describe("evaluate", () => {
  it("prints a table of what was painted and of real renders", async () => {
    const host = createFakeHost();
    expect(await run(["evaluate", "--captions", "6", "--decoder-steps", "3", "--prior", "none"], host)).toBe(0);
    const [head, ...rows] = host.stdout.text.trimEnd().split("\n");
    expect(head).toMatch(/^ +generated +real renders +held-out combinations$/);
    expect(rows.map((row) => row.split(/ {2,}/)[0])).toEqual([
      "shape",
      "colour",
      "size",
      "material",
      "style",
      "ground",
      "number of things",
      "both things in their colours",
      "relation",
      "Fréchet distance",
      "CLIP, zero-shot: thing",
      "CLIP, zero-shot: style",
      expect.stringMatching(/^6 captions, seed 0, \d+\.\d s, \d+\.\d\d s to paint a picture$/),
    ]);
    expect(rows[4]).toMatch(/^style +\d+\.\d % \(\d+\.\d-\d+\.\d\) +100\.0 % \(61\.0-100\.0\) +\d/);
    expect(host.stderr.text).toMatch(/captions: 6 pictures, .*\nreal renders: 6 pictures, .*\nzero-shot: 1 step, /);
    expect(host.disposals).toBe(1);
    const [load, generated] = host.calls;
    expect(load).toMatchObject({ name: "loadUnclip", args: ["toybox", { device: "cpu" }] });
    expect(generated!.args[0]).toHaveLength(6);
    expect(generated!.args[1]).toMatchObject({
      decoder: { steps: 3 },
      prior: { kind: "none" },
      random: expect.anything(),
    });
  });

  it("prints one JSON object and writes a sheet", async () => {
    const sheet = join(await temporaryFolder(), "judged.png");
    const host = createFakeHost();
    const args = ["evaluate", "some/model", "--captions", "10", "--seed", "5", "--sheet", sheet, "--json"];
    expect(await run(args, host)).toBe(0);
    const report = JSON.parse(host.stdout.text);
    expect(report).toMatchObject({ model: "some/model", seed: 5, sheet, real: { style: { right: 10, total: 10 } } });
    expect(report.captions).toHaveLength(10);
    expect(report.paintingMs).toBeGreaterThan(0);
    expect(report.paintingMs).toBeLessThanOrEqual(report.ms);
    expect(report.paintingCpuMs).toBe(60); // two batches, between whose clock readings the host counts 30 each
    expect(report.captions[5].heldOut).toEqual(expect.any(String));
    expect(host.calls.filter(({ name }) => name === "generate").map(({ args: [captions] }) => captions)).toEqual(
      [report.captions.slice(0, 8), report.captions.slice(8)].map((batch) =>
        batch.map(({ caption }: { caption: string }) => caption),
      ),
    );
    const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([4 * 18 - 2, 3 * 14 - 2]); // pictures of 16 x 12, 2 apart
    expect([...data.subarray(0, 3)]).toEqual([220, 20, 30]); // a gradient is no scene of the host
  });

  it("names the studies where one is mistyped", async () => {
    const host = createFakeHost();
    expect(await run(["evaluate", "edit"], host)).toBe(1);
    expect(host.stderr.text).toMatch(
      /^error: edit: no such folder and no such study; the studies are .*inversion.*edits/,
    );
    expect(host.calls).toEqual([]);
  });

  it("stops on Ctrl-C and leaves nothing behind", async () => {
    const folder = await temporaryFolder();
    const host = createFakeHost({
      onStep: ({ stage }, { emitter }) => stage === "decoder" && emitter.emit("SIGINT", "SIGINT"),
    });
    expect(await run(["evaluate", "--captions", "9", "--sheet", join(folder, "x.png")], host)).toBe(130);
    expect(host.stderr.text).toMatch(/stopped\n$/);
    expect(host.stdout.text).toBe("");
    expect(host.calls).toHaveLength(2); // the second batch never began
    expect(host.disposals).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses more captions than there are, and a folder in place of the sheet", async () => {
    const host = createFakeHost();
    expect(await run(["evaluate", "--captions", "601"], host)).toBe(1);
    expect(host.stderr.text).toBe("error: --captions: the benchmark has 600, got 601; ask for fewer\n");
    expect(await run(["evaluate", "--sheet", join(await temporaryFolder(), "nothing.txt")], host)).toBe(2);
    expect(host.calls).toEqual([]);
  });
});
