import { add, createCheckpoint, createGraphBuilder, hasInt8Layers, type Graph } from "@unclip/graph";
import type { Tensor } from "@unclip/tensor";
import type { InferenceSession } from "onnxruntime-common";
import { join } from "node:path";
import { checkArithmetic, type Arithmetic } from "../arithmetic.js";
import type { Device } from "../devices.js";
import { exclusively } from "../exclusively.js";
import { sessionOver } from "../ort-session.js";
import {
  bytesFor,
  executionProvider,
  optimizationLevel,
  outputLocations,
  type Model,
  type Session,
} from "../session.js";
import { hasTiles } from "./has-tiles.js";
import { int8Overflows } from "./int8-overflow.js";
import { importOnnxRuntime } from "./onnx-runtime.js";
import { openPrepared } from "./prepared.js";
import { weightsDirectoryOf } from "./weights-directory.js";

/** Above that, "all" only delays opening: unlike "extended" it copies the weights of convolutions into another order, at 2 s per GB and more.
 * Convolutions with few channels need it, but such networks are small. */
const ORDERED_BYTES = 2 ** 26;
/** Above that, weights of a network without convolutions are not packed. */
const PACKED_BYTES = 2 ** 30;
/** Networks of more int8 weights compute their pictures in bands: smaller ones would open later for that, and not run faster. */
const BANDED_BYTES = 2 ** 26;
/** Networks of more int8 weights take seconds to open. */
const PREPARED_BYTES = 2 ** 26;

/** Options of {@link openSession}. */
export interface SessionOptions {
  /** Default "cpu". */
  readonly device?: Device;
  /** Default "float32"; "float16" on graphics cards. */
  readonly arithmetic?: Arithmetic;
  /** Threads of one run; default one for each core. */
  readonly threads?: number;
  /** Whether what ONNX Runtime makes of a large int8 network when it opens it is kept on the disk, for the processor. Default false. */
  readonly keepPrepared?: boolean;
  /** Path and beginning of the name of a file in which ONNX Runtime notes what each operator takes, in the format of Chrome's traces.
   * It is whole once the session is released. Default: nothing is noted. */
  readonly profile?: string;
}

/** Opens a graph with onnxruntime-node. The weights stay in their files: ONNX Runtime maps them by path.
 * @throws UnclipError "input" for an arithmetic that the device does not have */
export async function openSession(
  model: Model,
  { device = "cpu", arithmetic = "float32", threads, keepPrepared = false, profile }: SessionOptions = {},
): Promise<Session> {
  checkArithmetic(arithmetic, device);
  const onnxRuntime = await importOnnxRuntime();
  const { graph, folder } = model;
  const isInt8 = hasInt8Layers(graph); // its products are fast only on weights in ONNX Runtime's own order
  const overflows = isInt8 && (await int8Overflows());
  const isBanded = isInt8 && device === "cpu" && graph.weightBytes > BANDED_BYTES && !overflows; // the cure of those is of a higher level
  const bytes = isBanded ? graph.bandedBytes(await hasTiles()) : bytesFor(graph, device, arithmetic);
  const options: InferenceSession.SessionOptions = {
    executionProviders: [executionProvider(graph, device)],
    graphOptimizationLevel: isBanded ? "basic" : levelFor(graph),
    enableMemPattern: false, // the plan of a first run would take memory beside what that run left in the arena
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
    ...outputLocations(model, device),
    extra: {
      session: {
        ...(folder !== undefined && { model_external_initializers_file_folder_path: weightsDirectoryOf(folder) }),
        ...(graph.weightBytes > PACKED_BYTES && !hasConvolutions(graph) && !isInt8 && { disable_prepacking: "1" }),
        ...(overflows && { x64quantprecision: "1" }),
        ...(isBanded && { disable_quant_qdq: "1" }), // it would compute roundings twice and more
      },
    },
  };
  const isPrepared = keepPrepared && device === "cpu" && int8Bytes(graph) > PREPARED_BYTES;
  const session = isPrepared
    ? await openPrepared({ name: graph.name, bytes, weights: weightPaths(model), options })
    : await onnxRuntime.InferenceSession.create(bytes, options);
  return sessionOver(session, (output) => download(output, device));
}

function levelFor(graph: Graph) {
  return graph.weightBytes > ORDERED_BYTES ? "extended" : optimizationLevel(graph);
}

/** Reads an output that lies on a graphics card through a network that hands it on: ONNX Runtime 1.30 for Node aborts the process otherwise. */
function download(output: Tensor, device: Device) {
  const g = createGraphBuilder({ name: "download", checkpoint: createCheckpoint("download", new Map()) });
  g.output("y", add(g, g.input("x", "float", output.dims), g.constant("float", [0], [1])));
  return exclusively(async () => {
    const session = await openSession({ graph: g.finish() }, { device });
    const { y } = await session.run({ x: output });
    await session.release();
    return y!.getData();
  });
}

/** Whether a graph has any. Without, ONNX Runtime would only copy all its weights into another order: the prior of Karlo took 14 s
 * to open for that, and saved nothing on its first step and 0.15 s on each further one. */
function hasConvolutions(graph: Graph): boolean {
  return graph.operations.some(({ op }) => op === "Conv" || op === "Int8Conv");
}

/** What of a graph's weights is int8 in its files. */
function int8Bytes({ model }: Graph): number {
  return model.initializers.reduce((sum, { type, data }) => {
    return type === "int8" && !(data instanceof Uint8Array) ? sum + data.sizeBytes : sum;
  }, 0);
}

function weightPaths({ graph, folder }: Model): string[] {
  return graph.weightFiles.map((path) => join(weightsDirectoryOf(folder!), path));
}
