import { quote, UnclipError } from "@unclip/tensor";

/** Byte-level byte-pair encoding of words, without special tokens. */
export interface BytePairs {
  /** Ids of a text that is lower-cased already: it falls into words, a word into bytes, and the bytes join as trained. */
  idsOf(text: string): number[];
  /** The text of ids, with a space after each word and U+FFFD for parts of a character. */
  textOf(ids: readonly number[]): string;
}

/** Options of {@link createBytePairs}. */
export interface BytePairOptions {
  /** Id of each symbol. */
  readonly vocab: ReadonlyMap<string, number>;
  /** Pairs of symbols that join, the first to join first. */
  readonly merges: readonly (readonly [string, string])[];
  /** Id of symbols that the vocabulary lacks. */
  readonly unknown: number;
  /** The files' name, for messages. */
  readonly where: string;
}

/** CLIP's byte-pair encoding over a vocabulary.
 * @throws UnclipError "config" if a merge has a part, or makes a symbol, that is not in the vocabulary */
export function createBytePairs({ vocab, merges, unknown, where }: BytePairOptions): BytePairs {
  const unusable = merges.find(
    ([first, second]) => ![first, second, first + second].every((symbol) => vocab.has(symbol)),
  );
  if (unusable !== undefined) {
    const [pair, joined] = [quote(unusable.join(" ")), quote(unusable.join(""))];
    throw new UnclipError(
      "config",
      `${where}: expected a vocabulary with both parts of the merge "${pair}" and with "${joined}"; are vocabulary and merges from one model?`,
    );
  }
  const ranks = new Map(merges.map((pair, rank) => [pair.join(" "), rank]));
  const symbols = new Map([...vocab].map(([symbol, id]) => [id, symbol]));
  const idOf = (symbol: string) => vocab.get(symbol) ?? unknown;
  return {
    idsOf: (text) => wordsOf(text).flatMap((word) => mergeSymbols(symbolsOf(word), ranks).map(idOf)),
    textOf: (ids) => textOfSymbols(ids.map((id) => symbols.get(id) ?? "")),
  };
}

const WORD = "'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\p{White_Space}\\p{L}\\p{N}]+";
const PARTS = new RegExp(`<\\|startoftext\\|>|<\\|endoftext\\|>|${WORD}`, "gu");
const WORDS = new RegExp(WORD, "gu");

/** CLIP's split sees the special tokens as words; the byte-level split that follows it takes them apart again. */
function wordsOf(text: string): string[] {
  return (text.match(PARTS) ?? []).flatMap((part) => part.match(WORDS) ?? []);
}

const WORD_END = "</w>";

/** A printable character for each byte: itself where it is printable Latin-1, else the next free one from U+0100 on. */
const BYTE_SYMBOLS: readonly string[] = (() => {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let free = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : free++));
})();

const BYTES = new Map(BYTE_SYMBOLS.map((symbol, byte) => [symbol, byte]));

function symbolsOf(word: string): string[] {
  const symbols = Array.from(new TextEncoder().encode(word), (byte) => BYTE_SYMBOLS[byte]!);
  symbols.push(symbols.pop()! + WORD_END);
  return symbols;
}

/** Joins neighbours, the pair of lowest rank first and the leftmost of equals, until no pair is in `ranks`. */
function mergeSymbols(symbols: string[], ranks: ReadonlyMap<string, number>): string[] {
  const rankAt = (i: number) => ranks.get(`${symbols[i]} ${symbols[i + 1]}`) ?? Infinity;
  const pairRanks = symbols.map((_, i) => rankAt(i));
  for (;;) {
    const at = lowest(pairRanks);
    if (pairRanks[at] === Infinity) return symbols;
    symbols.splice(at, 2, symbols[at]! + symbols[at + 1]!);
    pairRanks.splice(at, 1);
    pairRanks[at] = rankAt(at);
    if (at > 0) pairRanks[at - 1] = rankAt(at - 1);
  }
}

/** Index of the first of the smallest values. */
function lowest(values: readonly number[]): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[at]!) at = i;
  return at;
}

function textOfSymbols(symbols: readonly string[]): string {
  const bytes = Array.from(
    symbols.join("").replaceAll(WORD_END, " "),
    (symbol) => BYTES.get(symbol) ?? symbol.charCodeAt(0),
  );
  return new TextDecoder().decode(Uint8Array.from(bytes)).trim();
}
