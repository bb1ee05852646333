import type { ClassifyOptions, LabelProbability } from "@unclip/clip";
import type { FolderSource, ListedFile } from "@unclip/runtime/web";
import { createRun, UnclipError, type Picture, type Run, type Tensor } from "@unclip/tensor";
import type { LoadOptions, Unclip } from "./load.js";
import type { StageStep } from "./timeline.js";
import { openConnection, type Connection } from "./worker/connection.js";
import type { PlainLoadOptions, Port } from "./worker/protocol.js";
import type { CaptionToken } from "./worker/caption-token.js";
import type { WorkerModel } from "./worker/worker-model.js";

export type {
  Arithmetic,
  Device,
  DiskFile,
  FolderSource,
  HubProgress,
  ListedFile,
  PassedOver,
} from "@unclip/runtime/web";
export type { LabelProbability } from "@unclip/clip";
export {
  cosineSimilarity,
  encodePng,
  isUnclipError,
  picturesFromPixels,
  readPicture,
  readPngTexts,
  resizePicture,
  toImageData,
  UnclipError,
  type BrowserPicture,
  type Picture,
  type Run,
  type Tensor,
} from "@unclip/tensor";
export type { Generation } from "./operation.js";
export { PRESET_NAMES, presetDefaults, type PresetName } from "./presets.js";
export type { Recipe } from "./recipe.js";
export type { StageStep, StageTiming } from "./timeline.js";
export type { StepInside } from "./step-inside.js";
export type { CaptionToken } from "./worker/caption-token.js";
export type { WorkerModel } from "./worker/worker-model.js";

/** Options of {@link createUnclipWorker}: those of `loadUnclip`, and how the Worker starts. */
export interface UnclipWorkerOptions extends PlainLoadOptions, Pick<LoadOptions, "onDownload" | "onEvent"> {
  /** The model, as for `loadUnclip`; default "toybox". */
  readonly source?: FolderSource;
  /** Starts the Worker; default the package's own script, which Vite and webpack find and bundle. Give one where the script lies
   * elsewhere: `() => new Worker("/unclip-worker.js", { type: "module" })`. */
  readonly worker?: () => Worker;
}

/** A model in a Worker: the page stays free while it works. Requests, results and errors are those of `loadUnclip`'s model, but requests
 * must be plain data: samplers and priors by name, a seed and no random stream. */
export interface UnclipWorker extends Pick<
  Unclip,
  "generate" | "vary" | "interpolate" | "mix" | "edit" | "components" | "compare" | "again" | "estimatePriorTable"
> {
  /** Starts the Worker and loads the model, if that has not been done; every run does so itself.
   * @throws UnclipError as `loadUnclip` does, "session" if the Worker's script does not start */
  load(): Promise<WorkerModel>;
  /** The tokens that the model's text encoder reads of a caption: start, the caption's own, end. */
  tokenize(caption: string): Run<CaptionToken[], StageStep>;
  /** CLIP text embeddings of captions, [N, D], not normalised. */
  embedCaptions(captions: readonly string[]): Run<Tensor, StageStep>;
  /** CLIP image embeddings of pictures, [N, D], not normalised. */
  embedPictures(pictures: readonly Picture[]): Run<Tensor, StageStep>;
  /** Which of the labels fits a picture. */
  classify(picture: Picture, labels: readonly string[], options?: ClassifyOptions): Run<LabelProbability[], StageStep>;
  /** Ends the Worker at once, in the middle of a step. Runs that are on their way fail with UnclipError "aborted"; the next one starts
   * another Worker. */
  restart(): void;
  /** Ends the Worker for good. Runs that are on their way, and later ones, fail with UnclipError "aborted". */
  dispose(): void;
}

/** A Worker that runs, and the model in it. */
interface Started {
  readonly worker: Worker;
  readonly connection: Connection;
  readonly model: Promise<WorkerModel>;
}

/** A model in a Worker of the page. The Worker starts and loads the model when it is first asked for something, and again after it has crashed:
 * what was on its way then fails with UnclipError "session". */
export function createUnclipWorker(options: UnclipWorkerOptions = {}): UnclipWorker {
  const { source, worker: create = createWorker, onDownload, onEvent, ...plain } = options;
  const listeners = { onDownload, onEvent } as Partial<Record<string, (value: unknown) => void>>;
  let started: Started | undefined;
  let isDisposed = false;

  const end = (error: Error) => {
    started?.worker.terminate();
    started?.connection.end(error);
    started = undefined;
  };
  const start = (): Started => {
    if (isDisposed) throw new UnclipError("aborted", "worker: was disposed; create another one");
    const worker = create();
    const crash = (reason: string) => {
      if (started?.worker === worker)
        end(new UnclipError("session", `worker: ${reason}; the next run starts another one`));
    };
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      crash(event.message ? `stopped: ${event.message}` : "its script cannot be loaded");
    });
    worker.addEventListener("messageerror", () => crash("a message could not be read"));
    const connection = openConnection(worker as Port, {
      onNews: (news, value) => listeners[news]?.(value),
      onFatal: ({ message }) => crash(`crashed: ${message}`),
    });
    const model = connection.ask({ type: "load", source: toPost(source), options: plain }) as Promise<WorkerModel>;
    model.catch(() => {
      if (started?.worker === worker) end(new UnclipError("aborted", "worker: the model could not be loaded")); // the next run tries again
    });
    return { worker, connection, model };
  };
  const connect = async () => {
    started ??= start();
    const { connection, model } = started;
    return { connection, model: await model };
  };
  const run = <T>(method: string, args: readonly unknown[], signal?: AbortSignal): Run<T, StageStep> =>
    createRun(async function* () {
      const { connection } = await connect();
      return yield* connection.run<T>(method, args, signal);
    });
  /** A method of the model, whose second argument has a signal beside the settings. */
  const operation =
    (method: string) =>
    <T>(subject: unknown, given: { signal?: AbortSignal; abortSignal?: AbortSignal } = {}): Run<T, StageStep> => {
      const { signal, abortSignal = signal, ...settings } = given;
      return run(method, [subject, settings], abortSignal);
    };

  return {
    generate: operation("generate"),
    vary: operation("vary"),
    interpolate: operation("interpolate"),
    mix: operation("mix"),
    edit: operation("edit"),
    components: operation("components"),
    compare: operation("compare"),
    again: operation("again"),
    estimatePriorTable: operation("estimatePriorTable"),
    load: async () => (await connect()).model,
    tokenize: (caption) => run("tokenize", [caption]),
    embedCaptions: (captions) => run("embedCaptions", [captions]),
    embedPictures: (pictures) => run("embedPictures", [pictures]),
    classify: (picture, labels, settings) => run("classify", [picture, labels, settings]),
    restart: () => end(new UnclipError("aborted", "worker: was restarted")),
    dispose() {
      isDisposed = true;
      end(new UnclipError("aborted", "worker: was disposed"));
    },
  };
}

/** A source as it can be posted: a URL as its text; files with their paths, which some browsers do not post along. */
function toPost(source: FolderSource | undefined): FolderSource | undefined {
  if (source instanceof URL) return source.href;
  if (!Array.isArray(source)) return source;
  const [first] = source as readonly unknown[];
  if (typeof File !== "undefined" && first instanceof File) {
    return (source as readonly File[]).map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  }
  const isListed = typeof first === "object" && first !== null && "url" in first;
  return isListed ? (source as readonly ListedFile[]).map((file) => ({ ...file, url: String(file.url) })) : source;
}

/** The package's own Worker, written so that bundlers see it. */
function createWorker(): Worker {
  return new Worker(new URL("./worker-thread.js", import.meta.url), { type: "module" });
}
