import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

describe("sheet", () => {
  it("paints every caption of a file into one picture", async () => {
    const folder = await temporaryFolder();
    const [captions, out] = [join(folder, "captions.txt"), join(folder, "sheet.png")];
    await writeFile(captions, "a cube\n\n a ring \r\na cone\n");
    const host = createFakeHost();
    expect(await run(["sheet", captions, "--columns", "2", "--out", out, "--json"], host)).toBe(0);
    expect(host.calls[1]!.args[0]).toEqual(["a cube", "a ring", "a cone"]);
    const { width, height } = await sharp(out).metadata();
    expect([width, height]).toEqual([34, 26]); // two rows of two pictures of 16 x 12, 2 apart
    expect(JSON.parse(host.stdout.text)).toMatchObject({
      captions: ["a cube", "a ring", "a cone"],
      images: [{ path: out, width: 34, height: 26 }],
    });
  });

  it("refuses a file that is missing or empty", async () => {
    const file = join(await temporaryFolder(), "captions.txt");
    const host = createFakeHost();
    expect(await run(["sheet", file], host)).toBe(1);
    await writeFile(file, "\n \n");
    expect(await run(["sheet", file], host)).toBe(1);
    expect(host.stderr.text).toMatch(
      /captions.txt: cannot be read \(there is no such file\); .*\n.*captions.txt: holds no caption; write one on each line\n$/,
    );
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["more captions than fit", "a cube\n".repeat(65), /holds 65 captions, a sheet takes 64, because .*; make several/],
    ["a NUL", "a cube\na\0ring\n", /line 2 holds a NUL character; is this a text file\?/],
    [
      "megabytes",
      new Uint8Array(2 ** 20 + 1).fill(97),
      /is larger than 1 MiB, the most that is read; give a text file/,
    ],
  ])("refuses a file with %s before it loads a model", async (_, content, message) => {
    const file = join(await temporaryFolder(), "captions.txt");
    await writeFile(file, content);
    const host = createFakeHost();
    expect(await run(["sheet", file], host)).toBe(1);
    expect(host.stderr.text).toMatch(message);
    expect(host.calls).toEqual([]);
  });

  it.skipIf(!existsSync("/dev/zero"))("stops reading what never ends (skipped without /dev/zero)", async () => {
    const host = createFakeHost();
    expect(await run(["sheet", "/dev/zero"], host)).toBe(1);
    expect(host.stderr.text).toContain("/dev/zero: is larger than 1 MiB");
  });
});
