import { UnclipError } from "@unclip/tensor";

/** A folder of texts in memory, named "model". */
export function folderOf(files: Readonly<Record<string, string>>) {
  return {
    name: "model",
    has: async (path: string) => path in files,
    async text(path: string) {
      if (path in files) return files[path]!;
      throw new UnclipError("config", `model/${path} is missing`);
    },
  };
}
