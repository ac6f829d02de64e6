"""Pairs of sentences, German and English, and the numbers that a network reads for their words."""
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from utils import arguments
from utils.data.sources import Unavailable, read
from utils.say import here

PHRASES = Path(__file__).resolve().parents[2] / "assets" / "phrases.tsv"
PARTS = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
PAD, BEGIN, END, UNKNOWN = range(4)
SIGNS = ("<pad>", "<begin>", "<end>", "<unknown>")
# Where the WMT tokeniser "13a" cuts, in its order: at most signs, at . and , unless between
# digits, and at a hyphen behind a digit.
CUTS = [(r"([{-~\[-` -&(-+:-@/])", r" \1 "), (r"([^0-9])([.,])", r"\1 \2 "), (r"([.,])([^0-9])", r" \1 \2"),
        (r"([0-9])(-)", r"\1 \2 ")]
Pair = tuple[str, str]


@dataclass(frozen=True, repr=False)
class Pairs:
    """Sentences with their translations, in three parts; `source` tells where they came from."""

    name: str
    source: str
    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]

    @property
    def is_real(self) -> bool:
        """False for the stand-in."""
        return self.source != "stand-in"

    def __repr__(self) -> str:
        return (f"here: {self.name} from {self.source}, {len(self.train):,} pairs to learn from, "
                f"{len(self.test):,} for the test")


def translations() -> Pairs:
    """Multi30k, German and English: 29,000 pairs to learn from, 1,014 to choose by, 1,000 for the test.

    Descriptions of photographs and their translations (Elliott and others, 2016; the test is
    test_2016_flickr), or the stand-in: the course's own everyday sentences. Pairs are (German, English).
    """
    parts = {}
    try:
        for part, name in PARTS.items():
            sides = [read(f"multi30k/{name}.{language}.gz") for language in ("de", "en")]
            german, english = (gzip.decompress(content).decode().splitlines() for content, _ in sides)
            parts[part] = list(zip(german, english, strict=True))
    except Unavailable as problem:
        return stand_in(problem)
    pairs = Pairs("Multi30k, German and English", sides[0][1], **parts)
    print(pairs)
    return pairs


def phrases() -> dict[str, list[Pair]]:
    """The course's own sentences: of each sixteen one "valid", two "test", the rest "train"."""
    rows = [tuple(line.split("\t")) for line in PHRASES.read_text(encoding="utf-8").splitlines()]
    return {"test": rows[5::8], "valid": rows[2::16],
            "train": [row for place, row in enumerate(rows) if place % 8 != 5 and place % 16 != 2]}


def stand_in(problem: Exception) -> Pairs:
    """The course's own sentences in place of Multi30k, with a line that says so."""
    pairs = Pairs("the course's phrases (stand-in)", "stand-in", **phrases())
    here(f"Multi30k is not reachable ({problem}); standing in: the course's phrases, "
         f"{len(pairs.train)} pairs to learn from, {len(pairs.test)} for the test")
    return pairs


def words(sentence: str) -> list[str]:
    """The words and signs of a sentence, in lower case, cut as WMT's tokeniser "13a" cuts them."""
    sentence = f" {arguments.string('sentence', sentence).lower()} "
    for pattern, rest in CUTS:
        sentence = re.sub(pattern, rest, sentence)
    return sentence.split()


def check_codes(codes: Tensor, size: int) -> list[int]:
    """A row of numbers below `size` as a list. Raises TypeError or ValueError for what is none."""
    arguments.instance("codes", codes, Tensor, "a tensor (T,) of integers")
    arguments.shaped("codes", codes, "T")
    if codes.is_floating_point() or codes.is_complex() or codes.dtype == torch.bool or codes.is_meta:
        raise ValueError(f"codes are integers, and these are {codes.dtype} on {codes.device}: use .long().")
    row = codes.tolist()
    if row and not 0 <= min(row) <= max(row) < size:
        raise ValueError(f"codes are from 0 to {size - 1}, and these go from {min(row)} to {max(row)}.")
    return row


class Vocabulary:
    """The words that a network knows, each with its number; four signs come first.

    sentences: any number of sentences. size: how many words to know at most, the commonest ones
    (of equally common ones the first in the alphabet); all by default.
    """

    def __init__(self, sentences: Iterable[str], size: int | None = None):
        if size is not None:
            size = arguments.whole("size", size, 1)
        sentences = arguments.several("sentences", sentences, str, "sentences in quotation marks")
        counts = Counter(word for sentence in sentences for word in words(sentence))
        self.words = [*SIGNS, *sorted(sorted(counts, key=lambda word: (-counts[word], word))[:size])]
        self.places = {word: place for place, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, sentences: Sequence[str]) -> Tensor:
        """Rows of numbers (N, T), int64: begin, the words, end, then padding up to the longest.

        Raises ValueError for no sentence at all.
        """
        sentences = arguments.several("sentences", sentences, str, "sentences in quotation marks")
        if not sentences:
            raise ValueError("encode() expects at least one sentence.")
        rows = [torch.tensor([BEGIN, *(self.places.get(word, UNKNOWN) for word in words(sentence)), END])
                for sentence in sentences]
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)

    def decode(self, codes: Tensor) -> str:
        """The words of one row (T,) up to the end sign, with spaces between; begin and padding left out."""
        row = check_codes(codes, len(self))
        row = row[:row.index(END)] if END in row else row
        return " ".join(self.words[code] for code in row if code not in (PAD, BEGIN))
