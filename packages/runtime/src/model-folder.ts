import { parseRecord, readSchedulerConfig, UnclipError, type SchedulerConfig } from "@unclip/sampler";

/** A model folder in the diffusers layout, wherever it lies. Paths are relative to it and use "/". */
export interface ModelFolder {
  /** What messages call it: the path or address it was opened from. */
  readonly name: string;
  /** Weight files of this variant are taken where a component has them, for example "fp16"; otherwise, or if absent, the plain ones. */
  readonly variant?: string;
  has(path: string): Promise<boolean>;
  sizeBytes(path: string): Promise<number>;
  /** The bytes [start, end) of a file. */
  bytes(path: string, start: number, end: number): Promise<Uint8Array>;
  /** A whole text file. */
  text(path: string): Promise<string>;
  /** What a graph calls the weight file at `path`; the path itself if absent. */
  weightLocation?(path: string): string;
}

/** How to open a model folder. */
export interface FolderOptions {
  /** Weight files to take where a component has them, for example "fp16" for `model.fp16.safetensors`; default the plain ones. */
  readonly variant?: string;
}

/** A model folder on a disk, whose weights ONNX Runtime maps by path. */
export interface Directory extends ModelFolder {
  /** Absolute path. */
  readonly directory: string;
  /** Absolute path of the folder to which weight locations are relative: the nearest that holds both the model folder
   * and whatever its weight files link to. ONNX Runtime refuses weights that lie outside of it. */
  readonly weightsDirectory: string;
  weightLocation(path: string): string;
}

/** A model folder whose weights are handed to ONNX Runtime as blobs. */
export interface BlobFolder extends ModelFolder {
  blob(path: string): Promise<Blob>;
}

/** The path of a component's file.
 * @param component sub-folder, for example "decoder"; "" for the model folder itself */
export function pathIn(component: string, file: string): string {
  return component === "" ? file : `${component}/${file}`;
}

/** The JSON object in a file of the folder.
 * @throws UnclipError "config" if the file is missing or holds something else */
export async function readJson(folder: ModelFolder, path: string): Promise<Record<string, unknown>> {
  return parseRecord(await readText(folder, path), `${folder.name}/${path}`);
}

/** A text file of the folder.
 * @throws UnclipError "config" if it is missing */
export async function readText(folder: ModelFolder, path: string): Promise<string> {
  if (!(await folder.has(path))) {
    throw new UnclipError(
      "config",
      `${folder.name}: ${path} is missing; expected a complete model folder in the diffusers layout`,
    );
  }
  return folder.text(path);
}

/** The scheduler in a component's scheduler_config.json.
 * @throws UnclipError "config" if it is missing or not supported */
export async function readScheduler(folder: ModelFolder, component: string): Promise<SchedulerConfig> {
  const path = `${component}/scheduler_config.json`;
  return readSchedulerConfig(await readText(folder, path), `${folder.name}/${path}`);
}
