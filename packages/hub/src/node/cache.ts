import { randomUUID } from "node:crypto";
import {
  constants,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { isCommit } from "../model-id.js";
import type { HubFile } from "../repository.js";
import { parseCachedListing, writeCachedListing } from "./cached-listing.js";
import type { ListedFile } from "./listed-file.js";
import { onDisk } from "./on-disk.js";
import type { HubSettings } from "./settings.js";

/** One model in the cache that Python's huggingface_hub shares:
 *
 *     models--owner--name/refs/main              the commit that a branch or tag stood for when it was last fetched
 *     models--owner--name/blobs/<etag>           the content of a file, named by its hash
 *     models--owner--name/snapshots/<commit>/    the repository's tree, as relative links to blobs
 *
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache */
export interface HubCache {
  blob(etag: string): string;
  /** What has arrived of a blob so far. */
  partial(etag: string): string;
  /** The lock of whoever fetches a blob. */
  lock(etag: string): string;
  snapshot(commit: string): string;
  /** Where the content of a file can be read, if all of it is in the cache. */
  find(commit: string, file: HubFile & Partial<ListedFile>): Promise<string | undefined>;
  /** Makes a file part of the snapshot. Its blob is in the cache. */
  link(commit: string, file: ListedFile): Promise<void>;
  readRef(revision: string): Promise<string | undefined>;
  writeRef(revision: string, commit: string): Promise<void>;
  /** The list of the repository's files, if it was ever fetched. */
  readListing(commit: string): Promise<ListedFile[] | undefined>;
  writeListing(commit: string, files: readonly ListedFile[]): Promise<void>;
  /** The files that the snapshot holds. */
  listSnapshot(commit: string): Promise<HubFile[]>;
}

/** The model's part of the cache. Nothing is created yet. */
export function createHubCache({ cacheDir, id, symlinks }: HubSettings): HubCache {
  const repository = `models--${id.replace("/", "--")}`;
  const folder = join(cacheDir, repository);
  const blob = (etag: string) => join(folder, "blobs", etag);
  const snapshot = (commit: string) => join(folder, "snapshots", commit);
  const ref = (revision: string) => join(folder, "refs", revision);
  const ownListing = (commit: string) => join(folder, ".unclip", `${commit}.json`);
  const readRef = async (revision: string) => {
    const commit = await readFile(ref(revision), "utf8").catch(() => undefined);
    return isCommit(commit) ? commit : undefined;
  };
  return {
    blob,
    partial: (etag) => `${blob(etag)}.incomplete`,
    lock: (etag) => join(cacheDir, ".locks", repository, `${etag}.unclip.lock`),
    snapshot,
    async find(commit, { path, sizeBytes, etag }) {
      const places = [join(snapshot(commit), path), ...(etag === undefined ? [] : [blob(etag)])];
      for (const place of places) if (await isWhole(place, sizeBytes)) return place;
      return undefined;
    },
    async link(commit, { path, etag, sizeBytes }) {
      const pointer = join(snapshot(commit), path);
      if (await isWhole(pointer, sizeBytes)) return;
      await onDisk(pointer, async () => {
        await mkdir(dirname(pointer), { recursive: true });
        await rm(pointer, { force: true });
        await linkOrCopy(blob(etag), pointer, symlinks);
      });
    },
    readRef,
    async writeRef(revision, commit) {
      if (revision !== commit && (await readRef(revision)) !== commit) await writeWhole(ref(revision), commit);
    },
    async readListing(commit) {
      // Python's own comes first. It is never written here: with it, Python takes a snapshot without every file for a broken one.
      for (const path of [join(folder, "trees", `${commit}.json`), ownListing(commit)]) {
        const files = parseCachedListing(await readFile(path, "utf8").catch(() => "{}"));
        if (files !== undefined) return files;
      }
      return undefined;
    },
    writeListing: (commit, files) => writeWhole(ownListing(commit), writeCachedListing(files)),
    listSnapshot: (commit) => listFolder(snapshot(commit)),
  };
}

/** Runs `work`, which only notes what the hub said. A cache that somebody else filled may be read-only. */
export async function unlessReadOnly(work: () => Promise<void>): Promise<void> {
  await work().catch((error: { cause?: NodeJS.ErrnoException }) => {
    if (!["EROFS", "EACCES", "EPERM"].includes(error.cause?.code ?? "")) throw error;
  });
}

async function isWhole(path: string, sizeBytes: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.isFile() && found.size === sizeBytes;
}

/** A relative link, so that the cache can be moved; where links are not allowed (Windows), a second name of the same file;
 * where there are none (exFAT), a copy. */
async function linkOrCopy(blob: string, pointer: string, symlinks: boolean): Promise<void> {
  const unlessThere = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error; // another process was faster
  };
  const target = relative(dirname(pointer), blob);
  const linked = symlinks ? symlink(target, pointer).catch(unlessThere) : Promise.reject(new Error("links are off"));
  await linked
    .catch(() => link(blob, pointer).catch(unlessThere))
    .catch(() => copyFile(blob, pointer, constants.COPYFILE_FICLONE));
}

/** Writes a small file so that nobody ever sees half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  await onDisk(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text);
    await rename(temporary, path);
  });
}

async function listFolder(folder: string): Promise<HubFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  const files = paths.map(async (path) => {
    const { size } = await stat(path).catch(() => ({ size: -1 })); // a link to a blob that is gone
    return { path: relative(folder, path).split(sep).join("/"), sizeBytes: size };
  });
  return (await Promise.all(files)).filter(({ sizeBytes }) => sizeBytes >= 0);
}
