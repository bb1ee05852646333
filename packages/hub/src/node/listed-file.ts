import { isPath } from "../model-id.js";
import type { HubFile } from "../repository.js";
import type { HubSettings } from "./settings.js";

/** A file of a repository with the hash that names its blob: SHA-256 of a large file, git's blob SHA-1 of a small one. */
export interface ListedFile extends HubFile {
  readonly etag: string;
}

/** A listed file, if its parts can be one. They become names of files: nothing else may get through. */
export function readListedFile(path: unknown, sizeBytes: unknown, etag: unknown): ListedFile | undefined {
  const fits =
    typeof path === "string" &&
    isPath(path) &&
    Number.isSafeInteger(sizeBytes) &&
    (sizeBytes as number) >= 0 &&
    typeof etag === "string" &&
    /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);
  return fits ? { path, sizeBytes: sizeBytes as number, etag } : undefined;
}

/** Address of a file at a commit. */
export function fileUrl({ endpoint, id }: HubSettings, commit: string, path: string): string {
  return `${endpoint}/${id}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}
