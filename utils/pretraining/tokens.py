"""The corpus as numbers, kept in a cache file that is mapped into memory, not read."""
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.data.sources import cache_folder, entry
from utils.files import write_whole
from utils.pretraining import corpus
from utils.pretraining.corpus import Document
from utils.pretraining.wordpiece import load_vocabulary, make_tokenizer, save_vocabulary, train_vocabulary
from utils.say import here

HELD_OUT = 100  # one document in so many is kept for validation
VERSION = 2  # to be raised whenever cleaning, splitting or numbering changes
ROWS = 20_000  # sentences encoded at a time


@dataclass(frozen=True)
class Tokens:
    """A tokenised corpus.

    ids: (N,) uint16, sentence after sentence. starts: (S + 1,) where each sentence begins, and
    N. documents: (D + 1,) the number of each document's first sentence, and S. repeats: (D,)
    how often a document is read. kind: (D,) its place in corpus.KINDS, 0 for books. held_out:
    (D,) True for those kept for validation.
    """

    ids: np.ndarray
    starts: np.ndarray
    documents: np.ndarray
    repeats: np.ndarray
    kind: np.ndarray
    held_out: np.ndarray
    pieces: list[str]
    kinds: dict[str, int]  # tokens of each kind of text

    def count(self) -> int:
        """Tokens in one reading of everything that is not held out, repeats included."""
        sizes = np.diff(self.starts[self.documents])
        return int((sizes * self.repeats * ~self.held_out).sum())


def load_tokens(size: int = 8000, limit: int | None = None) -> Tokens:
    """The corpus with a vocabulary of `size` pieces: from the cache, else made and kept there.

    limit: files of each kind at most, for trials. Raises Unavailable without any text.
    """
    folder = cache_folder() / "pretraining" / f"tokens-{recipe(size, limit)}"
    if not (folder / "about.json").exists():
        encode(corpus.in_both_cases(corpus.collect(limit)), size, folder)
    tokens = open_tokens(folder)
    here(f"{tokens.count():,} tokens a reading, {len(tokens.pieces):,} pieces, "
         f"{int(tokens.held_out.sum())} of {len(tokens.held_out):,} documents held out")
    return tokens


def open_tokens(folder: Path) -> Tokens:
    """What encode() wrote."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    arrays = {name: np.load(folder / f"{name}.npy") for name in ("starts", "documents", "repeats", "kind", "held_out")}
    return Tokens(np.load(folder / "ids.npy", mmap_mode="r"), **arrays,
                  pieces=load_vocabulary(folder / "vocab.txt"), kinds=about["kinds"])


def recipe(size: int, limit: int | None) -> str:
    """A name that changes with whatever decides the tokens."""
    files = [(path, entry(path)["sha256"]) for kind in corpus.KINDS for path in kind.paths()[:limit]]
    kinds = [(kind.name, kind.repeats) for kind in corpus.KINDS]
    return hashlib.sha256(json.dumps([VERSION, size, files, kinds]).encode()).hexdigest()[:12]


def encode(documents: list[Document], size: int, folder: Path) -> None:
    """Train the vocabulary, number all sentences, and write the arrays; about.json is written last."""
    pieces = train_vocabulary(weighted(documents), size)
    tokenizer = make_tokenizer(pieces, 10**6)
    lines = [sentence for document in documents for sentence in document.sentences]
    rows: list[np.ndarray] = []
    for start in range(0, len(lines), ROWS):
        found = tokenizer(lines[start:start + ROWS], add_special_tokens=False, verbose=False)["input_ids"]
        rows += [np.array(row, np.uint16) for row in found]
    starts = np.cumsum([0, *map(len, rows)])
    firsts = np.cumsum([0, *(len(document.sentences) for document in documents)])
    names, kinds = [kind.name for kind in corpus.KINDS], Counter()
    for document, tokens in zip(documents, np.diff(starts[firsts])):
        kinds[document.kind] += int(tokens)
    keep(folder, ids=np.concatenate(rows), starts=starts, documents=firsts,
         repeats=np.array([corpus.repeats(document.kind) for document in documents]),
         kind=np.array([names.index(document.kind) for document in documents]),
         held_out=np.arange(len(documents)) % HELD_OUT == HELD_OUT // 2)
    save_vocabulary(pieces, folder / "vocab.txt")
    write_whole(folder / "about.json", json.dumps({"kinds": kinds}))


def weighted(documents: list[Document]) -> list[str]:
    """All sentences as often as they are read, for the vocabulary's counts."""
    return [sentence for document in documents for _ in range(corpus.repeats(document.kind))
            for sentence in document.sentences]


def keep(folder: Path, **arrays: np.ndarray) -> None:
    """Write each array to a file of its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
