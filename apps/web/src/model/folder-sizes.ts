/** A part of a model folder. */
export interface FolderPart {
  readonly name: string;
  /** Bytes of its weights. */
  readonly sizeBytes: number;
  /** Whether WebAssembly can address that much. */
  readonly fits: boolean;
}

/** What WebAssembly can address; a network's weights, and what it computes, lie there. */
const WASM_BYTES = 2 ** 32;

const WEIGHTS = /\.(safetensors|bin)$/;

/** The parts of a chosen folder that have weights, the largest first. Where a part has several files of weights, such as those of full and of
 * half precision, the smallest kind counts. */
export function folderParts(
  files: readonly { readonly path: string; readonly file: Pick<File, "size"> }[],
): FolderPart[] {
  const parts = new Map<string, Map<string, number>>();
  for (const { path, file } of files) {
    const [, part, ...rest] = path.split("/");
    const name = rest.join("/");
    if (part === undefined || !WEIGHTS.test(name)) continue;
    const kinds = parts.get(part) ?? new Map<string, number>();
    const kind = name.replace(/-\d{5}-of-\d{5}/, ""); // files of one model in several pieces count together
    kinds.set(kind, (kinds.get(kind) ?? 0) + file.size);
    parts.set(part, kinds);
  }
  return [...parts]
    .map(([name, kinds]) => {
      const sizeBytes = Math.min(...kinds.values());
      return { name, sizeBytes, fits: sizeBytes < WASM_BYTES };
    })
    .sort((a, b) => b.sizeBytes - a.sizeBytes);
}
