import { valuesOf } from "@unclip/tensor";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess, type MeasuringProcess } from "./child.js";
import { readOperatorTimes, type OperatorTime } from "./operators.js";
import { createSafetensorsFile } from "./safetensors-file.js";
import type { Inputs, Stage } from "./stages.js";

/** One process's numbers of one stage. */
interface SideMeasurement {
  /** Runtime and its version. */
  readonly version: string;
  readonly openSeconds: number;
  /** Median of the steps after the warm-up. */
  readonly stepSeconds: number;
  /** Every step after the warm-up. */
  readonly steps: readonly number[];
  /** Largest resident memory of the process. */
  readonly peakBytes: number;
}

/** What this project's network took. */
export interface OurMeasurement extends SideMeasurement {
  readonly dtype: "float32" | "int8";
  readonly weightBytes: number;
  readonly flops: number;
  /** Of the output, to that of diffusers in float32, or without it of ours. Absent where there is neither. */
  readonly deviation?: Deviation;
  /** What its operators took in the last step, where that was asked for. */
  readonly operators?: readonly OperatorTime[];
}

/** Types in which PyTorch computes. */
export const DIFFUSERS_DTYPES = ["float32", "bfloat16"] as const;

/** What the network of diffusers took. */
export interface TheirMeasurement extends SideMeasurement {
  readonly dtype: (typeof DIFFUSERS_DTYPES)[number];
}

/** How far an output is from another. */
export interface Deviation {
  /** Largest difference, over the largest value of the other. */
  readonly largest: number;
  /** Root of the mean square of the differences, over that of the other. */
  readonly relative: number;
}

/** What was measured of one stage. */
export interface Measurement {
  readonly stage: string;
  readonly title: string;
  /** float32, and int8 where there is a folder of it. */
  readonly unclip: readonly OurMeasurement[];
  /** One for each type that was asked for; empty where diffusers is missing. */
  readonly diffusers: readonly TheirMeasurement[];
}

/** Options of {@link measureStage}. */
export interface MeasureOptions {
  /** Steps after the warm-up. */
  readonly repeats: number;
  /** A folder of the same model in int8, which is measured too. */
  readonly int8?: string;
  /** Python with PyTorch and diffusers; without it only our side runs. */
  readonly python?: string;
  /** Types of diffusers' side; default float32. */
  readonly diffusersDtypes?: readonly TheirMeasurement["dtype"][];
  /** Threads of either side; default one for each core. */
  readonly threads?: number;
  /** Time that passed (default), or time that the processor spent on the process: the fair one on a machine that is busy with
   * other things, with one thread, as threads that wait spend time too. */
  readonly clock?: "elapsed" | "processor";
  /** Whether ONNX Runtime notes what operators take, which takes time itself; default false. */
  readonly profile?: boolean;
}

/** Measures a stage in a process for each side and type. Their steps alternate, so that a machine that becomes slower meanwhile is slower for all. */
export async function measureStage(
  folder: string,
  stage: Stage,
  config: Readonly<Record<string, unknown>>,
  { repeats, int8, python, diffusersDtypes = ["float32"], threads, clock = "elapsed", profile = false }: MeasureOptions,
): Promise<Measurement> {
  const scratch = await mkdtemp(join(tmpdir(), "unclip-bench-"));
  try {
    const inputs = join(scratch, "inputs.safetensors");
    await writeInputs(inputs, stage.inputs(config));
    const output = (side: string) => join(scratch, side);
    const settings = [String(threads ?? "all"), clock];
    const startOurs = (model: string, dtype: string) => {
      const files = [beside("measure.js"), model, stage.name, output(`unclip-${dtype}`)];
      return startProcess(process.execPath, [...files, ...settings, ...(profile ? [output(`profile-${dtype}`)] : [])]);
    };
    const operatorsOf = async (dtype: string) => {
      const file = (await readdir(scratch)).find((name) => name.startsWith(`profile-${dtype}`));
      return file === undefined ? undefined : readOperatorTimes(join(scratch, file));
    };
    const startTheirs = (dtype: string) => {
      const files = [beside("../measure.py"), folder, stage.name, inputs, output(`diffusers-${dtype}`)];
      return startProcess(python!, [...files, ...settings, dtype]);
    };
    const ourDtypes = int8 === undefined ? (["float32"] as const) : (["float32", "int8"] as const);
    const theirDtypes = python === undefined ? [] : diffusersDtypes;
    const sides = [];
    for (const dtype of ourDtypes) sides.push(await startOurs(dtype === "int8" ? int8! : folder, dtype));
    for (const dtype of theirDtypes) sides.push(await startTheirs(dtype));
    const measured = await runAlternately(sides, repeats);
    const reference = theirDtypes.includes("float32") ? "diffusers-float32" : "unclip-float32";
    const deviationOf = async (side: string) =>
      side === reference ? undefined : deviation(await readFloats(output(side)), await readFloats(output(reference)));
    const unclip: OurMeasurement[] = [];
    for (const [index, dtype] of ourDtypes.entries()) {
      const { weightBytes = 0, flops = 0 } = sides[index]!.opened;
      const deviation = await deviationOf(`unclip-${dtype}`);
      const operators = await operatorsOf(dtype);
      const found = { ...(deviation && { deviation }), ...(operators && { operators }) };
      unclip.push({ dtype, ...measured[index]!, weightBytes, flops, ...found });
    }
    const diffusers = theirDtypes.map((dtype, index) => ({ dtype, ...measured[ourDtypes.length + index]! }));
    return { stage: stage.name, title: stage.title, unclip, diffusers };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function runAlternately(sides: readonly MeasuringProcess[], repeats: number): Promise<SideMeasurement[]> {
  const steps = sides.map((): number[] => []);
  const peaks = sides.map(({ opened }) => opened.peakBytes);
  for (let repeat = 0; repeat <= repeats; repeat++) {
    for (const [index, side] of sides.entries()) {
      const { seconds, peakBytes } = await side.step();
      peaks[index] = Math.max(peaks[index]!, peakBytes);
      if (repeat > 0) steps[index]!.push(seconds);
    }
  }
  for (const side of sides) await side.end();
  return sides.map(({ opened }, index) => ({
    version: opened.version,
    openSeconds: opened.seconds,
    stepSeconds: median(steps[index]!),
    steps: steps[index]!,
    peakBytes: peaks[index]!,
  }));
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/** How far `a` is from `b`; NaN where either holds one, or their lengths differ. */
export function deviation(a: Float32Array, b: Float32Array): Deviation {
  if (a.length !== b.length) return { largest: NaN, relative: NaN };
  let [difference, scale, squares, power] = [0, 0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
    squares += (a[i]! - b[i]!) ** 2;
    power += b[i]! ** 2;
  }
  return { largest: difference / scale, relative: Math.sqrt(squares / power) };
}

async function writeInputs(path: string, inputs: Inputs): Promise<void> {
  const tensors = Object.entries(inputs).map(([key, { dims }]) => ({ key, dims }));
  const file = await createSafetensorsFile(path, tensors, "F32");
  for (const input of Object.values(inputs)) {
    const { buffer, byteOffset, byteLength } = valuesOf(input);
    await file.write(new Uint8Array(buffer, byteOffset, byteLength));
  }
  await file.close();
}

/** The float32 numbers of a file. */
export async function readFloats(path: string): Promise<Float32Array> {
  return new Float32Array(new Uint8Array(await readFile(path)).buffer);
}

/** Absolute path of a file beside this one, once it is built. */
export function beside(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
