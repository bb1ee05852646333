import { describeClaim } from "@unclip/evaluation";
import { expect, it } from "vitest";

const cube = { shape: "cube", colour: "orange" };

it.each([
  [{ things: [cube], style: "shaded" }, "an orange cube"],
  [
    { things: [{ ...cube, size: "large", material: "metal" }], style: "line" },
    "a line drawing of a large orange metal cube",
  ],
  [
    { things: [cube, { shape: "ring", colour: "red" }], relation: "left of", ground: "sand", style: "pixel" },
    "pixel art of an orange cube to the left of a red ring on sand",
  ],
  [
    { things: [{ shape: "cone", colour: "blue" }, cube], relation: "on top of", style: "flat" },
    "a flat picture of a blue cone on top of an orange cube",
  ],
])("says %j", (claim, caption) => {
  expect(describeClaim(claim)).toBe(caption);
});
