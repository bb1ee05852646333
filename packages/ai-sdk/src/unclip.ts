import type {
  ImageModelV3,
  ImageModelV3CallOptions,
  ImageModelV3File,
  JSONArray,
  SharedV3Warning,
} from "@ai-sdk/provider";
import {
  encodePng,
  isUnclipError,
  loadUnclip,
  MOST_PICTURES,
  UnclipError,
  type FolderSource,
  type GenerateRequest,
  type Generation,
  type LoadOptions,
  type Picture,
  type Unclip,
} from "unclip";
import { sizeSettings } from "./size.js";

/** Options of {@link unclip}: those of `loadUnclip`, and how picture files are read. */
export interface UnclipModelOptions extends Omit<LoadOptions, "signal"> {
  /** Decodes a picture file that a call brings, as 8-bit RGB; without it a call with pictures is refused. With sharp:
   * `async (bytes) => { const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
   * return { width: info.width, height: info.height, data }; }` */
  readonly readImage?: (bytes: Uint8Array) => Promise<Picture>;
}

/** An image model of the AI SDK that paints on this machine. */
export interface UnclipImageModel extends ImageModelV3 {
  /** Gives the memory of all networks back; the next call loads the model again. */
  dispose(): Promise<void>;
}

/** unCLIP as an image model of the AI SDK. The model is loaded when it is first asked, and stays.
 *
 * `n`, `seed` (default 0: the same call gives the same pictures), `size` and `abortSignal` are followed. A prompt paints it, pictures without a
 * prompt are varied, and a picture with a prompt is painted over, under a mask if there is one. Whatever else a request of `generate` takes
 * stands in `providerOptions.unclip`. Each picture is a PNG with its recipe inside; `providerMetadata.unclip.images` has them too.
 * @param source what `loadUnclip` opens: "toybox" (default), a folder, an id on the hub
 * @throws UnclipError, in a call, as `loadUnclip` and `generate` do; the signal's reason if it fires */
export function unclip(source: FolderSource = "toybox", options: UnclipModelOptions = {}): UnclipImageModel {
  const { readImage, ...loadOptions } = options;
  let loading: Promise<Unclip> | undefined;
  function load(): Promise<Unclip> {
    loading ??= loadUnclip(source, loadOptions).catch((error: unknown) => {
      loading = undefined; // the next call tries again
      throw error;
    });
    return loading;
  }
  return {
    specificationVersion: "v3",
    provider: "unclip",
    modelId: String(source),
    maxImagesPerCall: MOST_PICTURES,
    async doGenerate(call) {
      const timestamp = new Date();
      try {
        call.abortSignal?.throwIfAborted();
        const model = await load();
        const warnings: SharedV3Warning[] = [];
        if (call.aspectRatio !== undefined)
          warnings.push({ type: "unsupported", feature: "aspectRatio", details: "give a size" });
        const generation = await paint(model, call, { warnings, readImage });
        for (const message of generation.warnings) warnings.push({ type: "other", message });
        const recipes = generation.images.map((_, i) => ({ ...generation.recipe, shows: { picture: i + 1 } }));
        const images = await Promise.all(
          generation.images.map((picture, i) => encodePng(picture, { unclip: JSON.stringify(recipes[i]) })),
        );
        return {
          images,
          warnings,
          providerMetadata: { unclip: { images: recipes.map((recipe) => ({ recipe })) as unknown as JSONArray } },
          response: { timestamp, modelId: model.model, headers: undefined },
        };
      } catch (error) {
        if (isUnclipError(error, "aborted")) call.abortSignal?.throwIfAborted(); // as fetch and the AI SDK say it
        throw error;
      }
    },
    async dispose() {
      const loaded = await loading?.catch(() => undefined);
      loading = undefined;
      await loaded?.dispose();
    },
  };
}

/** What painting a call needs besides the call. */
interface Workplace {
  /** Takes what a call asks for in vain. */
  readonly warnings: SharedV3Warning[];
  readonly readImage: UnclipModelOptions["readImage"];
}

async function paint(model: Unclip, call: ImageModelV3CallOptions, workplace: Workplace): Promise<Generation> {
  const { prompt, n, seed, size, files = [], mask, providerOptions, abortSignal } = call;
  const { settings, warning } = sizeSettings(size, model.stages);
  if (warning !== undefined) workplace.warnings.push({ type: "unsupported", feature: "size", details: warning });
  const request = {
    n,
    ...(seed !== undefined && { seed }),
    ...settings,
    ...(providerOptions?.["unclip"] as GenerateRequest | undefined),
    ...(abortSignal && { signal: abortSignal }),
  };
  const pictures = await Promise.all(files.map((file) => readFile(file, "files", workplace)));
  const area = mask && (await readFile(mask, "mask", workplace));
  if (prompt === undefined || prompt === "") {
    if (pictures.length > 0 && area === undefined) return model.vary(pictures, request);
    throw new UnclipError("input", "prompt: give a caption, or pictures without a mask to vary");
  }
  if (pictures.length > 1)
    throw new UnclipError("input", `files: expected one picture beside a prompt, got ${pictures.length}`);
  const [image] = pictures;
  return model.generate(prompt, { ...request, ...(image && { image }), ...(area && { mask: area }) });
}

async function readFile(file: ImageModelV3File, where: string, { readImage }: Workplace): Promise<Picture> {
  if (readImage === undefined)
    throw new UnclipError("input", `${where}: nothing reads picture files; give the option readImage to unclip(...)`);
  if (file.type === "url")
    throw new UnclipError("input", `${where}: expected a picture's bytes, got an address; nothing is fetched here`);
  return readImage(typeof file.data === "string" ? bytesOf(file.data) : file.data);
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
