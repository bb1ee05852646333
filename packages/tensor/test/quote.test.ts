import { quote } from "@unclip/tensor";
import { expect, it } from "vitest";

it("quotes plain text as it is", () => {
  expect(quote("a red cube, größer als 🟥")).toBe("a red cube, größer als 🟥");
  expect(quote("")).toBe("");
  expect(quote("x".repeat(100))).toBe("x".repeat(100));
});

it("keeps to one line, without what a terminal would obey", () => {
  expect(quote("a\r\nb\u001b[31mc\u0000\u009bd\u202ee\u2028f")).toBe("a b [31mc d e f");
});

it("cuts what is long", () => {
  expect(quote("x".repeat(101))).toBe(`${"x".repeat(97)}...`);
  expect(quote("abcdefgh", 6)).toBe("abc...");
  expect(quote("\u0007".repeat(1e6))).toHaveLength(4);
});
