import type { ModelIndex } from "./model-index.js";

/** Where the towers of a pipeline's CLIP lie. */
export interface ClipTowers {
  readonly text?: { readonly component: string; readonly tokenizer: string };
  readonly image?: { readonly component: string; readonly preprocessor: string };
}

/** The towers of CLIP among a pipeline's components. A text encoder counts only with its projection: without, as a decoder has it, its
 * captions have no embeddings beside those of pictures. */
export function clipTowers({ components }: ModelIndex): ClipTowers {
  const found = (names: readonly string[]) => names.find((name) => components.has(name));
  const text = ["prior_text_encoder", "text_encoder"].find((name) => components.get(name) === PROJECTED);
  const image = found(["prior_image_encoder", "image_encoder"]);
  const preprocessor = found(["prior_image_processor", "image_processor", "feature_extractor"]);
  return {
    ...(text !== undefined && { text: { component: text, tokenizer: text.replace("text_encoder", "tokenizer") } }),
    ...(image !== undefined && preprocessor !== undefined && { image: { component: image, preprocessor } }),
  };
}

const PROJECTED = "CLIPTextModelWithProjection";

/** The folders that hold them. */
export function componentsOf({ text, image }: ClipTowers): string[] {
  return [...Object.values(text ?? {}), ...Object.values(image ?? {})];
}
