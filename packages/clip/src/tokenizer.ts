import { checkString, createConfigReader, parseRecord, quote, RANGES, UnclipError } from "@unclip/tensor";
import { createBytePairs, type BytePairs } from "./byte-pairs.js";

const START = "<|startoftext|>";
const END = "<|endoftext|>";

/** A caption in token ids. */
interface TokenizedCaption {
  /** Start, the caption's tokens, end, then padding: L ids. */
  readonly ids: Int32Array;
  /** 1 for start, the caption's tokens and end, 0 for padding: L values. */
  readonly mask: Uint8Array;
  /** The end of the caption where it did not fit, read back from its tokens: lower-cased, a space after each word. */
  readonly cut?: string;
}

/** CLIP's tokenizer: lower-cased byte-level byte-pair encoding, between a start and an end. */
export interface Tokenizer {
  /** L, ids of a caption: start, at most L - 2 tokens, end, padding. */
  readonly contextLength: number;
  /** The ids of one caption.
   * @throws UnclipError "input" if it holds half of a surrogate pair, which no encoding of text can hold */
  encode(caption: string): TokenizedCaption;
  /** The text of ids: lower-cased, a space after each word, special tokens by their names. */
  textOf(ids: readonly number[]): string;
}

/** A token that is found in a caption before the caption is split into words. */
interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Whether it is looked for in the lower-cased caption (true) or in the caption as it came (false). */
  readonly normalized: boolean;
}

/** Options of {@link createTokenizer}. */
interface TokenizerOptions {
  /** Id of each symbol. */
  readonly vocab: Readonly<Record<string, number>>;
  /** Pairs of symbols that join, the first to join first. */
  readonly merges: readonly (readonly [string, string])[];
  /** L. Default 77. */
  readonly contextLength?: number;
  /** Stands first. Default "<|startoftext|>". */
  readonly bosToken?: string;
  /** Stands last. Default "<|endoftext|>". */
  readonly eosToken?: string;
  /** Stands for symbols that the vocabulary lacks. Default "<|endoftext|>". */
  readonly unkToken?: string;
  /** Fills up after the end. Default "<|endoftext|>"; Karlo's is "!". */
  readonly padToken?: string;
  /** What is known of added tokens. A special token that is not among them is looked for in the caption as it came. */
  readonly addedTokens?: readonly AddedToken[];
  /** The files' name, for messages. Default "tokenizer". */
  readonly where?: string;
}

/** A tokenizer equal to transformers 5's CLIPTokenizer, which is CLIPTokenizerFast of transformers 4.
 * Version 4's slow CLIPTokenizer differs on control characters, which it drops, on Chinese characters, which it makes
 * words of their own, and on a few letters.
 * @throws UnclipError "config" if a special token or a part of a merge is not in the vocabulary */
export function createTokenizer(options: TokenizerOptions): Tokenizer {
  const { bosToken = START, eosToken = END, unkToken = END, padToken = END, addedTokens = [] } = options;
  const { contextLength = 77, merges, where = "tokenizer" } = options;
  if (!Number.isInteger(contextLength) || contextLength < 2 || contextLength > RANGES.tokens.max) {
    const expected = `expected a context of 2 tokens, start and end, to ${RANGES.tokens.max}`;
    throw new UnclipError("config", `${where}: ${expected}, got ${contextLength}`);
  }
  const added = addedTokens.map(({ content, id }) => [content, id] as const);
  const vocab = new Map([...added, ...Object.entries(options.vocab)]);
  const roles = [bosToken, eosToken, unkToken, padToken];
  const lacking = roles.find((content) => !vocab.has(content));
  if (lacking !== undefined) {
    const cure = "are its files from one model?";
    throw new UnclipError("config", `${where}: the vocabulary lacks the special token "${quote(lacking)}"; ${cure}`);
  }
  const [start, end, unknown, padding] = roles.map((content) => vocab.get(content)!) as [
    number,
    number,
    number,
    number,
  ];
  const special = roles.map((content) => ({ content, id: vocab.get(content)!, normalized: false }));
  const known = addedTokens.map((token) => ({ ...token, id: vocab.get(token.content)! }));
  const pairs = createBytePairs({ vocab, merges, unknown, where });
  const idsOf = captionEncoder([...special, ...known], pairs);
  return {
    contextLength,
    textOf: pairs.textOf,
    encode(caption) {
      checkString("caption", caption);
      if (/\p{Surrogate}/u.test(caption)) {
        const cause = "was the text cut inside a character?";
        throw new UnclipError("input", `caption: it holds half of a surrogate pair; ${cause}`);
      }
      const tokens = idsOf(caption);
      const [kept, dropped] = [tokens.slice(0, contextLength - 2), tokens.slice(contextLength - 2)];
      const ids = new Int32Array(contextLength).fill(padding);
      ids.set([start, ...kept, end]);
      const mask = new Uint8Array(contextLength).fill(1, 0, kept.length + 2);
      return dropped.length === 0 ? { ids, mask } : { ids, mask, cut: pairs.textOf(dropped) };
    },
  };
}

/** A caption's ids, without start and end: those of added tokens, and of the byte pairs of what stands between them.
 * @param added of two entries for one content the later counts */
function captionEncoder(added: readonly AddedToken[], pairs: BytePairs): (caption: string) => number[] {
  const tokens = [...new Map(added.map((token) => [token.content, token])).values()];
  const splitRaw = splitter(tokens.filter(({ normalized }) => !normalized));
  const normalized = tokens.filter((token) => token.normalized);
  const splitNormalized = splitter(normalized.map((token) => ({ ...token, content: normalize(token.content) })));
  return (caption) => splitRaw(caption, (part) => splitNormalized(normalize(part), pairs.idsOf));
}

/** Composed characters, single spaces, small letters: each letter by itself, so that no rule for a word's end applies. */
function normalize(text: string): string {
  const spaced = text.normalize("NFC").replace(/\p{White_Space}+/gu, " ");
  return Array.from(spaced, (character) => character.toLowerCase()).join("");
}

/** Takes a text apart at `tokens`, the longest where several fit. */
function splitter(tokens: readonly AddedToken[]) {
  const ids = new Map(tokens.map(({ content, id }) => [content, id]));
  const longestFirst = [...ids.keys()].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  const pattern = new RegExp(escaped.length === 0 ? "(?!)" : `(${escaped.join("|")})`, "u");
  return (text: string, idsBetween: (text: string) => number[]) =>
    text.split(pattern).flatMap((part, i) => (i % 2 === 1 ? [ids.get(part)!] : idsBetween(part)));
}

/** What {@link readTokenizer} needs of a model folder. Paths use "/". */
export interface TokenizerFiles {
  /** What messages call the folder. */
  readonly name: string;
  has(path: string): Promise<boolean>;
  /** A whole text file. */
  text(path: string): Promise<string>;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the files of a CLIPTokenizer: tokenizer.json, or else vocab.json and merges.txt. Special tokens and the length
 * are those of tokenizer_config.json; special_tokens_map.json counts where that file does not list its added tokens.
 * What no file says takes CLIPTokenizer's defaults, and 77 tokens.
 * @param folder where the files lie in the model folder, "" for its top
 * @throws UnclipError "config" if files are missing or hold another kind of tokenizer */
export async function readTokenizer(files: TokenizerFiles, folder = "tokenizer"): Promise<Tokenizer> {
  const { where, text, json } = openFolder(files, folder);
  const config = (await json("tokenizer_config.json")) ?? {};
  checkKind(config, where("tokenizer_config.json"));
  const map = "added_tokens_decoder" in config ? undefined : await json("special_tokens_map.json");
  const whole = await json("tokenizer.json");
  const [vocab, merges] = whole ? [] : [await json("vocab.json"), await text("merges.txt")];
  if (whole === undefined && (vocab === undefined || merges === undefined)) {
    const expected = "expected tokenizer.json, or vocab.json and merges.txt";
    throw new UnclipError("config", `${where("tokenizer.json")} is missing; ${expected}; download the model again`);
  }
  const pairs = whole
    ? readWhole(whole, where("tokenizer.json"))
    : readPair(vocab!, merges!, { vocab: where("vocab.json"), merges: where("merges.txt") });
  return createTokenizer({
    ...pairs,
    ...readSpecialTokens({ ...config, ...map }, whole, pairs.vocab, where("tokenizer_config.json")),
    contextLength: readLength(config),
    where: where(""),
  });
}

/** The files of one folder by name, undefined where they are missing. */
function openFolder(files: TokenizerFiles, folder: string) {
  const pathOf = (file: string) => [folder, file].filter((part) => part !== "").join("/");
  const where = (file: string) => [files.name, folder, file].filter((part) => part !== "").join("/");
  const text = async (file: string) => ((await files.has(pathOf(file))) ? files.text(pathOf(file)) : undefined);
  const json = async (file: string): Promise<Json | undefined> => {
    const found = await text(file);
    return found === undefined ? undefined : parseRecord(found, where(file));
  };
  return { where, text, json };
}

function checkKind(config: Json, where: string): void {
  const read = createConfigReader(config, where);
  read.only("tokenizer_class", "CLIPTokenizer", "CLIPTokenizerFast");
  read.only("padding_side", "right");
  read.only("truncation_side", "right");
  read.only("split_special_tokens", false);
}

/** A file without a length, or with transformers' mark for none, means CLIP's 77. */
function readLength(config: Json): number {
  const length = config["model_max_length"];
  return typeof length === "number" && length < 1e9 ? length : 77;
}

type Pairs = Pick<TokenizerOptions, "vocab" | "merges">;

/** The byte pairs of a tokenizer.json: merges are pairs, or in older files "first second". */
function readWhole(whole: Json, where: string): Pairs {
  const model = whole["model"];
  if (!isRecord(model)) throw new UnclipError("config", `${where}: expected an object under "model"`);
  const read = createConfigReader(model, `${where}: model`);
  read.only("type", "BPE");
  read.exactly("end_of_word_suffix", "</w>");
  const merges = model["merges"];
  if (!Array.isArray(merges)) throw new UnclipError("config", `${where}: expected a list under "model.merges"`);
  const pairs = merges.map((merge: unknown) => (typeof merge === "string" ? merge.split(" ") : merge));
  return { vocab: checkedVocab(model["vocab"], where), merges: checkedMerges(pairs, where) };
}

/** The byte pairs of vocab.json and merges.txt, which opens with its version. */
function readPair(vocab: Json, merges: string, where: { vocab: string; merges: string }): Pairs {
  const lines = merges.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  const pairs = lines.map((line) => line.split(" "));
  return { vocab: checkedVocab(vocab, where.vocab), merges: checkedMerges(pairs, where.merges) };
}

function checkedVocab(vocab: unknown, where: string): Readonly<Record<string, number>> {
  if (isRecord(vocab) && Object.values(vocab).every(isId)) return vocab as Readonly<Record<string, number>>;
  throw new UnclipError("config", `${where}: expected a vocabulary that gives each symbol an integer id`);
}

function isId(id: unknown): id is number {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < RANGES.vocabulary.max;
}

function checkedMerges(merges: readonly unknown[], where: string): [string, string][] {
  const isSymbol = (part: unknown) => typeof part === "string" && part !== "";
  const wrong = merges.find((merge) => !(Array.isArray(merge) && merge.length === 2 && merge.every(isSymbol)));
  if (wrong === undefined) return merges as [string, string][];
  throw new UnclipError("config", `${where}: expected merges of two symbols each, got ${quote(JSON.stringify(wrong))}`);
}

const SPECIAL_KEYS = {
  bosToken: "bos_token",
  eosToken: "eos_token",
  unkToken: "unk_token",
  padToken: "pad_token",
} as const;

/** The special tokens by role, and what the files say of the tokens they list.
 * @param whole a tokenizer.json, whose list counts where the config has none */
function readSpecialTokens(config: Json, whole: Json | undefined, vocab: Pairs["vocab"], where: string) {
  const decoder = config["added_tokens_decoder"];
  const listed = isRecord(decoder)
    ? Object.entries(decoder).map(([id, token]) => readAddedToken(token, Number(id), where))
    : readAddedTokens(whole?.["added_tokens"] ?? [], where);
  if (listed.length > MAX_ADDED_TOKENS) {
    throw new UnclipError(
      "config",
      `${where}: expected ${MAX_ADDED_TOKENS} added tokens at most, got ${listed.length}`,
    );
  }
  const roles: Partial<Record<keyof typeof SPECIAL_KEYS, string>> = {};
  const named: AddedToken[] = [];
  for (const [role, key] of Object.entries(SPECIAL_KEYS) as [keyof typeof SPECIAL_KEYS, string][]) {
    const token = config[key];
    if (token === undefined) continue;
    const content = typeof token === "string" ? token : readAddedToken(token, 0, where).content;
    roles[role] = content;
    if (isRecord(token) && Object.hasOwn(vocab, content)) named.push(readAddedToken(token, vocab[content]!, where));
  }
  return { ...roles, addedTokens: [...named, ...listed] };
}

/** They become one pattern that is looked for in captions; CLIP has two. */
const MAX_ADDED_TOKENS = 1000;
const MAX_TOKEN_CHARACTERS = 256;

/** The list of a tokenizer.json, where each token gives its id. */
function readAddedTokens(tokens: unknown, where: string): AddedToken[] {
  if (!Array.isArray(tokens)) {
    throw new UnclipError("config", `${where}: expected a list of added_tokens, got ${quote(JSON.stringify(tokens))}`);
  }
  return tokens.map((token: unknown) => readAddedToken(token, isRecord(token) ? token["id"] : undefined, where));
}

function readAddedToken(token: unknown, id: unknown, where: string): AddedToken {
  const content = isRecord(token) ? token["content"] : undefined;
  if (!isRecord(token) || typeof content !== "string" || content === "" || content.length > MAX_TOKEN_CHARACTERS) {
    throw new UnclipError(
      "config",
      `${where}: expected a token with its "content", got ${quote(JSON.stringify(token))}`,
    );
  }
  if (!isId(id)) {
    const got = quote(JSON.stringify(id));
    throw new UnclipError("config", `${where}: expected an integer id of the token "${quote(content)}", got ${got}`);
  }
  const read = createConfigReader(token, `${where}: ${quote(content)}`);
  for (const key of ["lstrip", "rstrip", "single_word"]) read.only(key, false);
  return { content, id, normalized: read.flag("normalized", false) };
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
