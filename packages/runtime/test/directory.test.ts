import { openModelFolder } from "@unclip/runtime/node";
import { cp, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
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

  it("runs weights that are links out of the folder, one by one or through a linked component", async () => {
    const { root, model } = await copyTo("models/karlo");
    await mkdir(join(root, "elsewhere"));
    await rename(join(model, WEIGHTS), join(root, "elsewhere/weights"));
    await symlink(join(root, "elsewhere/weights"), join(model, WEIGHTS));
    const folder = await openModelFolder(model);
    expect([folder.weightsDirectory, folder.weightLocation(WEIGHTS)]).toEqual([root, `models/karlo/${WEIGHTS}`]);
    expect(await runPrior(folder)).toEqual(await expected());

    await rename(join(model, "prior"), join(root, "elsewhere/prior"));
    await symlink("../../elsewhere/prior", join(model, "prior"));
    expect(await runPrior(await openModelFolder(model))).toEqual(await expected());
  });

  it("runs weights in an unrelated folder, and a model folder that is itself reached through a link", async () => {
    const { root, model } = await copyTo("karlo");
    await rm(join(model, WEIGHTS));
    await symlink(fixturePath(`karlo-tiny/${WEIGHTS}`), join(model, WEIGHTS));
    await symlink("karlo", join(root, "alias"));
    const folder = await openModelFolder(join(root, "alias"));
    expect(folder.name).toBe(join(root, "alias"));
    expect(await runPrior(folder)).toEqual(await expected());
  });

  it("refuses a link to nothing", async () => {
    const { model } = await copyTo("karlo");
    await rm(join(model, WEIGHTS));
    await symlink("../../blobs/gone", join(model, WEIGHTS));
    await expect(openModelFolder(model)).rejects.toMatchObject({
      code: "weights",
      message: `${model}: ${WEIGHTS} is a link to a file that is gone; download the model again`,
    });
  });

  it("refuses an index that leads out of the component", async () => {
    const { model } = await copyTo("karlo");
    await rm(join(model, WEIGHTS));
    await expect(runPriorWithIndex(model, "../decoder/diffusion_pytorch_model.safetensors")).rejects.toThrow(
      /"\.\.\/decoder\/diffusion_pytorch_model\.safetensors" is not the name of a file beside it/,
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
