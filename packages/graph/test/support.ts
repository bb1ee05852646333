import { createCheckpoint, createGraphBuilder, type GraphBuilder } from "@unclip/graph";
import { InferenceSession, Tensor } from "onnxruntime-node";

/** A builder without weights. */
export function emptyGraph(): GraphBuilder {
  return createGraphBuilder({ name: "test", checkpoint: createCheckpoint("test", new Map()) });
}

/** Runs a graph without weights in ONNX Runtime. */
export async function runGraph(
  g: GraphBuilder,
  feeds: Record<string, { data: readonly number[]; dims: readonly number[] }>,
): Promise<Record<string, { data: number[]; dims: number[] }>> {
  const session = await InferenceSession.create(g.finish().bytes);
  const inputs = Object.entries(feeds).map(([name, { data, dims }]) => [
    name,
    new Tensor("float32", Float32Array.from(data), dims),
  ]);
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [
      name,
      { data: [...(value.data as Float32Array)], dims: [...value.dims] },
    ]),
  );
}
