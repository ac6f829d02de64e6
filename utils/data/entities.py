"""Sentences whose names are marked: CoNLL-2003, WNUT-17, or the course's own.

Tags are IOB2: B- opens an entity, I- goes on with it, O is outside of any.
"""
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from utils import arguments
from utils.data.reviews import check_limit
from utils.data.sources import Unavailable, folders, read, verified
from utils.say import here

ENTITIES = Path(__file__).resolve().parents[2] / "assets" / "entities.conll"
# The text of CoNLL-2003 is Reuters' and is given out by NIST under an agreement, so the course
# never downloads it. A copy of your own in COURSE_DATA is checked against these.
OWN_COPY = {"conll2003/train.txt": "c99b26852dabf57ca9d30a0e892b84544cc8962003151e14a71077c55dc66db5",
            "conll2003/test.txt": "82e0c72d262f86ad3e78b15c5d980bbf87cb205aa4bf6d2d97643f463f8d7ff7"}


class Tagged(NamedTuple):
    """A sentence: its words, and a tag for each."""

    words: list[str]
    tags: list[str]


@dataclass(frozen=True, repr=False)
class Entities:
    """A training and a test part, the data's name, and where it came from."""

    name: str
    source: str
    train: list[Tagged]
    test: list[Tagged]

    @property
    def is_real(self) -> bool:
        """False for the stand-in."""
        return self.source != "stand-in"

    @property
    def tags(self) -> list[str]:
        """O first, then B- and I- of each kind of entity, in the order of the alphabet."""
        kinds = sorted({tag[2:] for _, tags in [*self.train, *self.test] for tag in tags if tag != "O"})
        return ["O", *(f"{place}-{kind}" for kind in kinds for place in "BI")]

    def __repr__(self) -> str:
        return (f"here: {self.name} from {self.source}, {len(self.train):,} training "
                f"and {len(self.test):,} test sentences")


def entities(name: str | None = None, limit: int | None = None) -> Entities:
    """Tagged sentences, as many sets tried as needed: CoNLL-2003, then WNUT-17, then the stand-in.

    CoNLL-2003: Tjong Kim Sang and De Meulder, 14,041 training and 3,453 test sentences (eng.testb),
    from your own copy only. WNUT-17: Derczynski and others, 3,394 and 1,287 sentences, six kinds.
    The stand-in, written for this course, has CoNLL's four kinds: PER, LOC, ORG and MISC.
    name: "conll2003" or "wnut17" tries this set alone, "stand-in" takes the course's.
    limit: keep this many training sentences, the first ones.
    Raises ValueError for another name, or a limit that is not a positive integer.
    """
    check_limit(limit)
    if not (name is None or isinstance(name, str)) or name not in (None, "stand-in", *SETS):
        raise ValueError(f"name is {', '.join(SETS)} or stand-in, or None for the first there is, "
                         f"not {arguments.shown(name)}.")
    problems = []
    for wanted in SETS if name is None else [name] if name in SETS else []:
        try:
            return announce(SETS[wanted](), limit)
        except Unavailable as problem:
            problems.append(f"{wanted}: {problem}")
    train, test = documents(ENTITIES.read_text(encoding="utf-8"))
    found = Entities("the course's entities (stand-in)", "stand-in", train[:limit], test)
    here(f"Standing in ({'; '.join(problems) or 'as asked'}): the course's entities, "
         f"{len(found.train)} training and {len(test)} test sentences")
    return found


def conll2003() -> Entities:
    """The shared task's English text, from a folder. Raises Unavailable where there is none."""
    (train, source), (test, _) = (own_copy(f"conll2003/{part}.txt") for part in ("train", "test"))
    return Entities("CoNLL-2003", source, rows(train.decode()), rows(test.decode()))


def wnut17() -> Entities:
    """The workshop's training and annotated test file. Raises Unavailable where there are none."""
    train, source = read("wnut17/wnut17train.conll")
    test, _ = read("wnut17/emerging.test.annotated")
    return Entities("WNUT-17", source, rows(train.decode()), rows(test.decode()))


SETS: dict[str, Callable[[], Entities]] = {"conll2003": conll2003, "wnut17": wnut17}


def announce(found: Entities, limit: int | None) -> Entities:
    """Keep the first `limit` training sentences, print the line, and return them."""
    found = Entities(found.name, found.source, found.train[:limit], found.test)
    print(found)
    return found


def own_copy(path: str) -> tuple[bytes, str]:
    """The bytes of a file that the learner may have and the course may not fetch."""
    for place, folder in folders():
        content = verified(folder / path, OWN_COPY[path], place)
        if content is not None:
            return content, place
    raise Unavailable("no copy of your own in COURSE_DATA, and its licence allows no download")


def rows(text: str) -> list[Tagged]:
    """The sentences of a CoNLL file: a word a line, its tag last; blank lines between sentences.

    Raises ValueError, with the number of the line, for a line without a tag of IOB2.
    """
    found, words, tags = [], [], []
    arguments.string("text", text)
    for number, line in enumerate([*text.split("\n"), ""], 1):
        parts = line.split()
        if parts and parts[0] != "-DOCSTART-":
            if len(parts) < 2 or parts[-1] != "O" and parts[-1][:2] not in ("B-", "I-"):
                raise ValueError(f"line {number} should be a word and its IOB2 tag, not {line!r}.")
            words.append(parts[0])
            tags.append(parts[-1])
        elif words:
            found.append(Tagged(words, tags))
            words, tags = [], []
    return found


def documents(text: str) -> list[list[Tagged]]:
    """The documents of a CoNLL file that has a -DOCSTART- line before each."""
    arguments.string("text", text)
    return [rows(part.partition("\n")[2]) for part in text.split("-DOCSTART-")[1:]]
