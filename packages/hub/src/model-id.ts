import { quote, UnclipError } from "@unclip/tensor";

/** A model of the hub at one commit. */
export interface HubModel {
  /** "owner/name" */
  readonly id: string;
  /** The branch, tag or commit that was asked for; default "main". */
  readonly revision: string;
  /** The commit that the revision stands for, 40 hexadecimal digits: `id@commit` opens exactly these files again. */
  readonly commit: string;
}

/** The hub allows 96 characters, and git no control characters. */
const ID = /^(?<id>[\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95})(?:@(?<revision>[^\s\p{Cc}@]+))?$/u;

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
    `"${quote(source)}" is not the name of a model on the hub; expected owner/name or owner/name@revision`,
  );
}

function readId(source: unknown): Omit<HubModel, "commit"> | undefined {
  if (typeof source !== "string") return undefined;
  const { id, revision = "main" } = ID.exec(source)?.groups ?? {};
  if (id === undefined || /--|\.\.|\.git$/.test(id) || !isPath(revision)) return undefined;
  return { id, revision };
}

/** Whether `text` is a commit hash. */
export function isCommit(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}

/** Whether `path` leads from a folder to a place inside of it, without detours. Paths and revisions become parts of file names. */
export function isPath(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
