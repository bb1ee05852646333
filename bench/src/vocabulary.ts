const WORD_END = "</w>";
const LETTERS = Array.from("abcdefghijklmnopqrstuvwxyz");

/** The files of a CLIP tokenizer with a vocabulary made up in code: CLIP's 256 bytes, then merges that spell every short
 * string of letters, the short ones first.
 * @param merges how many; CLIP has 48,894 */
export function tokenizerFiles(merges: number): Record<string, string> {
  const pairs = spellings(merges);
  const symbols = [
    ...byteSymbols(),
    ...byteSymbols().map((symbol) => symbol + WORD_END),
    ...pairs.map((pair) => pair.join("")),
    "<|startoftext|>",
    "<|endoftext|>",
  ];
  const config = {
    tokenizer_class: "CLIPTokenizer",
    model_max_length: 77,
    bos_token: "<|startoftext|>",
    eos_token: "<|endoftext|>",
    unk_token: "<|endoftext|>",
    pad_token: "!",
  };
  return {
    "vocab.json": JSON.stringify(Object.fromEntries(symbols.map((symbol, id) => [symbol, id]))),
    "merges.txt": ["#version: 0.2", ...pairs.map((pair) => pair.join(" ")), ""].join("\n"),
    "tokenizer_config.json": JSON.stringify(config, undefined, 2),
  };
}

/** The files of an XLM-RoBERTa tokenizer with a vocabulary made up in code: each letter, then numbered words, all as likely as their place.
 * @param size entries of the vocabulary */
export function multilingualTokenizerFiles(size: number): Record<string, string> {
  const special = ["<s>", "<pad>", "</s>", "<unk>"];
  const pieces = ["\u2581", ...LETTERS, ...LETTERS.map((letter) => `\u2581${letter}`)];
  const words = Array.from({ length: size - special.length - pieces.length - 1 }, (_, i) => `\u2581w${i}`);
  const vocabulary = [...special, ...pieces, ...words, "<mask>"];
  const token = (content: string) => ({ id: vocabulary.indexOf(content), content, special: true, normalized: false });
  const metaspace = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true };
  const id = (content: string) => ({ SpecialToken: { id: content, type_id: 0 } });
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...special, "<mask>"].map((content) => ({
      single_word: false,
      lstrip: false,
      rstrip: false,
      ...token(content),
    })),
    normalizer: { type: "Sequence", normalizers: [] },
    pre_tokenizer: metaspace,
    post_processor: {
      type: "TemplateProcessing",
      single: [id("<s>"), { Sequence: { id: "A", type_id: 0 } }, id("</s>")],
      pair: [
        id("<s>"),
        { Sequence: { id: "A", type_id: 0 } },
        id("</s>"),
        { Sequence: { id: "B", type_id: 0 } },
        id("</s>"),
      ],
      special_tokens: Object.fromEntries(
        ["<s>", "</s>"].map((content) => [content, { id: content, ids: [token(content).id], tokens: [content] }]),
      ),
    },
    decoder: metaspace,
    model: {
      type: "Unigram",
      unk_id: 3,
      byte_fallback: false,
      vocab: vocabulary.map((piece, i) => [piece, -i / size - 1]),
    },
  };
  const config = {
    tokenizer_class: "XLMRobertaTokenizerFast",
    model_max_length: 77,
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    pad_token: "<pad>",
    mask_token: "<mask>",
  };
  return { "tokenizer.json": JSON.stringify(json), "tokenizer_config.json": JSON.stringify(config, undefined, 2) };
}

/** Each string of letters joined to one letter more, with and without the end of a word after it. */
function spellings(count: number): [string, string][] {
  let pairs: [string, string][] = [];
  let stems = LETTERS;
  while (pairs.length < count) {
    const longer = stems.flatMap((stem) => LETTERS.map((letter): [string, string] => [stem, letter]));
    const ended = longer.map(([stem, letter]): [string, string] => [stem, letter + WORD_END]);
    pairs = pairs.concat(longer, ended);
    stems = longer.map((pair) => pair.join(""));
  }
  return pairs.slice(0, count);
}

/** CLIP's symbol of each byte in the order of its vocabulary: the printable ones as themselves, then the others by characters
 * from U+0100 on. */
function byteSymbols(): string[] {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const printable = bytes.filter(isPrintable).map((byte) => String.fromCharCode(byte));
  return [...printable, ...bytes.slice(printable.length).map((_, i) => String.fromCharCode(256 + i))];
}
