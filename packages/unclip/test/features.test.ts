import { expect, it } from "vitest";
import { demand, describe, lackOf } from "../src/features.js";

it("an operation lacks what its stages lack", () => {
  const lacks = { imageEncoder: "has no image_encoder", edit: "paints no edits" };
  expect(lackOf(lacks, "vary")).toBe("has no image_encoder");
  expect(lackOf(lacks, "caption")).toBe("has no image_encoder"); // beside a picture that is varied
  expect(lackOf(lacks, "edit")).toBe("paints no edits"); // its own reason goes first
  expect(lackOf(lacks, "generate")).toBe(undefined);
  expect(lackOf({ textEncoder: "no text" }, "edit")).toBe("no text");
});

it("what is lacking is refused with the reason and what needs it", () => {
  const lacks = { prior: "has no prior" };
  expect(() => demand({ lacks }, "prior", "prior.kind")).toThrow(
    expect.objectContaining({ code: "input", message: "prior.kind: has no prior" }),
  );
  expect(() => demand({ lacks }, "vary", "model")).not.toThrow();
});

it("a report has every feature once, with the reason where it is lacking", () => {
  const whole = describe({});
  expect(whole.lacks).toEqual([]);
  expect(whole.can).toContain("vary pictures");
  const { can, lacks } = describe({ imageEncoder: "has no image_encoder" });
  expect(lacks).toContain("look at pictures: has no image_encoder");
  expect(lacks).toContain("vary pictures: has no image_encoder");
  expect(can).not.toContain("vary pictures");
  expect(can.length + lacks.length).toBe(whole.can.length);
});
