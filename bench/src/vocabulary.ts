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
