import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import {
  parseCount,
  parseCounts,
  parseGuidance,
  parseInterval,
  parsePngName,
  parseSeed,
  parseShare,
  parseUpsamplers,
} from "../src/option-values.js";

describe("parseSeed", () => {
  it.each<[string, number | bigint]>([
    ["0", 0],
    ["7", 7],
    ["+7", 7],
    ["-1", -1],
    ["8589934597", 2 ** 33 + 5],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740993", 9007199254740993n],
    ["18446744073709551615", 2n ** 64n - 1n],
    ["-9223372036854775808", -(2n ** 63n)],
  ])("reads %s", (text, seed) => expect(parseSeed(text)).toBe(seed));

  it.each(["", "x", "1.5", "1e3", "0x10", " 7", "7 ", "18446744073709551616", "-9223372036854775809", "∞"])(
    "refuses %j",
    (text) => {
      expect(() => parseSeed(text)).toThrow(InvalidArgumentError);
    },
  );
});

describe("parseCount", () => {
  it("reads whole numbers from 1", () => expect(["1", "25", "007"].map(parseCount)).toEqual([1, 25, 7]));

  it.each(["", "0", "-1", "1.5", "1e3", "many", "99999999999999999999"])("refuses %j", (text) => {
    expect(() => parseCount(text)).toThrow(InvalidArgumentError);
  });
});

describe("parseUpsamplers", () => {
  it("reads integers from 0", () => expect(["0", "2"].map(parseUpsamplers)).toEqual([0, 2]));

  it.each(["", "-1", "1.5", "all", "1000000000"])("refuses %j", (text) => {
    expect(() => parseUpsamplers(text)).toThrow(InvalidArgumentError);
  });
});

describe("parseCounts", () => {
  it("reads one or several", () => expect([parseCounts("7"), parseCounts("7,11")]).toEqual([[7], [7, 11]]));

  it.each(["", ",", "7,", "7, 7", "7,0", "7;7"])("refuses %j", (text) => {
    expect(() => parseCounts(text)).toThrow(InvalidArgumentError);
  });
});

describe("parseGuidance", () => {
  it("reads numbers from 0", () =>
    expect(["0", "1", "7.5", ".5", "3."].map(parseGuidance)).toEqual([0, 1, 7.5, 0.5, 3]));

  it.each(["", "-1", "x", "Infinity", "NaN", "1e3", "1,5", "."])("refuses %j", (text) => {
    expect(() => parseGuidance(text)).toThrow(InvalidArgumentError);
  });
});

describe("parseInterval", () => {
  it("reads two timesteps", () => {
    expect(["200,800", "0,999", "5,5"].map(parseInterval)).toEqual([
      [200, 800],
      [0, 999],
      [5, 5],
    ]);
  });

  it.each(["", "200", "200,", "800,200", "-1,5", "0.5,5", "1,2,3", "a,b", "1, 2"])("refuses %j", (text) => {
    expect(() => parseInterval(text)).toThrow(InvalidArgumentError);
  });
});

describe("parseShare", () => {
  it("reads numbers from 0 to 1", () => expect(["0", "1", ".5", "0.25"].map(parseShare)).toEqual([0, 1, 0.5, 0.25]));

  it.each(["", "-1", "1.1", "x", "NaN"])("refuses %j", (text) => {
    expect(() => parseShare(text)).toThrow(InvalidArgumentError);
  });
});

describe("parsePngName", () => {
  it("takes names that end in .png", () =>
    expect(["a.png", "b/c.PNG"].map(parsePngName)).toEqual(["a.png", "b/c.PNG"]));

  it.each(["", "a", "a.jpg", "a.png/", ".png"])("refuses %j", (text) => {
    expect(() => parsePngName(text)).toThrow(InvalidArgumentError);
  });
});
