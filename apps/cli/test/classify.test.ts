import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, solidFile } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

/* The fake model's cosine is 1 for the picture's own colour and 0 for others, and its scale 2:
 * probabilities e^2 / (e^2 + 2) = 0.78699 and 1 / (e^2 + 2) = 0.10651. */

it("prints the labels, the likeliest first", async () => {
  const file = await solidFile(await temporaryFolder(), "in.png", [0, 0, 255]);
  const host = createFakeHost();
  expect(await run(["classify", file, "--labels", "red, blue,green", "--dtype", "fp16", "--offline"], host)).toBe(0);
  expect(host.stdout.text).toBe(
    ["label  probability", "blue       78.70 %", "red        10.65 %", "green      10.65 %", ""].join("\n"),
  );
  expect(host.calls).toEqual([
    { name: "loadClip", args: ["toybox", expect.objectContaining({ device: "cpu", dtype: "fp16", offline: true })] },
  ]);
  expect(host.disposals).toBe(1);
});

it("prints one JSON object", async () => {
  const file = await solidFile(await temporaryFolder(), "in.png", [255, 0, 0]);
  const host = createFakeHost();
  const args = ["classify", file, "--labels", "blue,red", "--template", "a {} thing", "--model", "clip", "--json"];
  expect(await run(args, host)).toBe(0);
  const likeliest = 1 / (1 + Math.exp(-2));
  expect(JSON.parse(host.stdout.text)).toEqual({
    model: "toybox",
    picture: file,
    template: "a {} thing",
    labels: [
      { label: "red", probability: expect.closeTo(likeliest, 6) },
      { label: "blue", probability: expect.closeTo(1 - likeliest, 6) },
    ],
  });
  expect(host.calls[0]!.args[0]).toBe("clip");
});

it.each([
  [["--labels", "red,,blue"], /Expected words with commas/],
  [["--labels", "red,red"], /"red" twice/],
  [["--labels", "red", "--template", "a photo"], /Expected \{\} where the label goes/],
  [[], /required option '--labels <labels>' not specified/],
])("refuses %j as a wrong command line", async (args, message) => {
  const host = createFakeHost();
  expect(await run(["classify", "in.png", ...args], host)).toBe(2);
  expect(host.stderr.text).toMatch(message);
  expect(host.calls).toEqual([]);
});

it("fails for a picture that is not there and for a label that is too long", async () => {
  const folder = await temporaryFolder();
  const host = createFakeHost();
  expect(await run(["classify", join(folder, "no.png"), "--labels", "red"], host)).toBe(1);
  const file = await solidFile(folder, "in.png", [255, 0, 0]);
  expect(await run(["classify", file, "--labels", `red${"d".repeat(40)}`], host)).toBe(1);
  expect(host.stderr.text).toMatch(/no.png: cannot be read.*\nerror: --labels: "redd.*" is too long/);
  expect(host.disposals).toBe(1);
});
