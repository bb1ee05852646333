import { UnclipError, type Picture, type UnclipErrorCode } from "@unclip/tensor";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { expect } from "vitest";

/** A folder of texts in memory, named "model". */
export function folderOf(files: Readonly<Record<string, string>>) {
  return {
    name: "model",
    has: async (path: string) => path in files,
    async text(path: string) {
      if (path in files) return files[path]!;
      throw new UnclipError("config", `model/${path} is missing`);
    },
  };
}

/** What an error with this message, or a part of it, and this code is like. */
export function refusal(message: string | RegExp, code: UnclipErrorCode = "input"): unknown {
  const matched: unknown =
    typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message);
  return expect.objectContaining({ code, message: matched });
}

/** The pixels of a picture file, without its alpha channel. */
export async function readPicture(path: string): Promise<Picture> {
  const { data, info } = await sharp(readFileSync(path))
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}
