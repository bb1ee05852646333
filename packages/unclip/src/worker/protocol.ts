import { isUnclipError, tensor, UnclipError, type Tensor, type UnclipErrorCode } from "@unclip/tensor";
import type { FolderSource } from "@unclip/runtime/web";
import type { LoadOptions } from "../load.js";

/** One end of a channel: a Worker, a Worker's own scope, or a MessagePort. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

/** Options of `loadUnclip` that can be posted. */
export type PlainLoadOptions = Omit<LoadOptions, "signal" | "onDownload" | "onQuantize" | "onEvent">;

/** What a page asks of the Worker. Each but "abort" and "leave" is answered once. Steps are asked for one by one, so that the Worker does
 * not run ahead of the page. */
export type Ask =
  | { readonly type: "load"; readonly source?: FolderSource; readonly options: PlainLoadOptions }
  | { readonly type: "start"; readonly run: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly type: "next"; readonly run: number }
  | { readonly type: "preview" | "inside"; readonly run: number; readonly index: number }
  | { readonly type: "abort" | "leave"; readonly run: number };

/** A request on its way to the Worker. */
export type ToWorker = Ask & { readonly request: number };

/** What the Worker says: an answer, or news that nobody asked for. */
export type FromWorker =
  | { readonly request: number; readonly value: unknown }
  | { readonly request: number; readonly error: PlainError }
  | { readonly news: "onDownload" | "onEvent"; readonly value: unknown };

/** The answer to "next". */
export type Next =
  { readonly done: true; readonly value: unknown } | { readonly done: false; readonly step: PlainStep };

/** A step of a run without its preview and its inside, which are asked for by the step's index. */
interface PlainStep {
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
  readonly index: number;
  readonly hasPreview: boolean;
  readonly hasInside: boolean;
}

/** An error as data. */
export interface PlainError {
  readonly code?: UnclipErrorCode;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: string;
  /** Whether the Worker cannot go on: its WebAssembly has crashed. */
  readonly isFatal: boolean;
}

/** An error as data. The cause becomes its text. */
export function plainError(error: unknown): PlainError {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error));
  return {
    ...(isUnclipError(error) && { code: error.code }),
    name,
    message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause: String(cause) }),
    isFatal: isFatal(error),
  };
}

/** The error that data tell of: an UnclipError of the same code, or else an Error of the same name. */
export function errorFrom({ code, name, message, stack, cause }: PlainError): Error {
  const error =
    code === undefined
      ? Object.assign(new Error(message, { cause }), { name })
      : new UnclipError(code, message, { cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** What WebAssembly and emscripten throw when they crash; nothing that follows in the same Worker works. */
function isFatal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const crashed =
    error.name === "RuntimeError" || /Aborted\(|memory access out of bounds|unreachable/.test(error.message);
  return crashed || isFatal(error.cause);
}

/** How a tensor travels: its class and its methods would be lost. */
interface PlainTensor {
  readonly tensorDims: readonly number[];
  readonly data: Float32Array;
}

/** A result as data that can be posted. Tensors are copied, because the Worker may go on using them; bytes of pictures are handed over.
 * @returns also the buffers to be handed over */
export function toPlain(value: unknown): { readonly plain: unknown; readonly transfer: Transferable[] } {
  const transfer = new Set<Transferable>();
  const visit = (one: unknown): unknown => {
    if (typeof one !== "object" || one === null) return one;
    if (one instanceof Uint8Array) transfer.add(one.buffer as ArrayBuffer);
    if (ArrayBuffer.isView(one)) return one;
    if (Array.isArray(one)) return one.map(visit);
    if (isTensor(one)) {
      const data = (one.data as Float32Array).slice();
      transfer.add(data.buffer);
      return { tensorDims: [...one.dims], data } satisfies PlainTensor;
    }
    return Object.fromEntries(Object.entries(one).map(([key, entry]) => [key, visit(entry)]));
  };
  const plain = visit(value);
  return { plain, transfer: [...transfer] };
}

/** What `toPlain` was given. */
export function fromPlain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if ("tensorDims" in value) {
    const { tensorDims, data } = value as PlainTensor;
    return tensor(data, tensorDims);
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fromPlain(entry)]));
}

function isTensor(value: object): value is Tensor {
  return "dims" in value && "data" in value && "type" in value;
}
