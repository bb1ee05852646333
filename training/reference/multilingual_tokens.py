"""Token ids of transformers' XLM-RoBERTa tokenizer over the pieces of kandinsky-2-1-tiny."""

from transformers import XLMRobertaTokenizerFast

from captions import CAPTIONS, random_captions
from fixture import ROOT, provenance, write_json
from latent_shapes import KANDINSKY_21
from multilingual import SENTENCES

RANDOM_COUNT = 1000
RANDOM_SEED = 3001

OTHERS = [
    "Ein Würfel – rot, groß & glänzend!",
    "ＡＢＣ　ｆｕｌｌ ｗｉｄｔｈ １２３",
    "ﬁne ligatures ﬂow",
    "café, naïve, Ångström, Ǆ",
    "½ of ² and ㎏ ①",
    "tabs\tand\nlines\r\nand   spaces ",
    "zero\u200bwidth\u00adsoft\u2060joiner",
    "<s> <pad> </s> <mask> <unk>",
    "a<mask>b",
    "▁already marked▁",
    "👩‍🚀 rides 🐎",
    "ｶﾞｷﾞ half width",
    "한글 자모 ㄱㄴㄷ",
    "العَرَبِيَّة",
    "ชายกับแมว",
]


def make_multilingual_tokenizer() -> None:
    """Writes tokenizer-multilingual.json: ids with start and end, and padded and truncated to 77."""
    folder = f"{KANDINSKY_21.name}/tokenizer"
    tokenizer = XLMRobertaTokenizerFast.from_pretrained(ROOT / folder)
    cases = []
    for caption in [*SENTENCES, *OTHERS, *CAPTIONS]:
        padded = tokenizer(caption, padding="max_length", max_length=77, truncation=True)
        case = {"text": caption, "ids": padded.input_ids, "maskLength": sum(padded.attention_mask)}
        cases.append(case | {"fullIds": tokenizer(caption).input_ids})
    random = random_captions(RANDOM_COUNT, RANDOM_SEED)
    rows = [[caption, " ".join(map(str, tokenizer(caption).input_ids))] for caption in random]
    opening = {**provenance("multilingual-tokenizer"), "tokenizer": folder}
    write_json(ROOT / "tokenizer-multilingual.json", {**opening, "cases": cases, "random": rows})
