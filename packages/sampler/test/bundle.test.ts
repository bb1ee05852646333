import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const resolveDir = fileURLToPath(new URL(".", import.meta.url));

/** The files of src/samplers that a bundle of one import holds something of. */
async function samplersIn(names: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: `import { ${names} } from "@unclip/sampler"; globalThis.used = [${names}];`, resolveDir },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    conditions: ["@unclip/source"],
    metafile: true,
    write: false,
  });
  const [{ inputs }] = Object.values(metafile.outputs) as [(typeof metafile.outputs)[string]];
  const files = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return files.flatMap(([path]) => /src\/samplers\/(.*)\.ts$/.exec(path)?.[1] ?? []).sort();
}

describe("a bundle", () => {
  it("of one sampler holds no other", async () => {
    expect(await samplersIn("ddim, sample")).toEqual(["ddim", "options", "weighted-sum"]);
    expect(await samplersIn("heun")).toEqual(["heun", "options", "sigma-space", "weighted-sum"]);
  });

  it("of schedules and guidance holds none", async () => {
    expect(await samplersIn("createSchedule, withGuidance, spaceTimesteps")).toEqual([]);
  });

  it("of the choice by name holds all", async () => {
    const all = await samplersIn("createSampler");
    expect(all).toEqual(expect.arrayContaining(["ancestral", "create-sampler", "ddim", "heun", "unipc"]));
  });
});
