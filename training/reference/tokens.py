"""Token ids of transformers' CLIP tokenizers over the vocabulary of karlo-tiny."""

from transformers import CLIPTokenizer, CLIPTokenizerFast

from captions import CAPTIONS, random_captions
from fixture import ROOT, Json, provenance, write_json
from shapes import KARLO_TINY

RANDOM_COUNT = 10_000
RANDOM_SEED = 3000


def make_tokenizer() -> None:
    """Writes tokenizer.json (chosen strings) and tokenizer-random.json (many strings, untruncated ids only)."""
    folder = ROOT / KARLO_TINY.name / "tokenizer"
    # the class called CLIPTokenizer in transformers 5; in transformers 4 that name is the older pure-Python one
    tokenizer, python_tokenizer = CLIPTokenizerFast.from_pretrained(folder), CLIPTokenizer.from_pretrained(folder)
    opening = {**provenance("tokenizer"), "tokenizer": f"{KARLO_TINY.name}/tokenizer"}
    cases = [_case(caption, tokenizer, python_tokenizer) for caption in CAPTIONS]
    write_json(ROOT / "tokenizer.json", {**opening, "maxLength": tokenizer.model_max_length, "cases": cases})
    captions = random_captions(RANDOM_COUNT, RANDOM_SEED)
    rows = [[caption, " ".join(map(str, tokenizer(caption).input_ids[1:-1]))] for caption in captions]
    write_json(ROOT / "tokenizer-random.json", {**opening, "cases": rows})


def _case(caption: str, tokenizer: CLIPTokenizerFast, python_tokenizer: CLIPTokenizer) -> Json:
    padded = tokenizer(caption, padding="max_length", truncation=True)
    case = {
        "text": caption,
        "ids": padded.input_ids,
        "maskLength": sum(padded.attention_mask),
        "fullIds": tokenizer(caption).input_ids,
    }
    python_ids = python_tokenizer(caption).input_ids
    return case if python_ids == case["fullIds"] else {**case, "pythonFullIds": python_ids}
