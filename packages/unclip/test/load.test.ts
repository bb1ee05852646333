import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { inspectModel, loadUnclip } from "unclip";
import { fixturePath } from "../../../test-support/index.js";

const folders: string[] = [];

/** A copy of a small model, with something done to it. */
async function damaged(damage: (path: (file: string) => string) => Promise<unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "unclip-load-"));
  folders.push(folder);
  await cp(fixturePath("karlo-tiny"), folder, { recursive: true });
  await damage((file) => join(folder, file));
  return folder;
}

async function editJson(path: string, edit: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  edit(json);
  await writeFile(path, JSON.stringify(json));
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const PRIOR = "prior/diffusion_pytorch_model.safetensors";

/** What is wrong with a folder, and the sentence it is refused with. */
const damages: [string, (path: (file: string) => string) => Promise<unknown>, RegExp][] = [
  [
    "an empty folder",
    async (path) => {
      await rm(path(""), { recursive: true });
      await cp(fixturePath("pictures"), path(""), { recursive: true });
    },
    /model_index.json is missing; expected a folder as diffusers' pipelines save it, UnCLIPPipeline for one/,
  ],
  [
    "another pipeline",
    (path) => editJson(path("model_index.json"), (json) => (json["_class_name"] = "StableDiffusionPipeline")),
    /model_index.json: _class_name "StableDiffusionPipeline" is not supported; expected "UnCLIPPipeline"/,
  ],
  [
    "a missing component",
    (path) => rm(path("decoder"), { recursive: true }),
    /decoder\/config.json is missing; expected a complete model folder/,
  ],
  [
    "a truncated file",
    (path) => truncate(path(PRIOR), 90_000),
    /prior\/diffusion_pytorch_model.safetensors: .* the file has 90000; it is cut off, download it again/,
  ],
  [
    "a header that lies about offsets",
    async (path) => {
      const bytes = await readFile(path(PRIOR));
      const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0)));
      const changed = header.toString().replace(/"data_offsets":\[(\d+),(\d+)\]/, (whole, from: string, to: string) =>
        whole
          .replace(
            from,
            String(Number(from) + 4)
              .padStart(from.length, "0")
              .slice(-from.length),
          )
          .replace(to, to),
      );
      bytes.write(changed, 8);
      await writeFile(path(PRIOR), bytes);
    },
    /prior\/diffusion_pytorch_model.safetensors.*(takes \d+ bytes, the header gives|not valid JSON)/,
  ],
  [
    "an unsupported field",
    (path) => editJson(path("decoder/config.json"), (json) => (json["act_fn"] = "mish")),
    /decoder\/config.json: act_fn "mish" is not supported; expected "silu"/,
  ],
  [
    "a config that is not JSON",
    (path) => writeFile(path("prior/config.json"), "{"),
    /prior\/config.json: not valid JSON/,
  ],
  [
    "a config of another model",
    (path) => editJson(path("prior/config.json"), (json) => (json["num_layers"] = 3)),
    /prior: the weights do not fit config.json.*it wants 3 of transformer_blocks, they have 2/,
  ],
  [
    "a prior and a decoder that do not match",
    async (path) => {
      await cp(fixturePath("karlo-tiny-b/prior"), path("prior"), { recursive: true, force: true });
    },
    /the (text encoder|prior) gives .* wide, the (prior|decoder) takes \d+; are the parts from one model\?/,
  ],
];

describe("loadUnclip refuses, with one sentence that names the file and the cure,", () => {
  it.each(damages)("%s", async (_, damage, message) => {
    const folder = await damaged(damage);
    const error = await loadUnclip(folder).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ name: "UnclipError" });
    expect(error!.message).toMatch(message);
    expect(error!.message).not.toContain("\n");
    expect(error!.message.replace(folder, "")).not.toContain("undefined");
  });
});

describe("inspectModel", () => {
  it("tells components, sizes and parameters", async () => {
    const report = await inspectModel(fixturePath("karlo-tiny"));
    expect(report.problems).toEqual([]);
    const prior = report.components.find(({ name }) => name === "prior")!;
    expect(prior).toMatchObject({ className: "PriorTransformer", status: "ok", dtypes: ["F32"] });
    expect(prior.sizeBytes).toBe(prior.parameters * 4);
    expect(report.components.find(({ name }) => name === "tokenizer")).toMatchObject({ sizeBytes: 0, status: "ok" });
  });

  it("lists what is missing or damaged instead of failing", async () => {
    const folder = await damaged(async (path) => {
      await rm(path("super_res_last"), { recursive: true });
      await truncate(path(PRIOR), 90_000);
    });
    const { problems, components } = await inspectModel(folder);
    expect(problems.join("\n")).toMatch(/super_res_last: no weights/);
    expect(problems.join("\n")).toMatch(/prior\/.*cut off/);
    expect(components.filter(({ status }) => status === "ok").length).toBe(components.length - 2);
  });
});
