"""A small multilingual tokenizer in the layout of XLM-RoBERTa, and a random MultilingualCLIP over its ids."""

from pathlib import Path
from tempfile import TemporaryDirectory

import sentencepiece
from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP
from transformers import XLMRobertaTokenizerFast

from checkpoint import Config
from vocabulary import WORDS

VOCABULARY_SIZE = 500

SENTENCES = """
a red cube on top of a blue sphere
the cat sleeps under the old wooden table in the kitchen
a watercolour painting of a lighthouse by the sea at night
ein roter Würfel liegt auf einer blauen Kugel
die schwarze Katze schläft unter dem großen Tisch
ein Gemälde von einem Leuchtturm am Meer bei Nacht
un cube rouge posé sur une sphère bleue
le petit chien court dans la neige près de la forêt
une peinture d'un château à l'aube
un cubo rojo encima de una esfera azul
el niño lee un libro junto a la ventana
una fotografía de montañas y ríos en otoño
красный куб лежит на синем шаре
чёрная кошка спит под старым столом
картина маяка у моря ночью, масло на холсте
червоний куб лежить на синій кулі
czerwony sześcian leży na niebieskiej kuli
kırmızı bir küp mavi bir kürenin üstünde duruyor
un cubo rosso sopra una sfera blu
um cubo vermelho em cima de uma esfera azul
ένας κόκκινος κύβος πάνω σε μια μπλε σφαίρα
מכעב אדום על כדור כחול
مكعب أحمر فوق كرة زرقاء
गुलाबी फूल और नीला आकाश
一个红色的立方体放在蓝色的球上
夜晚海边的灯塔
青い球の上に赤い立方体があります
猫が古い机の下で眠っています
파란 공 위에 빨간 상자가 있다
khối lập phương màu đỏ trên quả cầu xanh
""".strip().splitlines()


def create_multilingual_tokenizer() -> XLMRobertaTokenizerFast:
    """Unigram pieces learned from a few sentences, normalised as XLM-RoBERTa does, with its special ids."""
    with TemporaryDirectory() as folder:
        corpus, prefix = Path(folder, "corpus.txt"), Path(folder, "sentencepiece.bpe")
        corpus.write_text("\n".join(SENTENCES * 3 + WORDS) + "\n", encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus),
            model_prefix=str(prefix),
            vocab_size=VOCABULARY_SIZE,
            model_type="unigram",
            normalization_rule_name="nmt_nfkc",
            character_coverage=1.0,
            num_threads=1,
            minloglevel=2,
        )
        return XLMRobertaTokenizerFast(f"{prefix}.model", model_max_length=77)


def create_multilingual_encoder(
    sizes: Config, embedding_dim: int, tokenizer: XLMRobertaTokenizerFast
) -> MultilingualCLIP:
    """A MultilingualCLIP of the given XLM-RoBERTa sizes; its weights are torch's own."""
    config = MCLIPConfig(
        transformerDimSize=sizes["hidden_size"],
        imageDimSize=embedding_dim,
        vocab_size=len(tokenizer),
        max_position_embeddings=80,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **sizes,
    )
    return MultilingualCLIP(config).eval()
