import { describe, expect, inject, it } from "vitest";
import { projectOfAll } from "../src/project.js";
import { otherPages, snippetsOf, stagePages } from "../src/snippets.js";

/* Types as a strict project sees them, which checks those of its packages too. */

const settings = [
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "node16", moduleResolution: "node16" },
  { module: "esnext", moduleResolution: "bundler" },
];

/** Every package, and a pipeline of one's own with its types written out. */
const program = `
import * as aiSdk from "@unclip/ai-sdk";
import * as autoencoder from "@unclip/autoencoder";
import * as clip from "@unclip/clip";
import * as decoder from "@unclip/decoder";
import * as evaluation from "@unclip/evaluation";
import * as report from "@unclip/evaluation/report";
import * as graph from "@unclip/graph";
import * as hub from "@unclip/hub";
import * as hubNode from "@unclip/hub/node";
import * as priors from "@unclip/prior";
import * as runtimes from "@unclip/runtime";
import * as runtimeNode from "@unclip/runtime/node";
import * as runtimeWeb from "@unclip/runtime/web";
import * as sampler from "@unclip/sampler";
import * as tensor from "@unclip/tensor";
import * as toybox from "@unclip/toybox";
import * as upsampler from "@unclip/upsampler";
import * as worker from "unclip/worker";
import { loadUnclip, type Generation, type Prior, type Recipe } from "unclip";

export const all = [aiSdk, autoencoder, clip, decoder, evaluation, report, graph, hub, hubNode, priors, runtimes, runtimeNode];
export const more = [runtimeWeb, sampler, tensor, toybox, upsampler, worker];

const swapped: Prior = { name: "mine", embed: async (text) => text.textEmbedding };
export async function paint(caption: string): Promise<Recipe> {
  const unclip = await loadUnclip();
  const { images, recipe }: Generation = await unclip.generate(caption, { prior: swapped, seed: 7 });
  const width: number = images[0]!.width;
  console.log(width);
  return recipe;
}
`;

describe.runIf(inject("registry") !== undefined)("types", () => {
  it.each(settings)("of a project with moduleResolution $moduleResolution", async ({ module, moduleResolution }) => {
    const project = await projectOfAll();
    const folder = `types-${moduleResolution}`;
    const pages = [...stagePages, ...otherPages].flatMap(snippetsOf).filter(({ language }) => language === "ts");
    for (const { name, code } of pages) project.write(`${folder}/${name.replace(/\W+/g, "-")}.mts`, code);
    project.write(`${folder}/program.mts`, program);
    const compilerOptions = {
      module,
      moduleResolution,
      target: "es2022",
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ["node"],
    };
    project.write(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ["*.mts"] }));
    const { stdout } = await project.run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", folder]);
    expect(stdout).toBe("");
  });
});
