"""Batches of BERT's two tasks: pairs of passages of one length, without padding, and words to guess."""
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from utils.pretraining.tokens import Tokens
from utils.pretraining.wordpiece import CLS, MASK, SEP, SPECIAL, UNK

SHARE = 0.15  # of the tokens are guessed
MASKED, SWAPPED = 0.8, 0.1  # of those become [MASK], another piece; the rest stay as they are
LOOK = 64  # sentences to look ahead for the border of a passage


class Batch(NamedTuple):
    """B sequences [CLS] A [SEP] B [SEP] of L tokens.

    ids: (B, L), with words hidden. segments: (B, L), 0 and 1. places: (B * K,) where the guessed
    words are in the flattened ids. words: (B * K,) what they were. random: (B,) 0 where B goes on
    from A, 1 where it is of another document.
    """

    ids: Tensor
    segments: Tensor
    places: Tensor
    words: Tensor
    random: Tensor


class Passages:
    """The passages of a corpus, cut anew for every epoch; walked in chunks of `chunk` batches.

    length: tokens of a sequence, the three special ones included. size: sequences in a batch.
    held_out: the validation documents instead of the others (each read once).
    near: how many times more often than their `repeats` the texts near the tasks are read.
    chunk: batches in what `fit` calls an epoch. rank, ranks: this process and how many share the work;
    each takes every ranks-th batch. The batches of chunk e depend on (seed, e) alone.
    """

    def __init__(self, tokens: Tokens, length: int, size: int, *, chunk: int = 100, seed: int = 0,
                 held_out: bool = False, near: int = 1, rank: int = 0, ranks: int = 1):
        self.tokens, self.length, self.size, self.seed = tokens, length, size, seed
        self.chunk, self.rank, self.ranks, self.epoch = chunk, rank, ranks, 0
        self.kept: dict[int, np.ndarray] = {}
        self.ends = tokens.starts[tokens.documents]  # (D + 1,) where documents begin, in tokens
        chosen = np.flatnonzero(tokens.held_out == held_out)
        times = np.ones_like(chosen) if held_out else tokens.repeats[chosen] * np.where(tokens.kind[chosen], near, 1)
        self.owner = np.searchsorted(tokens.documents, np.arange(len(tokens.starts) - 1), side="right") - 1
        starts = [self.cut(document) for document in chosen]
        self.starts = np.concatenate([np.tile(own, again) for own, again in zip(starts, times)])
        if not len(self.starts):
            raise ValueError(f"No document is long enough for passages of {length} tokens.")
        self.several = len(np.unique(self.owner[self.starts])) > 1
        self.pools = [self.pool(kind) for kind in range(tokens.kind.max() + 1)]

    def pool(self, kind: int) -> np.ndarray:
        """The passages of one kind of text; all passages for a kind of one document."""
        own = self.starts[self.tokens.kind[self.owner[self.starts]] == kind]
        return own if len(np.unique(self.owner[own])) > 1 else self.starts

    def cut(self, document: int) -> np.ndarray:
        """The numbers of the sentences at which this document's passages begin: one passage apart."""
        first, last = self.tokens.documents[document:document + 2]
        begins, found = self.tokens.starts[first:last], []
        end, at = self.ends[document + 1], 0
        while at < len(begins) and begins[at] + self.length - 3 <= end:
            found.append(first + at)
            at = max(at + 1, int(np.searchsorted(begins, begins[at] + self.length - 3)))
        return np.array(found, np.int64)

    def __len__(self) -> int:
        return self.chunk

    def __iter__(self) -> Iterator[Batch]:
        first, self.epoch = self.epoch * self.chunk, self.epoch + 1
        for number in range(first, first + self.chunk):
            yield self.batch(number * self.ranks + self.rank)

    def batch(self, number: int) -> Batch:
        """Batch `number` of the endless row of batches: it depends on the seed and on this alone."""
        chance = np.random.default_rng((self.seed, self.length, number))
        ids, segments, random = self.pairs(self.rows(number), chance)
        hidden, places, words = hide(ids, chance, len(self.tokens.pieces))
        return Batch(*(torch.from_numpy(part) for part in (hidden, segments, places, words, random)))

    def rows(self, number: int) -> np.ndarray:
        """The sentences that begin this batch's passages; every reading of the corpus has its own order."""
        wanted = np.arange(number * self.size, (number + 1) * self.size)
        total = len(self.starts)
        orders = {reading: self.order(reading) for reading in np.unique(wanted // total)}
        return np.array([self.starts[orders[at // total][at % total]] for at in wanted])

    def order(self, reading: int) -> np.ndarray:
        """A permutation of the passages, kept until the next reading."""
        if reading not in self.kept:
            self.kept = {reading: np.random.default_rng((self.seed, reading)).permutation(len(self.starts))}
        return self.kept[reading]

    def pairs(self, rows: np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sequences of two passages, half of them from two documents: ids, segments (B, L), random (B,)."""
        begin, room = self.tokens.starts[rows], self.length - 3
        size = self.border(rows, chance)
        random = (chance.random(len(rows)) < 0.5).astype(np.int64)
        after = np.where(random == 1, self.elsewhere(self.owner[rows], chance), begin + size)
        column, size = np.arange(self.length), size[:, None]
        place = np.where(column <= size, begin[:, None] + column - 1, after[:, None] + column - 2 - size)
        ids = self.tokens.ids[np.clip(place, 0, len(self.tokens.ids) - 1)].astype(np.int64)
        ids[:, 0] = CLS
        ids[(column == size + 1) | (column == room + 2)] = SEP
        return ids, (column > size + 1).astype(np.int64), random

    def border(self, rows: np.ndarray, chance: np.random.Generator) -> np.ndarray:
        """How long passage A is, (B,): it ends after a sentence chosen by chance, with a fifth of the room
        left for each side; in the middle where no sentence ends there.
        """
        room, starts = self.length - 3, self.tokens.starts
        ahead = np.minimum(rows[:, None] + np.arange(LOOK), len(starts) - 1)
        sizes = starts[ahead] - starts[rows][:, None]
        lottery = chance.random(sizes.shape) * ((sizes >= room // 5) & (sizes <= room - room // 5))
        drawn = lottery.argmax(1)
        rows_here = np.arange(len(rows))
        return np.where(lottery[rows_here, drawn] > 0, sizes[rows_here, drawn], room // 2)

    def elsewhere(self, documents: np.ndarray, chance: np.random.Generator) -> np.ndarray:
        """Where passages of other documents begin, in tokens: (B,), none of them of `documents` (B,).

        They are of the same kind, for a film review beside a novel would be told by its style.
        """
        kinds, found = self.tokens.kind[documents], np.zeros(len(documents), np.int64)
        wrong = np.ones(len(documents), bool)
        while wrong.any():
            for kind in np.unique(kinds[wrong]):
                rows = np.flatnonzero(wrong & (kinds == kind))
                found[rows] = self.pools[kind][chance.integers(len(self.pools[kind]), size=len(rows))]
            wrong = (self.owner[found] == documents) & self.several
        return self.tokens.starts[found]


def hide(ids: np.ndarray, chance: np.random.Generator, pieces: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """BERT's masking: the same number of words in each sequence, never a special token.

    ids: (B, L). pieces: size of the vocabulary. Returns the ids with words hidden (B, L), the
    places of the guessed words in the flattened ids (B * K,), and what they were (B * K,).
    """
    rows, length = ids.shape
    guessed = max(1, round(SHARE * (length - 3)))
    lottery = chance.random(ids.shape)
    lottery[np.isin(ids, (CLS, SEP, UNK))] = 2  # drawn last
    drawn = np.argpartition(lottery, guessed, axis=1)[:, :guessed]
    places = (drawn + length * np.arange(rows)[:, None]).ravel()
    hidden = ids.copy().ravel()
    words = hidden[places]
    fate = chance.random(len(places))
    swap = chance.integers(len(SPECIAL), pieces, len(places))
    hidden[places] = np.where(fate < MASKED, MASK, np.where(fate < MASKED + SWAPPED, swap, words))
    return hidden.reshape(ids.shape), places, words
