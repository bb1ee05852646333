import {
  isHubModelId,
  openHubModel,
  openModelFolder,
  type FolderSource,
  type HubModel,
  type HubProgress,
  type ModelFolder,
  type SelectFiles,
} from "@unclip/runtime";
import { UnclipError } from "@unclip/tensor";

/** How a model is found, and which of its files are read. */
export interface SourceOptions {
  /** "fp16" takes the half-precision files (`*.fp16.safetensors`) of components that have them; default "fp32". It concerns storage:
   * networks compute in float32. */
  dtype?: "fp32" | "fp16";
  /** The model whose prior makes image embeddings of captions, of a model that takes one from elsewhere: a folder, or an id on the hub. */
  priorModel?: string | URL;
  /** Take models of the hub from the cache alone, without a request; default: what HF_HUB_OFFLINE says. */
  offline?: boolean;
  /** Progress of a download, over all files. */
  onDownload?: (progress: HubProgress) => void;
  /** Stops the download, which goes on from there the next time. */
  signal?: AbortSignal;
}

/** A model folder, and the name under which recipes know it. */
export interface OpenModel {
  readonly folder: ModelFolder;
  readonly name: string;
}

/** Opens what `loadUnclip`, `loadClip` and `inspectModel` are given: "toybox", a folder, or an id on the hub. A folder goes before an
 * id of the same spelling.
 * @param files which files of a model on the hub are fetched
 * @throws UnclipError "input" if there is no such folder or toybox is not installed, "download" if the hub has no such model or cannot be reached */
export async function openModel(source: FolderSource, options: SourceOptions, files: SelectFiles): Promise<OpenModel> {
  const { dtype, offline, onDownload: onProgress, signal } = options;
  const variant = dtype === "fp16" ? dtype : undefined;
  const how = { variant, onProgress, signal };
  if (source === "toybox")
    return { folder: await openModelFolder(await importToybox(), { ...how, name: "toybox" }), name: "toybox" };
  if (typeof source === "string" && isHubModelId(source)) {
    const local = await openModelFolder(source, how).catch(() => undefined);
    const isFolder = local !== undefined && ("directory" in local || (await hasModel(local)));
    if (!isFolder) {
      const hub = await openHubModel(source, { ...how, offline, files });
      return { folder: hub, name: nameOf(hub) };
    }
  }
  const folder = await openModelFolder(source, how);
  return { folder, name: folder.name };
}

/** Where the shipped model is. It is a package of its own, so that only those install it who use it. */
async function importToybox(): Promise<FolderSource> {
  try {
    return (await import("@unclip/toybox")).toybox;
  } catch (cause) {
    throw new UnclipError(
      "input",
      'toybox: the shipped model is not installed; install it with "npm install @unclip/toybox", or name another model',
      { cause },
    );
  }
}

async function hasModel(folder: ModelFolder): Promise<boolean> {
  return (await folder.has("model_index.json")) || (await folder.has("config.json"));
}

/** `owner/name@commit`, which opens exactly these files again. */
function nameOf({ id, commit }: HubModel): string {
  return `${id}@${commit}`;
}
