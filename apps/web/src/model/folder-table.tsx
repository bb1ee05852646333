import type { DiskFile } from "unclip/worker";
import { sizeWords } from "../painter/words.js";
import { folderParts } from "./folder-sizes.js";

/** The parts of a folder of one's own with their sizes, and which are too large. */
export function FolderTable({ files }: { readonly files: readonly DiskFile[] }) {
  const parts = folderParts(files);
  if (parts.length === 0) return null;
  const tooLarge = parts.filter(({ fits }) => !fits);
  return (
    <>
      <table class="sizes">
        <caption>Weights in this folder</caption>
        <tbody>
          {parts.map(({ name, sizeBytes, fits }) => (
            <tr key={name} class={fits ? undefined : "bad"}>
              <th scope="row">{name}</th>
              <td>{sizeWords(sizeBytes)}</td>
              <td>{fits ? "" : "too large"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {tooLarge.length > 0 && (
        <p class="problem" role="alert">
          {tooLarge.map(({ name, sizeBytes }) => `${name} (${sizeWords(sizeBytes)})`).join(", ")}: too large for a
          browser, whose WebAssembly has 4.3 GB for a part and what it computes. Take a smaller model, or the command
          line app.
        </p>
      )}
    </>
  );
}
