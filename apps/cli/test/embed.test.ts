import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, solidFile } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

it("prints the embeddings of pictures and captions", async () => {
  const file = await solidFile(await temporaryFolder(), "in.png", [10, 20, 30]);
  const host = createFakeHost();
  expect(await run(["embed", "--text", "a red cube", "--picture", file, "--text", "blue"], host)).toBe(0);
  expect(JSON.parse(host.stdout.text)).toEqual({
    model: "toybox",
    embeddings: [
      { picture: file, embedding: [10, 20, 30] },
      { text: "a red cube", embedding: [1, 0, 0] },
      { text: "blue", embedding: [0, 0, 1] },
    ],
  });
  expect(host.disposals).toBe(1);
});

it("writes a file, whole or not at all, and says what was cut", async () => {
  const folder = await temporaryFolder();
  const out = join(folder, "new", "red.json");
  const host = createFakeHost();
  expect(await run(["embed", "--text", `red${" ".repeat(37)}rest`, "--out", out], host)).toBe(0);
  expect(host.stdout.text).toBe(`${out}  (1 embedding)\n`);
  expect(host.stderr.text).toBe('warning: the caption is too long, so this was cut off: "rest"\n');
  expect(JSON.parse(await readFile(out, "utf8"))).toMatchObject({ embeddings: [{ embedding: [1, 0, 0] }] });
  expect(await readdir(join(folder, "new"))).toEqual(["red.json"]);
  const again = createFakeHost();
  expect(await run(["embed", "--text", "red", "--out", out, "--json"], again)).toBe(0);
  expect(JSON.parse(again.stdout.text)).toEqual({ model: "toybox", path: out, count: 1 });
});

it("refuses a wrong command line, and a folder as a file, before a model is loaded", async () => {
  const host = createFakeHost();
  expect(await run(["embed"], host)).toBe(2);
  expect(await run(["embed", "--text", "red", "--out", "red.txt"], host)).toBe(2);
  expect(await run(["embed", "--text", "red", "--picture", "no.png"], host)).toBe(1);
  expect(host.stderr.text).toMatch(/nothing to embed, .*\n.*Expected the name of a JSON file.*\n.*no.png: cannot be/);
  expect(host.calls).toEqual([]);
});

it("decodes each picture when its turn comes, so that one is in memory at a time", async () => {
  const folder = await temporaryFolder();
  const files = [await solidFile(folder, "1.png", [1, 2, 3]), await solidFile(folder, "2.png", [4, 5, 6])];
  const host = createFakeHost();
  const loadClip: typeof host.engine.loadClip = async (...args) => {
    await solidFile(folder, "2.png", [7, 8, 9]); // after the files were checked
    return host.engine.loadClip(...args);
  };
  const args = ["embed", ...files.flatMap((file) => ["--picture", file])];
  expect(await run(args, { ...host, engine: { ...host.engine, loadClip } })).toBe(0);
  const { embeddings } = JSON.parse(host.stdout.text);
  expect(embeddings.map(({ embedding }: { embedding: number[] }) => embedding)).toEqual([
    [1, 2, 3],
    [7, 8, 9],
  ]);
});
