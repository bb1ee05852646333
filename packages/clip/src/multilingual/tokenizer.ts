import { Tokenizer as HuggingFaceTokenizer } from "../hugging-face.js";
import { pathIn } from "@unclip/runtime";
import {
  checkString,
  isUnclipError,
  parseRecord,
  readJson,
  readText,
  UnclipError,
  type TextFolder,
} from "@unclip/tensor";
import type { Tokenizer } from "../tokenizer.js";
import { exactNormalizer } from "./normalizer.js";

/** Ids of a caption that Kandinsky 2.1 takes, whatever the tokenizer's files say. */
const MULTILINGUAL_LENGTH = 77;

/** Reads tokenizer.json of an XLM-RoBERTa tokenizer.
 * @param component where the file lies in the model folder
 * @throws UnclipError "config" if it is missing or holds another kind of tokenizer */
export async function readMultilingualTokenizer(folder: TextFolder, component: string): Promise<Tokenizer> {
  const path = pathIn(component, "tokenizer.json");
  const where = `${folder.name}/${path}`;
  if (!(await folder.has(path))) {
    const cure = 'save it with XLMRobertaTokenizerFast.from_pretrained("...").save_pretrained("...")';
    throw new UnclipError("config", `${where} is missing; sentencepiece.bpe.model alone is not read; ${cure}`);
  }
  const json = parseRecord(await readText(folder, path), where);
  const config = await readJson(folder, pathIn(component, "tokenizer_config.json"));
  return createMultilingualTokenizer(json, config, where);
}

/** A tokenizer over the contents of tokenizer.json and tokenizer_config.json. */
export function createMultilingualTokenizer(
  json: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  where: string,
): Tokenizer {
  const tokenizer = openTokenizer(json, config, where);
  const idOf = (field: string, fallback: string) => {
    const token = contentOf(config[field]) ?? fallback;
    const id = tokenizer.token_to_id(token);
    if (id === undefined) throw new UnclipError("config", `${where}: ${field} "${token}" is not in the vocabulary`);
    return id;
  };
  const [end, padding] = [idOf("eos_token", "</s>"), idOf("pad_token", "<pad>")];
  return {
    contextLength: MULTILINGUAL_LENGTH,
    textOf: (ids) => tokenizer.decode([...ids], { skip_special_tokens: false }),
    encode(caption) {
      checkString("caption", caption);
      const all = tokenizer.encode(caption).ids;
      const fits = all.length <= MULTILINGUAL_LENGTH;
      const used = fits ? all : [...all.slice(0, MULTILINGUAL_LENGTH - 1), end];
      const ids = new Int32Array(MULTILINGUAL_LENGTH).fill(padding);
      ids.set(used);
      const mask = new Uint8Array(MULTILINGUAL_LENGTH).fill(1, 0, used.length);
      if (fits) return { ids, mask };
      const rest = all.slice(MULTILINGUAL_LENGTH - 1, -1);
      return { ids, mask, cut: tokenizer.decode(rest, { skip_special_tokens: true }) };
    },
  };
}

function openTokenizer(json: object, config: object, where: string): HuggingFaceTokenizer {
  try {
    const tokenizer = new HuggingFaceTokenizer(json, config);
    tokenizer.normalizer = exactNormalizer(tokenizer.normalizer, where);
    return tokenizer;
  } catch (cause) {
    if (isUnclipError(cause)) throw cause;
    throw new UnclipError("config", `${where}: not a tokenizer that can be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** A special token is written as its text, or as a record that holds it. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === "string") return token;
  const content: unknown = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === "string" ? content : undefined;
}
