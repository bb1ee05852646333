import type { EncodedText, MultilingualTextEncoder, TextEncoder } from "@unclip/clip";

/** A text encoder that keeps what it said of the last captions: prior and decoder ask for the same ones. */
export function rememberLast<T extends TextEncoder | MultilingualTextEncoder>(textEncoder: T): T {
  let last: { readonly captions: string; readonly encoded: Promise<EncodedText> } | undefined;
  return {
    ...textEncoder,
    embed(list) {
      const captions = JSON.stringify(list);
      if (last?.captions !== captions) last = { captions, encoded: textEncoder.embed(list) };
      const { encoded } = last;
      encoded.catch(() => (last = undefined)); // the next who asks tries again
      return encoded;
    },
  };
}
