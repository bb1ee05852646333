import { createTokenizer, readTokenizer } from "@unclip/clip";
import { isUnclipError } from "@unclip/tensor";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fixturePath, readFixture } from "../../../test-support/index.js";

interface TokenizerFixture {
  tokenizer: string;
  cases: { text: string; ids: number[]; maskLength: number; fullIds: number[] }[];
}

const fixture = readFixture<TokenizerFixture>("tokenizer.json");
const random = readFixture<{ cases: [string, string][] }>("tokenizer-random.json");
const FILES = ["vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"] as const;
const [vocabText, mergesText, mapText, configText] = FILES.map((file) =>
  readFileSync(fixturePath(`${fixture.tokenizer}/${file}`), "utf8"),
) as [string, string, string, string];
const karlo = { "vocab.json": vocabText, "merges.txt": mergesText, "tokenizer_config.json": configText };
const vocab = JSON.parse(vocabText) as Record<string, number>;
const merges = mergesText
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(" ") as [string, string]);

/** A tokenizer from the texts of its files. */
function read(files: Record<string, string>) {
  const has = (path: string) => Promise.resolve(path in files);
  return readTokenizer({ name: "model", has, text: (path) => Promise.resolve(files[path]!) }, "");
}

/** The ids without padding. */
function tokensOf(tokenizer: Awaited<ReturnType<typeof read>>, caption: string): number[] {
  const { ids, mask } = tokenizer.encode(caption);
  return [...ids].filter((_, i) => mask[i] === 1);
}

describe("tokenizer equals CLIPTokenizerFast", () => {
  it.each(fixture.cases)("$text", async ({ text, ids, maskLength }) => {
    const encoded = (await read(karlo)).encode(text);
    expect([...encoded.ids]).toEqual(ids);
    expect([...encoded.mask]).toEqual(ids.map((_, i) => (i < maskLength ? 1 : 0)));
  });

  it(`${random.cases.length} random captions`, async () => {
    const config = JSON.stringify({ ...(JSON.parse(configText) as object), model_max_length: 1000 });
    const tokenizer = await read({ ...karlo, "tokenizer_config.json": config });
    const wrong = random.cases.filter(([text, ids]) => tokensOf(tokenizer, text).slice(1, -1).join(" ") !== ids);
    expect(wrong).toEqual([]);
  });
});

describe("encode", () => {
  it("says what it cut", () => {
    const tokenizer = createTokenizer({ vocab, merges, contextLength: 8 });
    const encoded = tokenizer.encode("a red a red, the CAFE\u0301 a red");
    expect([...encoded.ids]).toEqual([792, 320, 537, 323, 320, 537, 323, 793]);
    expect(encoded.cut).toBe(", the café a red");
  });

  it("is read back token by token", () => {
    const { encode, textOf } = createTokenizer({ vocab, merges, contextLength: 8 });
    const ids = [...encode("a CAFE\u0301").ids];
    expect(textOf([ids[0]!])).toBe("<|startoftext|>");
    expect(textOf(ids)).toMatch(/^<\|startoftext\|>a café <\|endoftext\|>/);
  });

  it("cuts nothing from a caption that just fits", () => {
    const encoded = createTokenizer({ vocab, merges, contextLength: 8 }).encode("a red a red");
    expect(encoded.cut).toBeUndefined();
    expect(encoded.mask).toEqual(new Uint8Array(8).fill(1));
  });

  it("masks the padding token as a token where the caption has it", () => {
    const { ids, mask } = createTokenizer({ vocab, merges, contextLength: 6, padToken: "!" }).encode("a!");
    expect([...ids]).toEqual([792, 320, 0, 793, 0, 0]);
    expect([...mask]).toEqual([1, 1, 1, 1, 0, 0]);
  });

  it("gives the unknown token for bytes that the vocabulary lacks", () => {
    const { "~</w>": _, ...lacking } = vocab;
    // transformers 5.23.0, CLIPTokenizer over the same vocabulary
    expect(tokensOf(createTokenizer({ vocab: lacking, merges }), "caf\u00e9 ~")).toEqual([
      792, 529, 69, 127, 358, 793, 793,
    ]);
  });

  it("finds the longest of added tokens, as they are written or in small letters", () => {
    const addedTokens = [
      { content: "<Cat>", id: 900, normalized: true },
      { content: "<Dog>", id: 901, normalized: false },
      { content: "<Dog> A", id: 902, normalized: false },
    ];
    const tokenizer = createTokenizer({ vocab, merges, addedTokens });
    expect(tokensOf(tokenizer, "<CAT><Dog><Dog> A<Dog> a")).toEqual([792, 900, 901, 902, 901, 320, 793]);
  });

  it("refuses half a character", () => {
    const encode = () => createTokenizer({ vocab, merges }).encode("a \ud83d cube");
    expect(encode).toThrow("caption: it holds half of a surrogate pair; was the text cut inside a character?");
  });

  it.each([
    [{ contextLength: 1 }, "expected a context of 2 tokens, start and end, to 1024, got 1"],
    [{ padToken: "<pad>" }, 'the vocabulary lacks the special token "<pad>"'],
    [{ merges: [["a", "\u0000"]] as [string, string][] }, 'expected a vocabulary with both parts of the merge "a  "'],
  ])("refuses %j", (options, message) => {
    expect(() => createTokenizer({ vocab, merges, ...options })).toThrow(`tokenizer: ${message}`);
  });
});

describe("readTokenizer", () => {
  const added = { lstrip: false, rstrip: false, single_word: false, special: true };
  const whole = (normalized: boolean, joined: boolean) =>
    JSON.stringify({
      added_tokens: [
        { ...added, id: 792, content: "<|startoftext|>", normalized },
        { ...added, id: 793, content: "<|endoftext|>", normalized },
      ],
      model: {
        type: "BPE",
        end_of_word_suffix: "</w>",
        vocab,
        merges: joined ? merges.map((p) => p.join(" ")) : merges,
      },
    });
  const pair = { "vocab.json": vocabText, "merges.txt": mergesText };
  const lower = [792, 320, 793, 0, 256, 793];
  const spelled = [792, 320, 27, 347, 68, 77, 555, 69, 83, 68, 87, 339, 91, 285, 0, 256, 793];

  // ids of transformers 5.23.0, CLIPTokenizer.from_pretrained over the same files
  it.each([
    ["the folder of transformers 4", karlo, [792, 320, 793, 0, 0, 793]],
    ["special_tokens_map.json", { ...pair, "special_tokens_map.json": mapText }, [792, 320, 793, 0, 0, 793]],
    ["vocab.json and merges.txt alone", pair, spelled],
    ["tokenizer.json alone", { "tokenizer.json": whole(true, false) }, lower],
    ["an older tokenizer.json", { "tokenizer.json": whole(false, true) }, spelled],
  ])("looks for special tokens as %s says", async (_, files, ids) => {
    expect(tokensOf(await read(files), "a <|ENDOFTEXT|>!!")).toEqual(ids);
  });

  it("reads length and special tokens", async () => {
    const endOfText = { ...added, __type: "AddedToken", content: "<|endoftext|>", normalized: true };
    const config = { model_max_length: 12, unk_token: "a</w>", pad_token: "!</w>", eos_token: endOfText };
    const tokenizer = await read({ ...pair, "tokenizer_config.json": JSON.stringify(config) });
    expect(tokenizer.contextLength).toBe(12);
    expect(tokensOf(tokenizer, "a <|ENDOFTEXT|>!!")).toEqual(lower);
    expect(tokenizer.encode("").ids).toEqual(Int32Array.of(792, 793, ...Array<number>(10).fill(256)));
  });

  it("takes 77 tokens where the files say nothing", async () => {
    const unlimited = JSON.stringify({ model_max_length: 1000000000000000019884624838656 });
    expect((await read(pair)).contextLength).toBe(77);
    expect((await read({ ...pair, "tokenizer_config.json": unlimited })).contextLength).toBe(77);
  });

  const wholeWith = (json: object) => ({
    "tokenizer.json": JSON.stringify({ ...JSON.parse(whole(true, false)), ...json }),
  });
  const config = (json: object) => ({ ...pair, "tokenizer_config.json": JSON.stringify(json) });
  it.each([
    ["an empty folder", {}, "model/tokenizer.json is missing; expected tokenizer.json, or vocab.json and merges.txt"],
    ["a vocabulary without merges", { "vocab.json": vocabText }, "tokenizer.json is missing"],
    ["broken JSON", { ...pair, "vocab.json": "{" }, "vocab.json: not valid JSON"],
    ["a vocabulary of words", { ...pair, "vocab.json": '{"a":"b"}' }, "gives each symbol an integer id"],
    [
      "a merge of three",
      { ...pair, "merges.txt": "a b c\n" },
      'merges.txt: expected merges of two symbols each, got ["a","b","c"]',
    ],
    [
      "another class",
      config({ tokenizer_class: "XLMRobertaTokenizer" }),
      'tokenizer_class "XLMRobertaTokenizer" is not supported',
    ],
    ["padding on the left", config({ padding_side: "left" }), 'padding_side "left" is not supported'],
    [
      "a greedy token",
      config({ eos_token: { content: "<|endoftext|>", rstrip: true } }),
      "rstrip true is not supported",
    ],
    ["a negative id", { ...pair, "vocab.json": '{"a":-1}' }, "gives each symbol an integer id"],
    ["an id beyond all vocabularies", { ...pair, "vocab.json": '{"a":10000000}' }, "gives each symbol an integer id"],
    [
      "a vocabulary in a list",
      { "tokenizer.json": '{"model":{"type":"BPE","end_of_word_suffix":"</w>","vocab":[],"merges":[]}}' },
      "gives each symbol an integer id",
    ],
    [
      "added tokens that are none",
      wholeWith({ added_tokens: [null] }),
      'expected a token with its "content", got null',
    ],
    ["added tokens in an object", wholeWith({ added_tokens: {} }), "expected a list of added_tokens, got {}"],
    [
      "an added token without id",
      wholeWith({ added_tokens: [{ content: "a" }] }),
      'expected an integer id of the token "a", got undefined',
    ],
    [
      "an added token under a name",
      config({ added_tokens_decoder: { x: { content: "a" } } }),
      'integer id of the token "a", got null',
    ],
    [
      "an added token as long as a page",
      config({ pad_token: "p", added_tokens_decoder: { 5: { content: "x".repeat(257) } } }),
      'expected a token with its "content"',
    ],
    [
      "a thousand and one added tokens",
      wholeWith({ added_tokens: Array.from({ length: 1001 }, (_, id) => ({ content: `t${id}`, id })) }),
      "expected 1000 added tokens at most, got 1001",
    ],
    [
      "a long context",
      config({ model_max_length: 20000 }),
      "expected a context of 2 tokens, start and end, to 1024, got 20000",
    ],
    [
      "a special token that fills the screen",
      config({ pad_token: "\u001b[2J" + "x".repeat(200) }),
      'lacks the special token " [2Jxxx',
    ],
    ["a token without content", config({ pad_token: null }), 'expected a token with its "content", got null'],
    ["another model", { "tokenizer.json": '{"model":{"type":"Unigram"}}' }, 'type "Unigram" is not supported'],
    ["another suffix", { "tokenizer.json": '{"model":{"type":"BPE","merges":[]}}' }, "end_of_word_suffix"],
  ])("refuses %s", async (_, files: Record<string, string>, message) => {
    const error: unknown = await read(files).catch((thrown: unknown) => thrown);
    expect(isUnclipError(error, "config")).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});
