import { expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, solidFile } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

it("prints the cosines of pictures and captions", async () => {
  const file = await solidFile(await temporaryFolder(), "in.png", [200, 0, 0]);
  const host = createFakeHost();
  expect(await run(["similarity", file, "a red cube", "a cube"], host)).toBe(0);
  const pad = " ".repeat(file.length - "a red cube".length);
  expect(host.stdout.text.split("\n").slice(1)).toEqual([
    `1  picture  ${file}  1.0000  1.0000  0.5774`, // 1 / sqrt(3)
    `2  caption  a red cube${pad}  1.0000  1.0000  0.5774`,
    `3  caption  a cube    ${pad}  0.5774  0.5774  1.0000`,
    "",
  ]);
  expect(host.disposals).toBe(1);
});

it("prints one JSON object", async () => {
  const host = createFakeHost();
  expect(await run(["similarity", "red", "blue", "--json"], host)).toBe(0);
  expect(JSON.parse(host.stdout.text)).toEqual({
    model: "toybox",
    items: [{ text: "red" }, { text: "blue" }],
    cosines: [
      [1, 0],
      [0, 1],
    ],
  });
});

it("refuses one thing alone, and the name of a picture that is not there", async () => {
  const host = createFakeHost();
  expect(await run(["similarity", "red"], host)).toBe(2);
  expect(await run(["similarity", "red", "no.jpg"], host)).toBe(1);
  expect(host.stderr.text).toMatch(/missing required argument 'second'.*\nerror: no.jpg: cannot be read/);
  expect(host.calls).toEqual([]);
});
