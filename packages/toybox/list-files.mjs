import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, URL } from "node:url";

/* Writes src/web.ts: the files of model/ with their sizes and hashes. To be run after the model has changed. */

const folder = fileURLToPath(new URL("model/", import.meta.url));
const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll("\\", "/"))
  .sort();

const entries = paths.map((path) => {
  const bytes = readFileSync(join(folder, path));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return `  {
    path: "${path}",
    sizeBytes: ${bytes.length},
    sha256: "${sha256}",
    url: new URL("../model/${path}", import.meta.url),
  },`;
});

writeFileSync(
  new URL("src/web.ts", import.meta.url),
  `/** A file of the shipped model. */
export interface ToyboxFile {
  /** Path in the folder of the model, for example "decoder/config.json". */
  readonly path: string;
  readonly sizeBytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** Where it is served: bundlers copy the file and put its new address here. */
  readonly url: URL;
}

/** The files of the shipped model, in the layout of diffusers' UnCLIPPipeline. \`node list-files.mjs\` writes this list. */
export const toybox: readonly ToyboxFile[] = /* @__PURE__ */ (() => [
${entries.join("\n")}
])();
`,
);
