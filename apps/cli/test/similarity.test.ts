import { expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeWorld, solidFile } from "./fake-world.js";
import { temporaryFolder } from "./temporary-folder.js";

it("prints the cosines of pictures and captions", async () => {
  const file = await solidFile(await temporaryFolder(), "in.png", [200, 0, 0]);
  const world = createFakeWorld();
  expect(await run(["similarity", file, "a red cube", "a cube"], world)).toBe(0);
  const pad = " ".repeat(file.length - "a red cube".length);
  expect(world.stdout.text.split("\n").slice(1)).toEqual([
    `1  picture  ${file}  1.0000  1.0000  0.5774`, // 1 / sqrt(3)
    `2  caption  a red cube${pad}  1.0000  1.0000  0.5774`,
    `3  caption  a cube    ${pad}  0.5774  0.5774  1.0000`,
    "",
  ]);
  expect(world.disposals).toBe(1);
});

it("prints one JSON object", async () => {
  const world = createFakeWorld();
  expect(await run(["similarity", "red", "blue", "--json"], world)).toBe(0);
  expect(JSON.parse(world.stdout.text)).toEqual({
    model: "toybox",
    items: [{ text: "red" }, { text: "blue" }],
    cosines: [
      [1, 0],
      [0, 1],
    ],
  });
});

it("refuses one thing alone, and the name of a picture that is not there", async () => {
  const world = createFakeWorld();
  expect(await run(["similarity", "red"], world)).toBe(2);
  expect(await run(["similarity", "red", "no.jpg"], world)).toBe(1);
  expect(world.stderr.text).toMatch(/missing required argument 'second'.*\nerror: no.jpg: cannot be read/);
  expect(world.calls).toEqual([]);
});
