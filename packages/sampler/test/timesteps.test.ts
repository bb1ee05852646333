import { respaceTimesteps, spaceTimesteps } from "@unclip/sampler";
import { describe, expect, it } from "vitest";

const list = (text: string) => text.trim().split(/\s+/).map(Number);

describe("spaceTimesteps", () => {
  it.each([
    ["unclip", 7, 0, "999 832 666 500 333 166 0"],
    [
      "unclip",
      25,
      0,
      "999 957 916 874 832 791 749 708 666 624 583 541 500 458 416 375 333 291 250 208 166 125 83 42 0",
    ],
    ["linspace", 20, 0, "999 946 894 841 789 736 684 631 578 526 473 421 368 315 263 210 158 105 53 0"],
    ["linspace", 10, 0, "999 888 777 666 555 444 333 222 111 0"],
    ["leading", 10, 1, "901 801 701 601 501 401 301 201 101 1"],
    ["trailing", 10, 0, "999 899 799 699 599 499 399 299 199 99"],
  ] as const)("%s, %d steps, offset %d", (spacing, steps, stepsOffset, expected) => {
    expect(spaceTimesteps({ spacing, steps, stepsOffset })).toEqual(list(expected));
  });

  it("gives 64 UnCLIP steps with both ends", () => {
    const timesteps = spaceTimesteps({ spacing: "unclip", steps: 64 });
    expect(timesteps.slice(0, 6)).toEqual(list("999 983 967 951 936 920"));
    expect(timesteps.slice(-6)).toEqual(list("79 63 48 32 16 0"));
  });

  it.each([0, 1, 2.5, 1001])("refuses %d UnCLIP steps", (steps) => {
    expect(() => spaceTimesteps({ spacing: "unclip", steps })).toThrow(/steps: expected a whole number from 2 to 1000/);
  });

  it.each([
    ["linspace", 10, 0, "999 899 799 699 599 500 400 300 200 100"],
    ["leading", 10, 1, "901 811 721 631 541 451 361 271 181 91"],
    ["trailing", 10, 0, "999 899 799 699 599 499 399 299 199 99"],
  ] as const)("%s without the clean end, %d steps, offset %d", (spacing, steps, stepsOffset, expected) => {
    expect(spaceTimesteps({ spacing, steps, stepsOffset, dropLast: true })).toEqual(list(expected));
  });

  it("takes only timesteps below a bound", () => {
    const options = { steps: 4, below: 900, dropLast: true };
    expect(spaceTimesteps({ ...options, spacing: "linspace" })).toEqual([899, 674, 450, 225]);
    expect(spaceTimesteps({ ...options, spacing: "leading" })).toEqual([720, 540, 360, 180]);
    expect(spaceTimesteps({ ...options, spacing: "trailing" })).toEqual([899, 649, 399, 149]);
    expect(spaceTimesteps({ ...options, spacing: "trailing", below: 200 })).toEqual([199]);
  });

  it("gives trailing all timesteps of the schedule, the clean end included", () => {
    expect(spaceTimesteps({ spacing: "trailing", steps: 5, length: 5, dropLast: true })).toEqual([4, 3, 2, 1, 0]);
    expect(spaceTimesteps({ spacing: "linspace", steps: 1 })).toEqual([0]);
  });

  it("gives leading an offset that just fits", () => {
    expect(spaceTimesteps({ spacing: "leading", steps: 2, length: 10, stepsOffset: 4 })).toEqual([9, 4]);
    const over = () => spaceTimesteps({ spacing: "leading", steps: 2, length: 10, stepsOffset: 5 });
    expect(over).toThrow(/^steps_offset: 2 steps of 10 leave no room for an offset of 5$/);
    expect(over).toThrow(expect.objectContaining({ code: "input" }));
    expect(spaceTimesteps({ spacing: "trailing", steps: 2, length: 10, stepsOffset: 50 })).toEqual([9, 4]);
  });

  it("refuses a rule that it does not know", () => {
    const space = () => spaceTimesteps({ spacing: "even" as "linspace", steps: 5 });
    expect(space).toThrow(/^timestep_spacing: expected unclip, linspace, leading or trailing, got even$/);
    expect(space).toThrow(expect.objectContaining({ code: "config" }));
  });

  it("keeps the fractions of linspace if asked to, in float32", () => {
    const timesteps = spaceTimesteps({ spacing: "linspace", steps: 20, fractional: true });
    expect(timesteps.slice(0, 3)).toEqual([999, Math.fround(946.4210526), Math.fround(893.8421053)]);
    expect(timesteps.at(-1)).toBe(0);
  });

  it("refuses an offset that leads out of the schedule", () => {
    expect(() => spaceTimesteps({ spacing: "leading", steps: 1000, stepsOffset: 1 })).toThrow(
      /1000 steps of 1000 leave no room for an offset of 1/,
    );
  });

  it("leaves room for the step to the clean end", () => {
    expect(() => spaceTimesteps({ spacing: "linspace", steps: 1000, dropLast: true })).toThrow(
      /expected a whole number from 1 to 999/,
    );
  });
});

describe("respaceTimesteps", () => {
  it.each([
    ["fast27", "997 800 799 600 599 500 400 399 377 355 333 311 288 266 244 222 200 199 177 155 133 111 88 66 44 22 0"],
    ["5,3", "999 750 500 499 374 250 125 0"],
    ["2,2,2", "999 667 666 334 333 0"],
    ["1", "0"],
  ])("%s", (spec, expected) => {
    expect(respaceTimesteps(spec)).toEqual(list(expected));
  });

  it.each([7, 25, 64, 250])("%d alone is the UnCLIP rule", (steps) => {
    expect(respaceTimesteps(String(steps))).toEqual(spaceTimesteps({ spacing: "unclip", steps }));
  });

  it.each([
    ["ddim27", 38],
    ["ddim15", 67],
    ["ddim25", 40],
    ["ddim250", 4],
  ])("%s has stride %d", (spec, stride) => {
    const timesteps = respaceTimesteps(spec);
    expect(timesteps.length).toBe(Number(spec.slice(4)));
    expect(timesteps.toReversed()).toEqual(timesteps.map((_, i) => i * stride));
  });

  it("refuses what the schedule cannot give", () => {
    expect(() => respaceTimesteps("ddim64")).toThrow(/no whole stride over 1000 timesteps gives 64/);
    expect(() => respaceTimesteps("600,2")).toThrow(/a section of 500 timesteps cannot give 600/);
    expect(() => respaceTimesteps("fast")).toThrow(/respacing: expected "25", .* got "fast"/);
    const input = expect.objectContaining({ code: "input" }) as Error;
    for (const spec of ["ddim64", "600,2", "fast", "xddim25", "ddim25x", "x25", "25,", "25x"]) {
      expect(() => respaceTimesteps(spec)).toThrow(input);
    }
  });

  it("takes a section whole, and one timestep of a section", () => {
    expect(respaceTimesteps("3,1", 6)).toEqual([3, 2, 1, 0]);
  });
});
