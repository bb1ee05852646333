let last: Promise<unknown> = Promise.resolve();

/** Runs `work` after all earlier work has ended, and nothing else meanwhile. Everything that touches ONNX Runtime goes through this one queue:
 * a session must not be closed while it runs, and onnxruntime-web hangs for good if two sessions run or open at once on WebGPU. */
export function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work, work);
  last = result.catch(() => undefined);
  return result;
}
