import { openModelFolder } from "@unclip/runtime/node";
import { cp, mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { runPrior, temporaryFolder } from "./support.js";

const WEIGHTS = "prior/diffusion_pytorch_model.safetensors";
const expected = async () => runPrior(await openModelFolder(fixturePath("karlo-tiny")));

/** A copy of the fixture at `place` in a fresh folder. */
async function copyTo(place: string): Promise<{ root: string; model: string }> {
  const root = await temporaryFolder();
  const model = join(root, place);
  await cp(fixturePath("karlo-tiny"), model, { recursive: true });
  return { root, model };
}

describe("openModelFolder", () => {
  it("leaves the locations of ordinary weights alone", async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    expect(folder.weightsDirectory).toBe(folder.directory);
    expect(folder.weightLocation(WEIGHTS)).toBe(WEIGHTS);
  });

  it("follows links within the folder, and one that leads to the folder", async () => {
    const { root, model } = await copyTo("karlo");
    await rename(join(model, WEIGHTS), join(model, "weights"));
    await symlink("../weights", join(model, WEIGHTS));
    await rename(join(model, "prior"), join(model, "the prior"));
    await symlink("the prior", join(model, "prior"));
    await symlink("karlo", join(root, "alias"));
    const folder = await openModelFolder(join(root, "alias"));
    expect(folder.name).toBe(join(root, "alias"));
    expect(await runPrior(folder)).toEqual(await expected());
  });

  it("follows links of a snapshot in the Hugging Face cache to its blobs, and to shared ones", async () => {
    const { root, model } = await copyTo("hub/models--kakaobrain--karlo/snapshots/abc");
    await mkdir(join(root, "hub/blobs"));
    await mkdir(join(root, "hub/models--kakaobrain--karlo/blobs"));
    await rename(join(model, WEIGHTS), join(root, "hub/blobs/1"));
    await symlink("../../blobs/1", join(root, "hub/models--kakaobrain--karlo/blobs/1"));
    await symlink("../../../blobs/1", join(model, WEIGHTS));
    const folder = await openModelFolder(model);
    expect(folder.weightsDirectory).toBe(join(root, "hub"));
    expect(folder.weightLocation(WEIGHTS)).toBe(`models--kakaobrain--karlo/snapshots/abc/${WEIGHTS}`);
    expect(await runPrior(folder)).toEqual(await expected());
  });

  it.each(["other--karlo/snapshots/abc", "models--kakaobrain--karlo/versions/abc"])(
    "takes %s for no snapshot of the cache",
    async (place) => {
      const { root, model } = await copyTo(place);
      await mkdir(join(model, "../../blobs"));
      await rename(join(model, WEIGHTS), join(model, "../../blobs/1"));
      await symlink("../../../blobs/1", join(model, WEIGHTS));
      const folder = await openModelFolder(model);
      expect(folder.weightsDirectory).toBe(join(root, place));
      await expect(folder.has(WEIGHTS)).rejects.toMatchObject({ code: "input" });
    },
  );

  it("is named as it was asked for, without slashes at its end", async () => {
    const path = fixturePath("karlo-tiny");
    for (const end of ["", "/", "//"]) expect((await openModelFolder(path + end)).name).toBe(path);
    expect((await openModelFolder("/")).name).toBe("/");
    expect((await openModelFolder(pathToFileURL(path))).directory).toBe(path);
    expect("variant" in (await openModelFolder(path))).toBe(false);
  });

  it("reads the range that is asked for, as far as the file goes", async () => {
    const { root } = await copyTo("karlo");
    await writeFile(join(root, "text"), "0123456789");
    const folder = await openModelFolder(root);
    const read = async (start: number, end: number) => Buffer.from(await folder.bytes("text", start, end)).toString();
    expect([await read(0, 3), await read(4, 6), await read(8, 20)]).toEqual(["012", "45", "89"]);
  });

  it.each([
    ["weights elsewhere", WEIGHTS, "elsewhere"],
    ["a config elsewhere", "prior/config.json", "elsewhere"],
    ["another repository of the cache", "prior/config.json", "models--other--model/blobs/1"],
  ])("reads nothing outside of the folder: %s", async (_, path, target) => {
    const { root, model } = await copyTo("models--kakaobrain--karlo/snapshots/abc");
    await mkdir(join(root, target, ".."), { recursive: true });
    await rename(join(model, path), join(root, target));
    await symlink(join(root, target), join(model, path));
    const folder = await openModelFolder(model);
    for (const read of [() => folder.has(path), () => folder.text(path), () => folder.bytes(path, 0, 1)]) {
      await expect(read()).rejects.toMatchObject({
        code: "input",
        message: expect.stringContaining(
          `${path} leads out of the model folder, to ${join(root, target)}; copy the file`,
        ),
      });
    }
  });

  it("reads nothing outside of the folder: a path that leads out", async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    await expect(folder.text("../random.json")).rejects.toThrow(/random\.json leads out of the model folder/);
    await expect(folder.text("/etc/hostname")).rejects.toMatchObject({ code: "input" });
    expect(await folder.has("../no-such-file")).toBe(false);
    expect(await folder.has("a\0b")).toBe(false);
    await expect(folder.text("no-such-file")).rejects.toThrow("there is no file no-such-file");
  });

  it("refuses a link to nothing", async () => {
    const { model } = await copyTo("karlo");
    await rm(join(model, WEIGHTS));
    await symlink("../../blobs/gone", join(model, WEIGHTS));
    await expect((await openModelFolder(model)).has(WEIGHTS)).rejects.toMatchObject({
      code: "weights",
      message: `${model}: ${WEIGHTS} is a link to a file that is gone; download the model again`,
    });
  });

  it("refuses a text that would not fit in memory", async () => {
    const { model } = await copyTo("karlo");
    await truncate(join(model, "prior/config.json"), 2 ** 27 + 1);
    await expect((await openModelFolder(model)).text("prior/config.json")).rejects.toMatchObject({
      code: "config",
      message: `${model}/prior/config.json: expected a text of 134217728 bytes at most, got 134217729`,
    });
  });

  it("refuses an index that leads out of the component", async () => {
    const { model } = await copyTo("karlo");
    await rm(join(model, WEIGHTS));
    await expect(runPriorWithIndex(model, "../decoder/diffusion_pytorch_model.safetensors")).rejects.toThrow(
      /"\.\.\/decoder\/diffusion_pytorch_model\.safetensors" is not the name of a weight file beside it/,
    );
  });

  it("takes the variant's files where they are, plain ones where they are not", async () => {
    const { model } = await copyTo("karlo");
    await rename(join(model, WEIGHTS), join(model, "prior/diffusion_pytorch_model.fp16.safetensors"));
    expect(await runPrior(await openModelFolder(model, { variant: "fp16" }))).toEqual(await expected());
    await expect(openModelFolder(model).then(runPrior)).rejects.toThrow(/prior: no weights; expected/);
    expect(await runPrior(await openModelFolder(fixturePath("karlo-tiny"), { variant: "fp16" }))).toEqual(
      await expected(),
    );
  });
});

async function runPriorWithIndex(model: string, shard: string): Promise<number[]> {
  const index = join(model, "prior/diffusion_pytorch_model.safetensors.index.json");
  await writeFile(index, JSON.stringify({ weight_map: { clip_mean: shard } }));
  return runPrior(await openModelFolder(model));
}
