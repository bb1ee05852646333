import type { ModelFolder } from "@unclip/runtime";

/** The model whose prior goes with a decoder, as the decoder's model card says: the first entry of `prior` in the head of README.md.
 * @returns its id on the hub; undefined where there is no card, or it names none */
export async function priorOfCard(folder: ModelFolder): Promise<string | undefined> {
  if (!(await folder.has("README.md"))) return undefined;
  const [, head] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await folder.text("README.md")) ?? [];
  // in YAML: "prior: id", "prior: [id]", or "prior:" and "- id" on the next line
  const [, id] =
    /^prior:(?:[ \t]*\[?|[ \t]*\r?\n[ \t]*-)[ \t]*["']?([\w.-]+\/[\w.-]+)["']?[ \t]*[\],]?/m.exec(head ?? "") ?? [];
  return id;
}
