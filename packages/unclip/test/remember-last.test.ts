import type { TextEncoder } from "@unclip/clip";
import { expect, it } from "vitest";
import { rememberLast } from "../src/remember-last.js";

function counting(fails = 0) {
  const asked: (readonly string[])[] = [];
  const embed = async (captions: readonly string[]) => {
    asked.push(captions);
    if (asked.length <= fails) throw new Error("no");
    return { captions };
  };
  return { asked, encoder: rememberLast({ config: { width: 7 }, embed } as unknown as TextEncoder) };
}

it("encodes the captions that were asked for last once, and others anew", async () => {
  const { asked, encoder } = counting();
  const first = await encoder.embed(["a", "b"]);
  expect(await encoder.embed(["a", "b"])).toBe(first);
  expect(asked).toEqual([["a", "b"]]);
  await encoder.embed(["a"]);
  await encoder.embed(["a", "b"]);
  expect(asked).toEqual([["a", "b"], ["a"], ["a", "b"]]);
  expect(encoder.config).toEqual({ width: 7 });
});

it("tries captions again that failed", async () => {
  const { asked, encoder } = counting(1);
  await expect(encoder.embed(["a"])).rejects.toThrow("no");
  await expect(encoder.embed(["a"])).resolves.toEqual({ captions: ["a"] });
  expect(asked.length).toBe(2);
});
