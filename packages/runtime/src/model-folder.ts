import { UnclipError, type TextFolder } from "@unclip/tensor";

/** A model folder in the diffusers layout, wherever it lies. Paths are relative to it and use "/". */
export interface ModelFolder extends TextFolder {
  /** Weight files of this variant are taken where a component has them, for example "fp16"; otherwise, or if absent, the plain ones. */
  readonly variant?: string;
  sizeBytes(path: string): Promise<number>;
  /** The bytes [start, end) of a file. */
  bytes(path: string, start: number, end: number): Promise<Uint8Array>;
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
  /** Absolute path of the folder to which weight locations are relative: the model folder, or the Hugging Face cache if it lies
   * there, whose blobs its files link to. ONNX Runtime refuses weights that lie outside of it. */
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

/** The largest text file of a model is a vocabulary of some 20 MB. */
const MAX_TEXT_BYTES = 2 ** 27;

/** Refuses a text file that would not fit in memory.
 * @throws UnclipError "config" */
export function checkTextSize(sizeBytes: number, where: string): void {
  if (sizeBytes <= MAX_TEXT_BYTES) return;
  throw new UnclipError("config", `${where}: expected a text of ${MAX_TEXT_BYTES} bytes at most, got ${sizeBytes}`);
}
