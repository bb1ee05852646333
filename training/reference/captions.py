"""Strings that stress a CLIP tokenizer: a hand-picked list, and random mixtures of awkward pieces."""

import random
import unicodedata

CAPTIONS = [
    "",
    " ",
    "a red cube on top of a blue sphere",
    "A RED CUBE On Top",
    "  leading and   trailing  ",
    "tab\tnew\nline\r\nreturn \t \n end",
    "it's we're they've i'll i'd can't i'm",
    "IT'S WE'RE I'LL",
    "dog's' don''t ' '' 's 't 're",
    "\u2019s curly \u201cquotes\u201d",
    "12 345 6",
    "3.14, 1/2; 50% (x) [y] {z}",
    "hello!",
    "!",
    "!!!",
    "wow! really!? ?!",
    "a!b ! c",
    "a_b-c #tag @user",
    "http://x.y/z?a=b&c=d",
    "&lt;b&gt; &amp; &amp;lt;",
    "\u2026\u2014\u2013 ... -- --- ,,, ;;",
    "<|endoftext|>",
    "a <|endoftext|> b",
    "a<|endoftext|>b<|startoftext|>c",
    "<|startoftext|>x<|endoftext|>",
    "<|ENDOFTEXT|> <|EndOfText|>",
    "<|endoftext <|end|> |>",
    "caf\u00e9",
    "cafe\u0301 A\u030a a\u0323\u0308",
    "\u00c0\u00c9\u00ce na\u00efve fa\u00e7ade",
    "\u00df \ufb01 \ufb00 \u0149",
    "\u0130stanbul \u0131",
    "\u03a3\u0391\u03a3 \u03a3 \u03c3\u03c2",
    "STRASSE Stra\u00dfe \u1e9e",
    "\u01c5 \u01f2 \u212a \u212b",
    "\U0001f642",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family",
    "\U0001f1eb\U0001f1f7 \u2764\ufe0f \U0001f44d\U0001f3fd",
    "\u732b\u3068\u72ac",
    "\u7ea2\u8272\u7684\u7403 on a table",
    "\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab",
    "\u0645\u0631\u062d\u0628\u0627",
    "\u0939\u093f\u0928\u094d\u0926\u0940",
    "\u0663\u0664 \u0967\u0968 \u00bd \u00b2 \u2167 \u2460",
    "a\u0000b",
    "a\u0007b\u001bc\u007fd",
    "a\u001cb\u0085c",
    "a\u000bb\u000cc",
    "\u200bzero\u200dwidth",
    "\ufeffbom \ufffd",
    "\u00ad soft hyphen",
    "a\u00a0b\u3000c\u2028d\u2029e\u2009f\u1680g",
    "\u202eabc\u202c",
    "\U0001d49c\U0001d4c1\U0001d454 \uff21\uff22",
    "\ue000 \U000f0000 \ud7ff",
    "$5 + \u20ac6 = \u00a311 \u00b1 \u00d7 \u00f7",
    "'\u017f '\u017ft",
    "x" * 100,
    "!" * 100,
    "the " * 100,
    "a beautiful butterfly " * 24 + "at the end",
    "something anything everything nothing someone",
    "beautiful colourful detailed realistic abstract modern ancient",
    "qwertyuiopasdfghjklzxcvbnm QZX",
]

_PIECES = [
    *"abcdefghijklmnopqrstuvwxyz",
    *"ABCXYZ0123456789",
    *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    *("the", "red", "cube", "of", "thing", "Beautiful", "ing", "er", "'s", "'LL", "'re", "n't", "<|endoftext|>", "<|"),
    *(
        " ",
        " ",
        " ",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\u00a0",
        "\u3000",
        "\u2028",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u0085",
    ),
    *("\u0000", "\u0001", "\u001b", "\u001f", "\u007f", "\u009f", "\u00ad"),
    *(
        "\u00e9",
        "e\u0301",
        "\u00c4",
        "\u00df",
        "\u0130",
        "\u0131",
        "\u03a3",
        "\u03c2",
        "\u01c5",
        "\ufb01",
        "\u212b",
        "\u0323",
    ),
    *(
        "\u732b",
        "\u3042",
        "\ud55c",
        "\u1112\u1161\u11ab",
        "\u0645",
        "\u0928\u094d",
        "\u0e01\u0e33",
        "\u00bd",
        "\u0663",
        "\u2460",
    ),
    *(
        "\U0001f642",
        "\U0001f469\u200d\U0001f467",
        "\U0001f1eb\U0001f1f7",
        "\u2764\ufe0f",
        "\U0001d49c",
        "\u2014",
        "\u2019",
        "\u20ac",
    ),
]


def random_captions(count: int, seed: int) -> list[str]:
    """Strings of up to 12 pieces; one in five also holds a character from anywhere in Unicode."""
    source = random.Random(seed)
    captions = []
    for _ in range(count):
        pieces = source.choices(_PIECES, k=source.randint(1, 12))
        if source.random() < 0.2:
            pieces.insert(source.randrange(len(pieces) + 1), _any_character(source))
        captions.append("".join(pieces))
    return captions


def _any_character(source: random.Random) -> str:
    """Any assigned code point, from the first plane twice as often as from those above it.

    Unassigned ones are left out (Unicode 14, that of Python 3.11): a later Unicode may call them letters.
    """
    while True:
        code = source.randrange(0x10000) if source.random() < 0.67 else source.randrange(0x10000, 0x30000)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs"):
            return chr(code)
