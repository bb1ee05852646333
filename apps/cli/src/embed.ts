import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { embedItems } from "./embed-items.js";
import { nameOf, type Item } from "./items.js";
import { parseJsonName } from "./option-values.js";
import { jsonLine } from "./json-line.js";
import { addModelOptions, type ModelFlags } from "./painting-options.js";
import { checkOutputPaths, writeWholeFile } from "./output-files.js";
import { checkPictureFile } from "./read-picture.js";
import { withClip } from "./with-clip.js";
import { shortPath } from "./short-path.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface EmbedFlags extends ModelFlags {
  picture?: string[];
  text?: string[];
  out?: string;
}

/** Adds `embed` to the program.
 * @param run what happens when the command is given */
export function addEmbedCommand(program: Command, run: (flags: EmbedFlags) => Promise<void>): void {
  const collect = (value: string, values: string[] = []) => [...values, value];
  const command = program
    .command("embed")
    .description("print the CLIP embeddings of pictures and captions as one JSON object")
    .addOption(new Option("--picture <file>", "a picture file; may be given several times").argParser(collect))
    .addOption(new Option("--text <caption>", "a caption; may be given several times").argParser(collect))
    .addOption(
      new Option("--out <file>", "write the object to this JSON file and say so; replaces an existing file").argParser(
        parseJsonName,
      ),
    );
  addModelOptions(command).action((flags: EmbedFlags) => {
    if ((flags.picture ?? flags.text) === undefined) {
      command.error('nothing to embed, expected --picture <file> or --text "a caption"');
    }
    return run(flags);
  });
}

/** Embeds pictures, then captions, and prints or writes the embeddings, which are not normalised. */
export async function embed(flags: EmbedFlags, host: Host, signal: AbortSignal): Promise<void> {
  const { picture: files = [], text: captions = [] } = flags;
  const path = flags.out === undefined ? undefined : resolve(flags.out);
  if (path !== undefined) await checkOutputPaths([path], { example: "embedding.json" });
  for (const file of files) await checkPictureFile(file);
  const items: Item[] = [...files.map((file) => ({ file })), ...captions.map((caption) => ({ caption }))];
  const report = await withClip(flags, host, signal, async (clip) => {
    const embeddings = await embedItems(clip, items, host, signal);
    return {
      model: clip.model,
      embeddings: items.map((item, i) => ({
        ...nameOf(item),
        embedding: Array.from(embeddings[i]!.data as Float32Array),
      })),
    };
  });
  const text = jsonLine(report);
  if (path === undefined) {
    host.stdout.write(text);
    return;
  }
  await writeWholeFile(path, new TextEncoder().encode(text));
  const count = items.length;
  if (flags.json === true) host.stdout.write(jsonLine({ model: report.model, path, count }));
  else host.stdout.write(`${shortPath(path)}  (${count} ${count === 1 ? "embedding" : "embeddings"})\n`);
}
