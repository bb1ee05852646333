import { UnclipError, type TextFolder } from "@unclip/tensor";

/** The public hub. */
export const HUB_ENDPOINT = "https://huggingface.co";

/** A file of a repository. */
export interface HubFile {
  /** Path in the repository, with "/". */
  readonly path: string;
  readonly sizeBytes: number;
}

/** A repository of the hub at one commit, before its weights are fetched: it can be read like a folder.
 * `has` and `sizeBytes` answer from its list of files, `text` and `bytes` fetch the whole file they read. */
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

/** Chooses the files to fetch, after reading small files of the repository if need be.
 * @returns paths of `repository.files` */
export type SelectFiles = (repository: HubRepository) => readonly string[] | Promise<readonly string[]>;

/** Progress of a download: one bar over all files, and one for the file at hand. */
export interface HubProgress {
  /** Path of the file at hand. */
  readonly file: string;
  /** Bytes of all selected files that are here; those that were in the cache count. */
  readonly loaded: number;
  /** Bytes of all selected files. */
  readonly total: number;
  /** Bytes of the file at hand that are here. Falls back to 0 when a damaged file is thrown away. */
  readonly fileLoaded: number;
  readonly fileTotal: number;
  /** "resume": goes on where an earlier download of the file stopped; "verify": its hash is computed; "done": it is in the cache. */
  readonly status: "download" | "resume" | "verify" | "done";
}

/** How a model of the hub is found and fetched. In browsers each file is fetched when it is first needed, so `onProgress` is not called,
 * and there is no cache of ours and no token: `offline`, `cacheDir` and `token` are refused. */
export interface HubOptions {
  /** Weight files to take where a component has them, for example "fp16" for `model.fp16.safetensors`; default the plain ones. */
  readonly variant?: string;
  /** Make no request, take everything from the cache; default: whether the environment's HF_HUB_OFFLINE is 1, ON, YES or TRUE. */
  readonly offline?: boolean;
  /** Access token for private and gated models; default the environment's HF_TOKEN. It is sent to the endpoint alone. */
  readonly token?: string;
  /** Address of the hub; default the environment's HF_ENDPOINT, or else https://huggingface.co. */
  readonly endpoint?: string;
  /** Folder of the cache, which Python's huggingface_hub shares; default the environment's HF_HUB_CACHE, or else
   * HF_HOME/hub, or else ~/.cache/huggingface/hub. */
  readonly cacheDir?: string;
  /** Called several times a second while files are fetched; not at all if all of them are in the cache. */
  readonly onProgress?: (progress: HubProgress) => void;
  /** Stops the download with UnclipError "aborted"; what has arrived is kept for the next time. */
  readonly signal?: AbortSignal;
  /** How often to try again after a failure that may pass, if nothing new arrived in between; default 5. */
  readonly retries?: number;
  /** Silence of the server that counts as a broken connection, in milliseconds; default 30,000. */
  readonly timeoutMs?: number;
  /** Makes the requests, for example through a proxy; default the platform's `fetch`. */
  readonly fetch?: typeof fetch;
}

/** A model of the hub at one commit. */
export interface HubModel {
  /** "owner/name" */
  readonly id: string;
  /** Branch, tag or commit that was asked for; default "main". */
  readonly revision: string;
  /** The commit it stands for, 40 hexadecimal digits: `id@commit` opens exactly these files again. */
  readonly commit: string;
}

const ID = /^(?<id>[\w-][\w.-]*\/[\w-][\w.-]*)(?:@(?<revision>[^\s@]+))?$/;

/** Whether `source` has the form "owner/name" or "owner/name@revision". A relative path of two folders has it too. */
export function isHubModelId(source: string): boolean {
  return readId(source) !== undefined;
}

/** The parts of "owner/name@revision".
 * @throws UnclipError "input" if `source` has another form */
export function parseHubModelId(source: string): Omit<HubModel, "commit"> {
  const parts = readId(source);
  if (parts !== undefined) return parts;
  throw new UnclipError(
    "input",
    `"${source}" is not the name of a model on the hub; expected owner/name or owner/name@revision`,
  );
}

function readId(source: string): Omit<HubModel, "commit"> | undefined {
  const { id, revision = "main" } = ID.exec(source)?.groups ?? {};
  if (id === undefined || /--|\.\.|\.git$/.test(id) || !isPath(revision)) return undefined;
  return { id, revision };
}

/** Whether `text` is a commit hash. */
export function isCommit(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}

/** Whether `path` leads from a folder to a place inside of it, without detours: it becomes part of file names. */
export function isPath(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** `path` as a part of an address. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
