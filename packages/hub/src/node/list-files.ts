import { MOST_LISTING_BYTES } from "../body.js";
import { readListedFile, type ListedFile } from "./listed-file.js";
import { requestJson, tooLong, unexpectedAnswer } from "./request-json.js";
import type { HubSettings } from "./settings.js";

/** Bounds of a listing. A model has some hundred files, and the hub lists a thousand on a page. */
const MOST_FILES = 100_000;
const MOST_PAGES = 1_000;

/** Every file of the repository at a commit.
 * @throws UnclipError "download" if there is no such model, the hub cannot be reached, or its list makes no sense or has no end */
export async function listFiles(settings: HubSettings, commit: string): Promise<ListedFile[]> {
  const { endpoint, id } = settings;
  const files: ListedFile[] = [];
  let bytesLeft = MOST_LISTING_BYTES;
  let url: string | undefined = `${endpoint}/api/models/${id}/tree/${commit}?recursive=true`;
  for (let pages = 0; url !== undefined; pages++) {
    if (pages === MOST_PAGES) throw tooLong(settings, `${MOST_PAGES} pages`);
    const { json, sizeBytes, next } = await requestJson(settings, url, bytesLeft);
    bytesLeft -= sizeBytes;
    if (!Array.isArray(json)) throw unexpectedAnswer(settings, url);
    for (const entry of json as unknown[]) {
      if (isDirectory(entry)) continue;
      const file = readEntry(entry);
      if (file === undefined) throw unexpectedAnswer(settings, url);
      files.push(file);
    }
    if (files.length > MOST_FILES) throw tooLong(settings, `${MOST_FILES} files`);
    url = next;
  }
  return files;
}

function isDirectory(entry: unknown): boolean {
  return (entry as { type?: unknown } | null)?.type === "directory";
}

function readEntry(entry: unknown): ListedFile | undefined {
  const { path, size, oid, lfs } = (entry ?? {}) as Record<string, unknown>;
  const large = lfs as { oid?: unknown; size?: unknown } | null | undefined;
  return readListedFile(path, large?.size ?? size, large?.oid ?? oid);
}
