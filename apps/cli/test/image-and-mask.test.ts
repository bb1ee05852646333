import { join } from "node:path";
import sharp, { type CreateRaw } from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, solidFile } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

/** A file of raw pixels. */
async function fileOf(name: string, channels: CreateRaw["channels"], data: Uint8Array | Uint16Array): Promise<string> {
  const path = join(folder, name);
  await sharp(data, { raw: { width: 2, height: 1, channels } })
    .toColourspace(data instanceof Uint16Array ? "rgb16" : "srgb")
    .toFile(path);
  return path;
}

/** What is asked of the model. */
async function asked(...args: string[]): Promise<Record<string, unknown>> {
  const host = createFakeHost();
  expect(await run(["generate", "a cube", "--out", join(folder, "out.png"), ...args], host)).toBe(0);
  return host.calls[1]!.args[1] as Record<string, unknown>;
}

const white = [255, 255, 255];
const black = [0, 0, 0];

describe("generate from a picture", () => {
  it("passes picture, strength and mask on", async () => {
    const image = await solidFile(folder, "image.png", [1, 2, 3]);
    const mask = await solidFile(folder, "mask.png", white);
    const settings = await asked("--image", image, "--strength", "0.4", "--mask", mask);
    expect(settings).toMatchObject({ strength: 0.4, image: { width: 4, height: 3 }, mask: { width: 4, height: 3 } });
    expect((settings["mask"] as { data: Uint8Array }).data[0]).toBe(255);
    expect(await asked("--image", image)).not.toHaveProperty("mask");
    expect(await asked()).not.toHaveProperty("image");
  });

  it.each<[string, CreateRaw["channels"], Uint8Array | Uint16Array]>([
    ["8 bits", 4, Uint8Array.of(9, 8, 7, 255, 6, 5, 4, 0)],
    ["16 bits", 4, Uint16Array.of(9 << 8, 8 << 8, 7 << 8, 65535, 6 << 8, 5 << 8, 4 << 8, 300)],
    ["greys", 2, Uint8Array.of(9, 255, 6, 100)],
  ])("takes the transparent area as mask, of %s", async (_, channels, data) => {
    const settings = await asked("--image", await fileOf("image.png", channels, data));
    expect(settings["mask"]).toEqual({ width: 2, height: 1, data: Uint8Array.from([...black, ...white]) });
    expect((settings["image"] as { data: Uint8Array }).data[0]).toBe(9);
  });

  it("takes no mask from a picture that is nowhere transparent, and a mask that is given before any other", async () => {
    const opaque = await fileOf("opaque.png", 4, Uint8Array.of(9, 8, 7, 255, 6, 5, 4, 200));
    expect(await asked("--image", opaque)).not.toHaveProperty("mask");
    const image = await fileOf("image.png", 4, Uint8Array.of(9, 8, 7, 255, 6, 5, 4, 0));
    const mask = await fileOf("mask.png", 3, Uint8Array.from([...white, ...black]));
    const settings = await asked("--image", image, "--mask", mask);
    expect(settings["mask"]).toEqual({ width: 2, height: 1, data: Uint8Array.from([...white, ...black]) });
  });

  it("refuses a mask that is transparent, and files that are not there", async () => {
    const mask = await fileOf("mask.png", 4, Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255));
    const image = await solidFile(folder, "image.png", white);
    for (const [args, message] of [
      [
        ["--image", image, "--mask", mask],
        /--mask: .*mask\.png is transparent in parts; paint white what shall change/,
      ],
      [["--image", join(folder, "none.png")], /none\.png: cannot be read \(there is no such file\)/],
      [["--image", image, "--mask", join(folder, "no.png")], /no\.png: cannot be read \(there is no such file\)/],
    ] as const) {
      const host = createFakeHost();
      expect(await run(["generate", "a cube", ...args], host)).toBe(1);
      expect(host.stderr.text).toMatch(message);
      expect(host.calls).toEqual([]);
    }
  });
});

describe("generate --rerank", () => {
  it("passes the count on", async () => {
    expect(await asked("--rerank", "4")).toMatchObject({ n: 1, rerank: 4 });
    expect(await asked()).not.toHaveProperty("rerank");
  });
});
