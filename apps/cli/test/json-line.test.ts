import { describe, expect, it } from "vitest";
import { jsonLine } from "../src/json-line.js";

describe("jsonLine", () => {
  it.each(["plain", "\x1b[31m", "\x9b31m\x7f", "\u2028\u202e", "\u{e0041}", "é 立方体 👍", "\ud800"])(
    "writes %j on one line that reads back",
    (text) => {
      const line = jsonLine({ text });
      expect(JSON.parse(line)).toEqual({ text });
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(line.endsWith("}\n")).toBe(true);
    },
  );
});
