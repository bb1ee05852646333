import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost } from "./fake-host.js";
import { temporaryFolder } from "./temporary-folder.js";

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
      /captions.txt: cannot be read; .*\n.*captions.txt: holds no caption; write one on each line\n$/,
    );
  });
});
