type Json = Readonly<Record<string, unknown>>;

/** What the towers of Karlo's CLIP have in common. */
export const CLIP: Json = { hidden_act: "quick_gelu", layer_norm_eps: 1e-5, attention_dropout: 0 };

/** Merges of the tokenizer: CLIP's 48,894. */
export const mergeCount = (scale: number) => Math.floor(48894 / scale);

/** Entries of the vocabulary: 256 bytes, each also with the mark of a word's end, the merges, start and end. */
export const vocabularySize = (scale: number) => 2 * 256 + mergeCount(scale) + 2;

/** preprocessor_config.json of the image encoder. */
export const preprocessor = (imageSize: number): Json => ({
  image_processor_type: "CLIPImageProcessor",
  do_convert_rgb: true,
  do_resize: true,
  size: { shortest_edge: imageSize },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: imageSize, width: imageSize },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
});
