import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { presetDefaults, type PresetName } from "unclip";
import { startProcess } from "./child.js";
import { beside, deviation, median, readFloats, type TheirMeasurement } from "./measurement.js";
import type { PictureSettings } from "./picture-settings.js";

/** A way to paint: a side with its type, and of ours a preset. */
export interface Way {
  readonly side: "unclip" | "diffusers";
  readonly dtype: "float32" | "int8" | "bfloat16";
  /** Of unclip. */
  readonly preset?: PresetName;
}

/** What pictures took in one way. */
export interface PictureMeasurement extends Way {
  /** Runtime and its version. */
  readonly version: string;
  /** Of loading the model, with the networks that opened for the first picture. */
  readonly openSeconds: number;
  /** Of painting with open networks: the median of the pictures. */
  readonly paintSeconds: number;
  /** Of each picture, with what opened for it. */
  readonly pictures: readonly PaintedPicture[];
  /** Largest resident memory of the process. */
  readonly peakBytes: number;
  /** How far its pixels are from those of unclip in float32 with preset exact, for the same seeds: the root of the mean square of the differences, over
   * that of the values. Absent for that one itself, and where it was not measured. */
  readonly errors?: { readonly decoder: number; readonly final: number };
}

interface PaintedPicture {
  readonly openSeconds: number;
  readonly paintSeconds: number;
}

/** Options of {@link measurePictures}. */
export interface PictureOptions extends PictureSettings {
  readonly presets: readonly PresetName[];
  /** A folder of the same model in int8, which is measured too. */
  readonly int8?: string;
  /** Python with PyTorch and diffusers; without it only our side paints. */
  readonly python?: string;
  readonly diffusersDtypes: readonly TheirMeasurement["dtype"][];
  /** Told of each way before it begins. */
  readonly onBegin?: (way: Way) => void;
}

/** Paints whole pictures in every way, one after another, each in a process of its own. */
export async function measurePictures(folder: string, options: PictureOptions): Promise<PictureMeasurement[]> {
  const { onBegin = () => {} } = options;
  const scratch = await mkdtemp(join(tmpdir(), "unclip-bench-"));
  try {
    const measured: PictureMeasurement[] = [];
    for (const way of waysOf(options)) {
      onBegin(way);
      measured.push(await measure(way, folder, join(scratch, nameOf(way)), options));
    }
    const reference = measured.find(isReference);
    if (reference === undefined) return measured;
    const errorOf = async (way: Way, picture: "decoder" | "final") => {
      const [ours, exact] = [way, reference].map((one) => readFloats(join(scratch, `${nameOf(one)}-${picture}`)));
      return deviation(await ours!, await exact!).relative;
    };
    return await Promise.all(
      measured.map(async (one) =>
        one === reference
          ? one
          : { ...one, errors: { decoder: await errorOf(one, "decoder"), final: await errorOf(one, "final") } },
      ),
    );
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** Ours first: float32, then int8, each with every preset; then those of diffusers. */
export function waysOf({ presets, int8, python, diffusersDtypes }: Omit<PictureOptions, keyof PictureSettings>): Way[] {
  const ourDtypes = int8 === undefined ? (["float32"] as const) : (["float32", "int8"] as const);
  const theirDtypes = python === undefined ? [] : diffusersDtypes;
  return [
    ...ourDtypes.flatMap((dtype) => presets.map((preset) => ({ side: "unclip" as const, dtype, preset }))),
    ...theirDtypes.map((dtype) => ({ side: "diffusers" as const, dtype })),
  ];
}

/** What a way is called, for example "unclip int8 fast". */
export function nameOf({ side, dtype, preset }: Way): string {
  return [side, dtype, ...(preset === undefined ? [] : [preset])].join(" ");
}

function isReference({ side, dtype, preset }: Way): boolean {
  return side === "unclip" && dtype === "float32" && preset === "exact";
}

async function measure(
  { side, dtype, preset }: Way,
  folder: string,
  output: string,
  { captions, settings, threads, int8, python }: PictureOptions,
): Promise<PictureMeasurement> {
  const told = JSON.stringify({ captions, settings: presetDefaults(settings, preset), threads, dtype });
  const process_ = await (side === "unclip"
    ? startProcess(process.execPath, [beside("paint.js"), dtype === "int8" ? int8! : folder, output, told])
    : startProcess(python!, [beside("../paint.py"), folder, output, told]));
  const { opened } = process_;
  let { peakBytes } = opened;
  const pictures: PaintedPicture[] = [];
  for (let i = 0; i < captions.length; i++) {
    const { seconds, openSeconds = 0, peakBytes: peak } = await process_.step();
    pictures.push({ openSeconds, paintSeconds: seconds - openSeconds });
    peakBytes = Math.max(peakBytes, peak);
  }
  await process_.end();
  return {
    side,
    dtype,
    ...(preset !== undefined && { preset }),
    version: opened.version,
    openSeconds: opened.seconds + pictures[0]!.openSeconds,
    paintSeconds: median(pictures.map(({ paintSeconds }) => paintSeconds)),
    pictures,
    peakBytes,
  };
}
