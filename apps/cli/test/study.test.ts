import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { UnclipError, type Picture, type Unclip } from "unclip";
import { run } from "../src/run.js";
import { createFakeHost, type FakeHost } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

/** A host whose model gives every picture back in grey, at 8 x 8. */
function createStudyHost(onVary: (host: FakeHost) => void = () => undefined): FakeHost {
  const grey: Picture = { width: 8, height: 8, data: new Uint8Array(192).fill(128) };
  const host: FakeHost = createFakeHost({
    loadUnclip: async () =>
      ({
        stages: { decoder: { space: { shape: (n: number) => [n, 3, 8, 8] } } },
        vary: async (pictures: readonly Picture[], { signal }: { signal?: AbortSignal }) => {
          onVary(host);
          if (signal?.aborted) throw new UnclipError("aborted", "vary: stopped on request");
          return { images: pictures.map(() => grey) };
        },
        dispose: async () => {
          host.disposals++;
        },
      }) as unknown as Unclip,
  });
  return host;
}

describe("evaluate <study>", () => {
  it("prints tables and findings, and writes report, plot and sheet", async () => {
    const folder = await temporaryFolder();
    const [report, plot, sheet] = ["r.html", "p.svg", "s.png"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const host = createStudyHost();
    const files = ["--report", report, "--plot", plot, "--sheet", sheet];
    expect(await run(["evaluate", "inversion", "--n", "2", ...files], host)).toBe(0);
    expect(host.stdout.text).toMatch(/^Peak signal-to-noise ratio in dB\ninversion +steps +mean/);
    expect(host.stdout.text).toMatch(/\nAt 100 steps a picture comes back at \d+\.\d dB/);
    expect(host.stdout.text).toMatch(/\n2 pictures, seed 0, [^\n]+\n$/);
    expect(host.stderr.text).toMatch(/^10 steps, refined \(default\): 2 pictures, /);
    expect(host.calls).toEqual([{ name: "loadUnclip", args: ["toybox", expect.anything()] }]);
    expect(host.disposals).toBe(1);
    expect(await readFile(report, "utf8")).toContain("unclip evaluate inversion --n 2 --seed 0");
    expect(await readFile(plot, "utf8")).toMatch(/^<svg /);
    const { width, height } = await sharp(sheet).metadata();
    expect([width, height]).toEqual([2 * 98 - 2, 5 * 98 - 2]); // magnified 12 times; the picture and four numbers of steps
  });

  it("prints one JSON object with the options that follow its name", async () => {
    const host = createStudyHost();
    expect(
      await run(["evaluate", "inversion", "some/model", "--n", "1", "--seed", "3", "--json", "--threads", "1"], host),
    ).toBe(0);
    const report = JSON.parse(host.stdout.text);
    expect(report).toMatchObject({ study: "inversion", model: "some/model", n: 1, seed: 3, files: [] });
    expect(report.tables[0].rows).toHaveLength(8);
    expect(report.plots[0].points).toHaveLength(8);
    expect(host.calls[0]!.args).toMatchObject(["some/model", { threads: 1 }]);
  });

  it("stops on Ctrl-C and leaves nothing behind", async () => {
    const folder = await temporaryFolder();
    const host = createStudyHost(({ emitter }) => emitter.emit("SIGINT", "SIGINT"));
    expect(await run(["evaluate", "inversion", "--n", "2", "--plot", join(folder, "p.svg")], host)).toBe(130);
    expect(host.stderr.text).toMatch(/stopped\n$/);
    expect(host.stdout.text).toBe("");
    expect(host.disposals).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses what cannot be, before any work", async () => {
    const host = createStudyHost();
    expect(await run(["evaluate", "inversion", "--plot", "p.png"], host)).toBe(2);
    expect(await run(["evaluate", "inversion", "--seed", "-1"], host)).toBe(2);
    expect(host.calls).toEqual([]);
    expect(host.stderr.text).toContain("Expected the name of a file that ends in .svg");
    const few = createStudyHost();
    expect(await run(["evaluate", "inversion", "--n", "501"], few)).toBe(1);
    expect(few.stderr.text).toBe("error: --n: the benchmark has 500 that fit, got 501; ask for fewer\n");
  });
});
