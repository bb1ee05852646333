import { isRight, judge, MEASURES, scoreOf, type Claim, type Scene } from "@unclip/evaluation";
import { describe, expect, it } from "vitest";

const redCube = { shape: "cube", colour: "red", size: "small", material: "matte" };
const blueRing = { shape: "ring", colour: "blue", size: "large", material: "metal" };
const pair: Scene = { things: [redCube, blueRing], relation: "left of", ground: "sand", style: "flat" };
const claim: Claim = {
  things: [
    { shape: "cube", colour: "red" },
    { shape: "ring", colour: "blue", size: "large" },
  ],
  relation: "left of",
  style: "flat",
};

const wrong = (seen: Scene, of = claim) =>
  Object.entries(judge(of, seen))
    .filter(([, { right, total }]) => right < total)
    .map(([measure, { right, total }]) => `${measure} ${right}/${total}`);

describe("judge", () => {
  it("counts what the caption claims and nothing else", () => {
    expect(judge(claim, pair)).toEqual({
      shape: { right: 2, total: 2 },
      colour: { right: 2, total: 2 },
      size: { right: 1, total: 1 },
      style: { right: 1, total: 1 },
      count: { right: 1, total: 1 },
      binding: { right: 1, total: 1 },
      relation: { right: 1, total: 1 },
    });
    expect(wrong({ ...pair, ground: "clay", things: [{ ...redCube, size: "large" }, blueRing] })).toEqual([]);
  });

  it("blames exchanged places and another relation on the relation alone", () => {
    expect(wrong({ ...pair, things: [blueRing, redCube] })).toEqual(["relation 0/1"]);
    expect(wrong({ ...pair, relation: "on top of" })).toEqual(["relation 0/1"]);
  });

  it("sees exchanged colours as wrong binding", () => {
    const exchanged = [
      { ...redCube, colour: "blue" },
      { ...blueRing, colour: "red" },
    ];
    expect(wrong({ ...pair, things: exchanged })).toEqual(["colour 0/2", "binding 0/1", "relation 0/1"]);
  });

  it("counts a thing that is missing, and one too many", () => {
    const { relation: _, ...rest } = pair;
    expect(wrong({ ...rest, things: [blueRing] })).toEqual([
      "shape 1/2",
      "colour 1/2",
      "count 0/1",
      "binding 0/1",
      "relation 0/1",
    ]);
    expect(wrong(pair, { things: [{ shape: "ring", colour: "blue" }], style: "line" })).toEqual([
      "style 0/1",
      "count 0/1",
    ]);
  });
});

describe("scoreOf", () => {
  it("sums over captions and has every measure", () => {
    const verdicts = [judge(claim, pair), judge(claim, { ...pair, style: "line", things: [redCube, redCube] })];
    const scores = scoreOf(verdicts);
    expect(Object.keys(scores)).toEqual([...MEASURES]);
    expect(scores.shape).toMatchObject({ right: 3, total: 4, share: 0.75 });
    expect(scores.style.share).toBe(0.5);
    expect(scores.material).toEqual({ right: 0, total: 0, share: null, interval: null });
    expect(verdicts.map(isRight)).toEqual([true, false]);
  });
});
