import { readListedFile, type ListedFile } from "./listed-file.js";

/** The format in which Python's huggingface_hub keeps the list of a repository's files at a commit. */
interface CachedListing {
  readonly format_version: 1;
  readonly files: Record<string, { size: number; blob_id?: string; lfs_sha256?: string; lfs_size?: number }>;
}

/** A list of files as text of a file in the cache. */
export function writeCachedListing(files: readonly ListedFile[]): string {
  const entries = files.map(({ path, sizeBytes: size, etag }) => {
    const large = etag.length === 64;
    return [path, large ? { size, lfs_sha256: etag, lfs_size: size } : { size, blob_id: etag }];
  });
  return JSON.stringify({ format_version: 1, files: Object.fromEntries(entries) } satisfies CachedListing);
}

/** The list of files in a file of the cache.
 * @returns undefined if it is of another format, or damaged: then it is fetched again */
export function parseCachedListing(text: string): ListedFile[] | undefined {
  try {
    const { format_version: version, files } = JSON.parse(text) as Partial<CachedListing>;
    if (version !== 1 || files === undefined) return undefined;
    const listed = Object.entries(files).map(([path, { size, blob_id: id, lfs_sha256: sha256, lfs_size: lfsSize }]) =>
      readListedFile(path, lfsSize ?? size, sha256 ?? id),
    );
    return listed.every((file) => file !== undefined) ? listed : undefined;
  } catch {
    return undefined;
  }
}
