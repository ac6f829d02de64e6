"""Sentences that praise or blame, with labels: SST-2, or the course's own."""
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from utils.arguments import whole
from utils.data.sources import Unavailable, read
from utils.say import here

REVIEWS = Path(__file__).resolve().parents[2] / "assets" / "reviews.tsv"
OPINIONS = ("negative", "positive")


class Labelled(NamedTuple):
    """Sentences and what they say. sentences: N strings, in lower case. labels: (N,) int64, 0 or 1."""

    sentences: list[str]
    labels: Tensor


@dataclass(frozen=True, repr=False)
class Reviews:
    """A training and a test part, the data's name, and where it came from."""

    name: str
    source: str
    train: Labelled
    test: Labelled
    classes: tuple[str, ...] = OPINIONS

    @property
    def is_real(self) -> bool:
        """False for the stand-in."""
        return self.source != "stand-in"

    def __repr__(self) -> str:
        return (f"here: {self.name} from {self.source}, {len(self.train.labels):,} training "
                f"and {len(self.test.labels):,} test sentences")


def reviews(limit: int | None = None) -> Reviews:
    """Opinions, negative (0) or positive (1): SST-2, or the stand-in.

    SST-2: Socher and others, EMNLP 2013, as in GLUE (2018): 67,349 training sentences, most of them
    phrases cut from film reviews. The test part is GLUE's dev set of 872 whole sentences, for
    the labels of its test set are kept secret. The stand-in was written for this course.
    limit: keep this many training sentences, the first ones (they come in mixed order).
    Raises ValueError for a limit that is not a positive integer.
    """
    check_limit(limit)
    try:
        (train, source), (test, _) = (read(f"sst2/{part}.tsv") for part in ("train", "dev"))
    except Unavailable as problem:
        return stand_in(problem, limit)
    found = Reviews("SST-2", source, first(table(train), limit), table(test))
    print(found)
    return found


def stand_in(problem: Exception, limit: int | None) -> Reviews:
    """The course's own sentences from assets/reviews.tsv, in their fixed two parts."""
    rows = [line.split("\t") for line in REVIEWS.read_text(encoding="utf-8").splitlines()[1:]]
    train, test = (labelled([(sentence, label) for name, label, sentence in rows if name == part])
                   for part in ("train", "test"))
    found = Reviews("the course's reviews (stand-in)", "stand-in", first(train, limit), test)
    here(f"SST-2 is not reachable ({problem}); standing in: the course's reviews, "
         f"{len(found.train.labels)} training and {len(test.labels)} test sentences")
    return found


def table(content: bytes) -> Labelled:
    """A file of GLUE: a heading, then a sentence, a tab and 0 or 1 in each line."""
    rows = [line.rsplit("\t", 1) for line in content.decode("utf-8").split("\n")[1:] if line]
    return labelled(rows)


def labelled(rows: list) -> Labelled:
    """(sentence, "0" or "1") pairs as a list and a tensor."""
    return Labelled([sentence.strip() for sentence, _ in rows], torch.tensor([int(label) for _, label in rows]))


def first(part: Labelled, limit: int | None) -> Labelled:
    """The first `limit` sentences; all of them for None."""
    return Labelled(part.sentences[:limit], part.labels[:limit])


def check_limit(limit: int | None) -> None:
    """Refuse a limit that is not a positive integer or None."""
    if limit is not None:
        whole("limit, the number of training sentences to keep,", limit, 1)
