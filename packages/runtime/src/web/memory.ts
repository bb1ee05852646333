import { UnclipError } from "@unclip/tensor";

/** What WebAssembly can address: 65536 pages of 64 KiB. ONNX Runtime puts the weights of a network there, and what it computes beside. */
const WASM_BYTES = 2 ** 32;

/** Throws unless a network's weights can fit in WebAssembly's memory.
 * @param name of the network
 * @param sizeBytes of its weight files
 * @throws UnclipError "session" */
export function checkFits(name: string, sizeBytes: number): void {
  if (sizeBytes < WASM_BYTES) return;
  throw new UnclipError(
    "session",
    `${name}: its weights take ${gigabytes(sizeBytes)}, a browser's WebAssembly has ${gigabytes(WASM_BYTES)}; take a smaller model, or run it in Node`,
  );
}

/** Opens a network; where the browser does not give the memory, the error says how much was asked for.
 * @throws UnclipError "session" */
export async function withinMemory<T>(name: string, sizeBytes: number, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!isOutOfMemory(cause)) throw cause;
    throw new UnclipError(
      "session",
      `${name}: its weights take ${gigabytes(sizeBytes)}, and this browser does not give that much memory; close other pages, take a smaller model or weights of half precision, or run it in Node`,
      { cause },
    );
  }
}

/** What browsers and WebAssembly throw when memory is refused. */
function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const refused = /bad_alloc|out of memory|allocation failed|allocation size|could not allocate|could not be read/i;
  return error.name === "RangeError" || refused.test(error.message);
}

function gigabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e9).toFixed(1)} GB`;
}
