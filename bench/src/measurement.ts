import { valuesOf } from "@unclip/tensor";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess, type MeasuringProcess } from "./child.js";
import { createSafetensorsFile } from "./safetensors-file.js";
import type { Inputs, Stage } from "./stages.js";

/** One side's numbers of one stage. */
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

/** What was measured of one stage. */
export interface Measurement {
  readonly stage: string;
  readonly title: string;
  readonly weightBytes: number;
  readonly flops: number;
  readonly unclip: SideMeasurement;
  /** Absent where diffusers is. */
  readonly diffusers?: SideMeasurement;
  /** Largest difference of the two outputs, over the largest value of diffusers'. */
  readonly difference?: number;
}

/** Options of {@link measureStage}. */
export interface MeasureOptions {
  /** Steps after the warm-up. */
  readonly repeats: number;
  /** Python with PyTorch and diffusers; without it only our side runs. */
  readonly python?: string;
  /** Threads of either side; default one for each core. */
  readonly threads?: number;
  /** Time that passed (default), or time that the processor spent on the process: the fair one on a machine that is busy with
   * other things, with one thread, as threads that wait spend time too. */
  readonly clock?: "elapsed" | "processor";
}

/** Measures a stage in a process for each side. Their steps alternate, so that a machine that becomes slower meanwhile is slower for both. */
export async function measureStage(
  folder: string,
  stage: Stage,
  config: Readonly<Record<string, unknown>>,
  { repeats, python, threads, clock = "elapsed" }: MeasureOptions,
): Promise<Measurement> {
  const scratch = await mkdtemp(join(tmpdir(), "unclip-bench-"));
  try {
    const inputs = join(scratch, "inputs.safetensors");
    await writeInputs(inputs, stage.inputs(config));
    const output = (side: string) => join(scratch, side);
    const start = (command: string, file: string, given: readonly string[]) =>
      startProcess(command, [beside(file), folder, stage.name, ...given, String(threads ?? "all"), clock]);
    const ours = await start(process.execPath, "measure.js", [output("unclip")]);
    const theirs = python && (await start(python, "../measure.py", [inputs, output("diffusers")]));
    const sides = theirs ? [ours, theirs] : [ours];
    const [unclip, diffusers] = await runAlternately(sides, repeats);
    const { weightBytes = 0, flops = 0 } = ours.opened;
    const measured = { stage: stage.name, title: stage.title, weightBytes, flops, unclip: unclip! };
    if (diffusers === undefined) return measured;
    const difference = relativeDifference(await readFloats(output("unclip")), await readFloats(output("diffusers")));
    return { ...measured, diffusers, difference };
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

/** max |a - b| / max |b|; NaN where either holds one. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  let [difference, scale] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return a.length === b.length ? difference / scale : NaN;
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

async function readFloats(path: string): Promise<Float32Array> {
  return new Float32Array(new Uint8Array(await readFile(path)).buffer);
}

/** Absolute path of a file beside this one, once it is built. */
function beside(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
