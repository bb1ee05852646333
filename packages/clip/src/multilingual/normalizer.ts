import { PrecompiledNormalizer, SequenceNormalizer, StripNormalizer, type Normalizer } from "../hugging-face.js";
import { UnclipError } from "@unclip/tensor";

/** A cluster of that many bytes or more is looked up character by character only. */
const MAX_CLUSTER_BYTES = 6;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const clusters = new Intl.Segmenter("und", { granularity: "grapheme" });

/** The normaliser with the two parts made exact that the library itself simplifies: it takes NFKC and a few rules for a compiled
 * map of characters, and JavaScript's white space for Unicode's. */
export function exactNormalizer(normalizer: Normalizer | null, where: string): Normalizer | null {
  if (normalizer instanceof PrecompiledNormalizer) return new CharsmapNormalizer(normalizer, where);
  if (normalizer instanceof StripNormalizer) return new WhiteSpaceNormalizer(normalizer.config as StripConfig);
  if (normalizer instanceof SequenceNormalizer) {
    normalizer.normalizers = normalizer.normalizers.map((part) => exactNormalizer(part, where));
  }
  return normalizer;
}

interface StripFlags {
  readonly strip_left?: boolean;
  readonly strip_right?: boolean;
}

type StripConfig = ConstructorParameters<typeof StripNormalizer>[0];

/** Strips what Unicode calls white space. */
class WhiteSpaceNormalizer extends StripNormalizer {
  readonly #config: StripFlags;

  constructor(config: StripConfig) {
    super(config);
    this.#config = config as StripFlags;
  }

  override normalize(text: string): string {
    const { strip_left: left, strip_right: right } = this.#config;
    const begun = left ? text.replace(/^\p{White_Space}+/u, "") : text;
    return right ? begun.replace(/\p{White_Space}+$/u, "") : begun;
  }
}

/** Replaces characters and clusters of characters as SentencePiece compiled it.
 * @see Kudo and Richardson 2018 (arXiv:1808.06226) section 3.2 */
class CharsmapNormalizer extends PrecompiledNormalizer {
  readonly #replace: (chunk: string) => string | undefined;

  constructor({ config, charsmap }: PrecompiledNormalizer, where: string) {
    super(config as ConstructorParameters<typeof PrecompiledNormalizer>[0]);
    this.#replace = readCharsmap(String(charsmap), where);
  }

  override normalize(text: string): string {
    const replaced = Array.from(clusters.segment(text), ({ segment }) => {
      const whole = encoder.encode(segment).length < MAX_CLUSTER_BYTES ? this.#replace(segment) : undefined;
      return whole ?? Array.from(segment, (character) => this.#replace(character) ?? character).join("");
    });
    return replaced.join("");
  }
}

/** The map in base64: the size of a trie in bytes, the trie, and what its entries are replaced with, each ended by a zero. */
function readCharsmap(base64: string, where: string): (chunk: string) => string | undefined {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? 0 : view.getUint32(0, true);
  if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length) {
    throw new UnclipError("config", `${where}: precompiled_charsmap is damaged; download the file again`);
  }
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + size);
  return (chunk) => {
    const place = shortestPrefix(trie, encoder.encode(chunk));
    return place === undefined ? undefined : decoder.decode(texts.subarray(place, texts.indexOf(0, place)));
  };
}

/** The value of the shortest entry of a double-array trie that `key` begins with: as the reference has it, what follows is dropped.
 * A unit holds its label in 8 bits, whether a value follows in bit 8, and the distance to its children above.
 * @see Aoe 1989, An efficient digital search algorithm by using a double-array structure */
function shortestPrefix(trie: Uint32Array, key: Uint8Array): number | undefined {
  let place = offsetOf(trie[0]!);
  for (const byte of key) {
    place ^= byte;
    const unit = trie[place];
    if (byte === 0 || unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    place ^= offsetOf(unit);
    if ((unit >>> 8) & 1) return trie[place]! & 0x7fffffff;
  }
  return undefined;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
