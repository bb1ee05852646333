import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { loadUnclip } from "unclip";
import { describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { readPriorTable } from "../src/prior-table.js";
import { run } from "../src/run.js";
import { createFakeHost, gradient } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

const model = ["--model", fixturePath("karlo-tiny")];
const realHost = () => createFakeHost({ loadUnclip });

async function dataFolder() {
  const folder = await temporaryFolder();
  const { width, height, data } = gradient(9, 7);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(join(folder, "cube.png"));
  await writeFile(join(folder, "data.tsv"), "cube.png\ta cube\r\n\ncube.png\ta ring\n");
  await writeFile(join(folder, "captions.txt"), "a cube\na ring\na cone\n");
  return folder;
}

describe("analytic", () => {
  it("writes a table that generate samples the prior with", async () => {
    const folder = await dataFolder();
    const [data, out] = [join(folder, "data.tsv"), join(folder, "table.json")];
    const host = realHost();
    expect(await run(["analytic", data, ...model, "--steps", "3", "--out", out], host)).toBe(0);
    expect(host.stdout.text).toMatch(/table\.json {2}\(3 steps, 2 examples\)\n$/);
    expect(host.stderr.text).toMatch(/clip-image: 1 step, .*\n.*table: 3 steps, /);
    const kept = JSON.parse(await readFile(out, "utf8"));
    expect(kept).toMatchObject({ steps: 3, data: "pictures", examples: 2 });
    expect(kept.model).toContain("karlo-tiny");
    const { timesteps, gamma } = kept;
    expect(await readPriorTable(out)).toEqual({ timesteps, gamma });

    const flags = ["--prior-sampler", "analytic-dpm", "--prior-table", out, "--out", join(folder, "x.png")];
    const painting = createFakeHost();
    expect(await run(["generate", "x", ...flags], painting)).toBe(0);
    expect(painting.calls[1]!.args[1]).toMatchObject({
      prior: { steps: 3, sampler: { name: "analytic-dpm", table: { timesteps, gamma } } },
    });
  });

  it("takes captions alone with --from-captions", async () => {
    const folder = await dataFolder();
    const [captions, out] = [join(folder, "captions.txt"), join(folder, "table.json")];
    const host = realHost();
    const args = [
      "analytic",
      captions,
      "--from-captions",
      ...model,
      "--steps",
      "2",
      "--n",
      "2",
      "--out",
      out,
      "--json",
    ];
    expect(await run(args, host)).toBe(0);
    expect(JSON.parse(host.stdout.text)).toMatchObject({ path: out, data: "samples", examples: 2 });
  });

  it("stops on Ctrl-C and leaves nothing behind", async () => {
    const folder = await dataFolder();
    const host = realHost();
    const before = await readdir(folder);
    const running = run(["analytic", join(folder, "data.tsv"), ...model, "--out", join(folder, "table.json")], host);
    host.emitter.emit("SIGINT", "SIGINT");
    expect(await running).toBe(130);
    expect(await readdir(folder)).toEqual(before);
  });

  it("names the line that is not of its form, and a file that is no table", async () => {
    const folder = await dataFolder();
    const host = realHost();
    expect(await run(["analytic", join(folder, "captions.txt")], host)).toBe(1);
    expect(await run(["analytic", join(folder, "nothing.tsv")], host)).toBe(1);
    expect(await run(["generate", "x", "--prior-table", join(folder, "captions.txt")], host)).toBe(1);
    expect(await run(["generate", "x", ...model, "--prior-sampler", "analytic-dpm"], host)).toBe(1);
    const [form, missing, table, none] = host.stderr.text.split("\n");
    expect(form).toMatch(/captions.txt: line 1 has no picture and caption; .* or take --from-captions/);
    expect(missing).toMatch(/nothing.tsv: cannot be read/);
    expect(table).toMatch(/^error: --prior-table: .*captions.txt holds no table/);
    expect(none).toMatch(/^error: --prior-sampler analytic-dpm: needs table: .*`unclip analytic` estimates/);
  });

  it("refuses a table that is larger than any", async () => {
    const file = join(await temporaryFolder(), "table.json");
    await writeFile(file, `{"timesteps":[${"1,".repeat(2 ** 19)}1]}`);
    const host = createFakeHost();
    const flags = ["--prior-sampler", "analytic-dpm", "--prior-table", file];
    expect(await run(["generate", "x", ...flags], host)).toBe(1);
    expect(host.stderr.text).toMatch(/^error: --prior-table: .*table.json: is larger than 1 MiB/);
    expect(host.calls).toEqual([]);
  });
});
