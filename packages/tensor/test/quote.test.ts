import { quote } from "@unclip/tensor";
import { expect, it } from "vitest";

it("quotes plain text as it is", () => {
  for (const text of ["prior/config.json", "ein Würfel, 立方体 🟥", "", "x".repeat(100)])
    expect(quote(text)).toBe(text);
});

it.each([
  ["a line feed", "\n"],
  ["a carriage return", "\r"],
  ["a tab", "\t"],
  ["NUL", "\0"],
  ["escape", "\x1b"],
  ["delete", "\x7f"],
  ["the one-character CSI", "\x9b"],
  ["a line separator", "\u2028"],
  ["a paragraph separator", "\u2029"],
  ["right-to-left override", "\u202e"],
  ["half a surrogate pair", "\ud800"],
])("replaces %s by a space", (_, character) => {
  expect(quote(`a${character}b${character}${character}`)).toBe("a b ");
});

it("keeps `max` characters at most, and marks the cut", () => {
  expect(quote("x".repeat(101))).toBe(`${"x".repeat(97)}...`);
  expect(quote("abcdef", { max: 6 })).toBe("abcdef");
  expect(quote("abcdef", { max: 5 })).toBe("ab...");
  expect(quote("🟥🟦🟩🟥🟦", { max: 4 })).toBe("🟥..."); // characters, not their halves
  expect(quote("🟥🟦🟩🟥", { max: 4 })).toBe("🟥🟦🟩🟥");
  expect(quote("\u0007".repeat(1e6))).toBe(" ...");
});

it("takes anything", () => {
  expect(quote(undefined)).toBe("undefined");
  expect(quote(1.5)).toBe("1.5");
  expect(quote({ toString: 1, valueOf: 1 })).toBe("[object Object]");
  let deep: unknown = [];
  for (let i = 0; i < 50_000; i++) deep = [deep];
  expect(quote(deep)).toBe("[object Array]");
});
