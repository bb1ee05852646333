import type { Tensor } from "@unclip/tensor";
import { Tensor as OrtTensor, type InferenceSession } from "onnxruntime-common";
import { exclusively } from "./exclusively.js";
import type { Session } from "./session.js";

/** A session of ONNX Runtime as ours. Outputs that lie on the graphics card outlive it: their memory is the session's, and ONNX Runtime crashes
 * where one is freed later, so that a session is released with the last of them.
 * @param download reads such an output; default as ONNX Runtime does */
export function sessionOver(session: InferenceSession, download = (output: Tensor) => output.getData()): Session {
  const kept = new Set<Tensor>();
  let closed = false;

  /** The same output, which tells when it is freed. */
  const keep = (output: Tensor): Tensor => {
    kept.add(output);
    return OrtTensor.fromGpuBuffer(output.gpuBuffer, {
      dataType: "float32",
      dims: output.dims,
      download: () => download(output) as Promise<Float32Array<ArrayBuffer>>,
      dispose: () => {
        output.dispose();
        kept.delete(output);
        if (closed && kept.size === 0) void exclusively(() => session.release());
      },
    });
  };

  return {
    async run(feeds, outputs) {
      const results = await (outputs === undefined ? session.run(feeds) : session.run(feeds, outputs));
      const entries = Object.entries(results as Record<string, Tensor>);
      return Object.fromEntries(entries.map(([name, y]) => [name, y.location === "gpu-buffer" ? keep(y) : y]));
    },
    async release() {
      closed = true;
      if (kept.size === 0) await session.release();
    },
  };
}
