/* A file of its own also when built, so that it can be without spaces. */
export {
  PrecompiledNormalizer,
  SequenceNormalizer,
  StripNormalizer,
  Tokenizer,
  type Normalizer,
} from "@huggingface/tokenizers";
