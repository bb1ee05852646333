import type { TextFolder } from "@unclip/tensor";

/** A file of a repository. */
export interface HubFile {
  /** Path in the repository, with "/". */
  readonly path: string;
  readonly sizeBytes: number;
}

/** A repository of the hub at one commit, before its weights are fetched. It can be read like a folder:
 * `has` and `sizeBytes` answer from its list of files, `text` and `bytes` fetch the whole file that they read. */
export interface HubRepository extends TextFolder {
  /** Weight files of this variant are wanted where a component has them, for example "fp16". */
  readonly variant?: string;
  /** Commit hash, 40 hexadecimal digits. */
  readonly commit: string;
  /** Every file of the repository. Offline, and if the list was never fetched: the files in the cache. */
  readonly files: readonly HubFile[];
  sizeBytes(path: string): Promise<number>;
  /** The bytes [start, end) of a file. */
  bytes(path: string, start: number, end: number): Promise<Uint8Array>;
}

/** Chooses the files to fetch. It may read small files of the repository first.
 * @returns paths of `repository.files` */
export type SelectFiles = (repository: HubRepository) => readonly string[] | Promise<readonly string[]>;
