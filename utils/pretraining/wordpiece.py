"""A WordPiece vocabulary of the course's own, trained with `tokenizers`, the same on every run."""
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from utils.arguments import whole

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP, MASK = range(5)
LETTERS = [chr(code) for code in range(33, 127)]  # every character that the corpus is written in


def train_vocabulary(sentences: Iterable[str], size: int) -> list[str]:
    """The pieces, special tokens first, the others sorted: list of at most `size` strings.

    Case is kept. Every printable ASCII character is in it, so that no plain word is unknown.
    Raises ValueError for a size that cannot hold the characters, or above 65,536: pieces are kept in 16 bits.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    if whole("size", size, None, 2**16) < len(SPECIAL) + 2 * len(LETTERS):
        raise ValueError(f"A vocabulary of {size} pieces cannot hold every character; take 200 or more.")
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # letters first, in a fixed order: among equally frequent pairs the trainer takes the one seen first
    letters = LETTERS + ["##" + letter for letter in LETTERS]
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=SPECIAL + letters, min_frequency=2,
                                        show_progress=False)
    tokenizer.train_from_iterator((s.replace("[UNK]", " ") for s in sentences), trainer)
    return SPECIAL + sorted(set(tokenizer.get_vocab()) - set(SPECIAL))


def normalizer() -> Any:
    """BERT's own: control characters and accents out, case kept."""
    from tokenizers import normalizers
    return normalizers.BertNormalizer(lowercase=False, strip_accents=True)


def make_tokenizer(pieces: list[str], longest: int) -> Any:
    """transformers' BertTokenizer over these pieces; longest: tokens that the net can read."""
    from transformers import BertTokenizer
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return BertTokenizer(vocab=vocabulary, do_lower_case=False, strip_accents=True, model_max_length=longest)


def save_vocabulary(pieces: list[str], file: Path) -> None:
    """Write vocab.txt, one piece a line."""
    file.write_text("\n".join(pieces) + "\n", encoding="utf-8")


def load_vocabulary(file: Path) -> list[str]:
    """Read what save_vocabulary wrote."""
    return file.read_text(encoding="utf-8").splitlines()
