import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { encodePng } from "unclip";
import { describe, expect, it } from "vitest";
import { readPictureFile } from "../src/read-picture.js";
import { run } from "../src/run.js";
import { createFakeHost, gradient } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

describe("vary", () => {
  it("hands the picture over and writes n variations", async () => {
    const folder = await temporaryFolder();
    const [file, out] = [join(folder, "in.png"), join(folder, "out.png")];
    const { width, height, data } = gradient(9, 7);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
    const host = createFakeHost();
    expect(await run(["vary", file, "--n", "2", "--decoder-steps", "3", "--out", out, "--json"], host)).toBe(0);
    const { name, args } = host.calls[1]!;
    expect(name).toBe("vary");
    expect(args).toEqual([gradient(9, 7), { n: 2, seed: 0, decoder: { steps: 3 }, signal: expect.any(AbortSignal) }]);
    const paths = [join(folder, "out-1.png"), join(folder, "out-2.png")];
    expect(JSON.parse(host.stdout.text)).toMatchObject({ picture: file, images: paths.map((path) => ({ path })) });
  });

  it("passes caption, size and noise level on, and refuses what they cannot be", async () => {
    const folder = await temporaryFolder();
    const [file, out] = [join(folder, "in.png"), join(folder, "out.png")];
    await writeFile(file, await encodePng(gradient(4, 4)));
    const host = createFakeHost();
    const flags = "--caption cube --noise-level 0 --width 96 --height 64 --prior-model other";
    expect(await run(["vary", file, ...flags.split(" "), "--out", out], host)).toBe(0);
    expect(host.calls[0]!.args[1]).toMatchObject({ priorModel: "other" });
    expect(host.calls[1]!.args[1]).toMatchObject({ caption: "cube", noiseLevel: 0, width: 96, height: 64 });
    expect(await run(["vary", file, "--width", "0"], host)).toBe(2);
    expect(await run(["vary", file, "--noise-level", "-1"], host)).toBe(2);
    expect(host.stderr.text).toMatch(
      /--width.*Expected an integer of 1[^]*--noise-level.*Expected an integer from 0 on/,
    );
  });

  it("passes eta on", async () => {
    const folder = await temporaryFolder();
    const [file, out] = [join(folder, "in.png"), join(folder, "out.png")];
    await writeFile(file, await encodePng(gradient(4, 4)));
    const host = createFakeHost();
    expect(await run(["vary", file, "--eta", "0", "--out", out], host)).toBe(0);
    expect(host.calls[1]!.args[1]).toMatchObject({ eta: 0 });
    expect(await run(["vary", file, "--eta", "1.5", "--out", out], host)).toBe(2);
    expect(host.stderr.text).toMatch(/--eta.*Expected a number from 0 to 1/);
  });

  it("refuses what is not a picture", async () => {
    const file = join(await temporaryFolder(), "in.png");
    const host = createFakeHost();
    expect(await run(["vary", file], host)).toBe(1);
    await writeFile(file, "no picture");
    expect(await run(["vary", file], host)).toBe(1);
    expect(host.stderr.text).toMatch(
      /in.png: cannot be read \(there is no such file\); .*\n.*in.png: not a picture that can be read \(.*\); give a PNG/,
    );
  });
});

describe("readPictureFile", () => {
  it.each([
    ["grey", { channels: 1, data: [10, 200] }, [10, 10, 10, 200, 200, 200]],
    ["RGBA, whose transparency is left out", { channels: 4, data: [1, 2, 3, 0, 4, 5, 6, 128] }, [1, 2, 3, 4, 5, 6]],
  ] as const)("reads %s", async (_, { channels, data }, expected) => {
    const file = join(await temporaryFolder(), "in.png");
    await sharp(Uint8Array.from(data), { raw: { width: 2, height: 1, channels } })
      .png()
      .toFile(file);
    expect([...(await readPictureFile(file)).data]).toEqual(expected);
  });
});
