import { createConfigReader, RANGES } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const read = (json: Record<string, unknown>) => createConfigReader(json, "m/config.json");

describe("createConfigReader", () => {
  it("gives what the file says, or else the default", () => {
    const reader = read({ n: 2.5, whole: 3, wholes: [1, 2], s: "x", f: false, ns: [0, -1.5], ss: ["a"], none: null });
    expect(reader.number("n")).toBe(2.5);
    expect(reader.number("m", -1)).toBe(-1);
    expect(reader.number("n", 9, { min: 2, max: 3 })).toBe(2.5);
    expect(reader.whole("whole", { max: 3 })).toBe(3);
    expect(reader.whole("m", { max: 3 }, 1)).toBe(1);
    expect(reader.wholes("wholes", { max: 2 }, { max: 2 })).toEqual([1, 2]);
    expect(reader.wholes("m", { max: 9 }, { max: 2 }, [7])).toEqual([7]);
    expect(reader.wholes("m", { max: 9 }, { min: 0, max: 2 }, [])).toEqual([]);
    expect([reader.string("s"), reader.string("m", "y")]).toEqual(["x", "y"]);
    expect([reader.flag("f"), reader.flag("m", true)]).toEqual([false, true]);
    expect([reader.numbers("ns"), reader.numbers("m", [])]).toEqual([[0, -1.5], []]);
    expect([reader.strings("ss"), reader.strings("m", ["b"])]).toEqual([["a"], ["b"]]);
    expect([reader.optional("n"), reader.optional("none"), reader.optional("m")]).toEqual([2.5, undefined, undefined]);
  });

  it.each([
    ["a text for a number", { k: "2" }, 'expected a number, got "2"'],
    ["nothing", {}, "expected a number, got nothing"],
    ["null", { k: null }, "expected a number, got null"],
    ["a number beyond all", { k: Infinity }, "expected a number, got null"],
    ["a list", { k: [1] }, "expected a number, got [1]"],
  ])("refuses %s as a number", (_, json, message) => {
    expect(() => read(json).number("k")).toThrow(`m/config.json: k: ${message}`);
    expect(() => read(json).number("k")).toThrow(expect.objectContaining({ code: "config" }));
  });

  it("refuses a number out of its range", () => {
    expect(() => read({ k: 1.5 }).number("k", 0, { min: 0, max: 1 })).toThrow(
      "k: expected a number from 0 to 1, got 1.5",
    );
    expect(() => read({ k: -0.1 }).number("k", 0, { min: 0, max: 1 })).toThrow("got -0.1");
  });

  it.each([0, -1, 1.5, 4, 1e9, "3", null, true, [3], {}])("refuses %j as an integer from 1 to 3", (k) => {
    const message = `m/config.json: k: expected an integer from 1 to 3, got ${JSON.stringify(k)}`;
    expect(() => read({ k }).whole("k", { max: 3 })).toThrow(message);
    expect(() => read({ k: [k] }).wholes("k", { max: 3 }, { max: 2 })).toThrow(
      "k: expected 1 to 2 integers from 1 to 3",
    );
  });

  it("takes the bounds of a range themselves", () => {
    expect(read({ k: 0 }).whole("k", { min: 0, max: 3 })).toBe(0);
    expect(() => read({ k: 1 }).whole("k", { min: 2, max: 3 })).toThrow("from 2 to 3");
    expect(() => read({ k: [] }).wholes("k", { max: 3 }, { max: 2 })).toThrow("got []");
    expect(() => read({ k: [1, 1, 1] }).wholes("k", { max: 3 }, { max: 2 })).toThrow("got [1,1,1]");
  });

  it.each([
    ["string", 1, "expected a string, got 1"],
    ["flag", 0, "expected true or false, got 0"],
    ["numbers", [1, "2"], 'expected a list of numbers, got [1,"2"]'],
    ["strings", "ab", 'expected a list of strings, got "ab"'],
    ["strings", ["a", null], 'expected a list of strings, got ["a",null]'],
    ["optional", "x", 'expected a number, got "x"'],
  ] as const)("refuses what is not of its kind: %s", (method, k, message) => {
    expect(() => read({ k })[method]("k")).toThrow(`m/config.json: k: ${message}`);
  });

  it("refuses what is not supported", () => {
    const reader = read({ a: "mish", b: null, c: [1, 2] });
    reader.only("a", "silu", "mish");
    reader.only("b");
    reader.only("missing", "silu");
    reader.exactly("c", [1, 2]);
    reader.exactly("missing", null);
    expect(() => reader.only("a", "silu", 4)).toThrow('m/config.json: a "mish" is not supported; expected "silu" or 4');
    expect(() => reader.only("a")).toThrow("expected nothing");
    expect(() => reader.exactly("c", [2, 1])).toThrow("m/config.json: c [1,2] is not supported; expected [2,1]");
    expect(() => reader.exactly("missing", false)).toThrow("missing null is not supported; expected false");
  });

  it("sees no keys that the file does not have", () => {
    expect(() => read({}).string("toString")).toThrow("got nothing");
    expect(read({}).string("constructor", "x")).toBe("x");
    expect(read({}).optional("valueOf")).toBeUndefined();
    read({}).only("hasOwnProperty", 1);
  });

  it("quotes a line at most", () => {
    expect(() => read({ k: "\u001b[2J" + "x".repeat(1e5) }).number("k")).toThrow(/^[^\p{Cc}]{1,160}$/u);
    expect(() => read({ k: "x".repeat(1e5) }).only("k")).toThrow(/^.{1,160}$/);
    expect(() => read({ k: "x".repeat(1e5) }).exactly("k", 1)).toThrow(/^.{1,160}$/);
  });
});

it("has ranges that hold what is published", () => {
  const published = {
    width: 20480,
    layers: 48,
    heads: 64,
    tokens: 514,
    vocabulary: 250002,
    groups: 32,
    levels: 5,
    pixels: 1024,
  };
  for (const [name, value] of Object.entries(published)) {
    expect(read({ k: value }).whole("k", RANGES[name as keyof typeof published])).toBe(value);
    expect(() => read({ k: 0 }).whole("k", RANGES[name as keyof typeof published])).toThrow("from 1 to");
  }
});

it("refuses as a config what it does not support", () => {
  const config = expect.objectContaining({ code: "config" }) as Error;
  expect(() => read({ k: 1 }).only("k", 2)).toThrow(config);
  expect(() => read({ k: 1 }).exactly("k", 2)).toThrow(config);
});
