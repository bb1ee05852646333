import { parseRecord } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;

describe("parseRecord", () => {
  it("reads JSON as Python writes it", () => {
    expect(parseRecord('{"a": Infinity, "b": -Infinity, "c": NaN, "d": "Infinity, NaN", "e": [NaN]}', "f")).toEqual({
      a: Infinity,
      b: -Infinity,
      c: null,
      d: "Infinity, NaN",
      e: [null],
    });
    expect(parseRecord('{"a":[NaN,Infinity,NaN,-Infinity]}', "f")).toEqual({ a: [null, Infinity, null, -Infinity] });
    expect(parseRecord('{"a\\"Infinity": "\\\\", "b": "NaN\\\\\\""}', "f")).toEqual({
      'a"Infinity': "\\",
      b: 'NaN\\"',
    });
    expect(parseRecord('{"a": 1, "a": 2}', "f")).toEqual({ a: 2 });
  });

  it("keeps a key that JavaScript gives a meaning", () => {
    expect(Object.keys(parseRecord('{"__proto__": {"a": 1}}', "f"))).toEqual(["__proto__"]);
  });

  it.each([
    ["what is no JSON", "{nonsense", /^f: not valid JSON \(.*\); download the file again$/],
    ["a word cut off", '{"a": Infinit}', /^f: not valid JSON/],
    ["a string without end", `{"${'\\"'.repeat(1e5)}`, /^f: not valid JSON/],
    ["a list", "[1]", /^f: expected a JSON object, got an array$/],
    ["null", "null", /^f: expected a JSON object, got null$/],
    ["a long text", JSON.stringify("x".repeat(500)), /^f: expected a JSON object, got x{97}\.\.\.$/],
    ["deep nesting", nested(128), /^f: expected JSON nested 127 levels deep at most, got 128$/],
    ["very deep nesting", nested(1e6), /got 1000000$/],
  ])("refuses %s", (_, text, message) => {
    expect(() => parseRecord(text, "f")).toThrow(message);
    expect(() => parseRecord(text, "f")).toThrow(expect.objectContaining({ code: "config" }));
  });

  it("refuses a text that no config has the length of, without reading it", () => {
    const parse = (length: number) => () => parseRecord(" ".repeat(length), "f");
    expect(parse(100_000_001)).toThrow("f: expected 100000000 characters of JSON at most, got 100000001");
    expect(parse(100_000_001)).toThrow(expect.objectContaining({ code: "config" }));
  });

  it("quotes as much of a reason as a line holds, and keeps it as the cause", () => {
    const parse = () => parseRecord(`{"${"k".repeat(200)}": x}`, "f");
    expect(parse).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) as Error }));
    expect(() => parseRecord('{"a": Infinity NaN}', "f")).toThrow(/^f: not valid JSON/);
  });

  it("quotes no control characters", () => {
    expect(() => parseRecord('{"a": \u001b[2J}', "f")).toThrow(/^f: not valid JSON \([^\p{Cc}]*\)/u);
  });

  it("takes what is nested as deep as allowed, brackets within texts not counted", () => {
    expect(parseRecord(nested(127), "f")).toHaveProperty("a");
    expect(parseRecord(JSON.stringify({ a: "[".repeat(500) }), "f")).toHaveProperty("a");
  });

  it("is strict if asked", () => {
    const strict = (text: string) => parseRecord(text, "f", { strict: true });
    expect(strict('{"a": {"b": 1, "c": 2}, "d": [{"e": 1}], ":": ":"}')).toHaveProperty("d");
    expect(() => strict('{"a": 1, "b": 2, "a": 3}')).toThrow("f: expected each key once, got 3 keys of which 2 differ");
    expect(() => strict('{"a": 1, "a": 3}')).toThrow(expect.objectContaining({ code: "config" }));
    expect(() => strict('{"a": NaN}')).toThrow("not valid JSON");
  });
});
