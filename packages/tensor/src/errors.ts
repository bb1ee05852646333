/** What went wrong, in one word. */
export type UnclipErrorCode = "config" | "shape" | "weights" | "graph" | "session" | "input" | "download" | "aborted";

/** The one error class of the project. The message says where, what was expected, what came, and the likely cure.
 * Recognise it with {@link isUnclipError}, never with `instanceof`: two copies of a package may be loaded. */
export class UnclipError extends Error {
  override readonly name = "UnclipError";
  readonly code: UnclipErrorCode;

  constructor(code: UnclipErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` is an {@link UnclipError}, and of the given code if one is given. */
export function isUnclipError(error: unknown, code?: UnclipErrorCode): error is UnclipError {
  if (typeof error !== "object" || error === null) return false;
  const { name, code: found } = error as Partial<UnclipError>;
  return name === "UnclipError" && (code === undefined || found === code);
}

/** Throws UnclipError "aborted" if `signal` has fired; called between steps.
 * @param where what is stopped, for the message */
export function checkAborted(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) throw new UnclipError("aborted", `${where}: stopped on request`, { cause: signal.reason });
}
