"""The text that the course's BERT reads: public-domain books, film reviews, encyclopaedia articles."""
import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from utils.data.sources import SOURCES, Unavailable, entry, read
from utils.data.texts import plain
from utils.say import here

SPLIT = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z])")  # where a sentence ends and a capital follows
SHORT = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|Rev|Capt|Col|Gen|Lieut|Hon|Messrs|Esq|Jr|Sr|vs|etc|[A-Z])\.$")
HEAD = re.compile(r"^(?:chapter|book|part|volume|act|scene|letter)\b[\s.]*[\dIVXLC]+\W*.{0,60}$", re.IGNORECASE)
MARKS = [(r"\[\^?\w*\]|\{[^}]*\}", " "), (r"[*_`|\\#~^]+", " "), (r"-{2,}", " - "), (r"\.(?: ?\.){2,}", " ..."),
         (r"<unk>", "[UNK]"), (r" @([-.,])@ ", r"\1"), (r"\s+", " ")]
# Lines that are about the file, not of the book.
NOTICE = re.compile(r"project gutenberg|transcriber|e-?text|produced by|all rights reserved|copyright", re.IGNORECASE)
FEWEST = 4  # sentences a document has at least


@dataclass(frozen=True)
class Document:
    """Sentences that follow one another, and the kind of text they are."""

    kind: str
    sentences: list[str]


@dataclass(frozen=True)
class Kind:
    """A kind of text: its licence, how often it is read for once the books, and its reader."""

    name: str
    licence: str
    repeats: int
    paths: Callable[[], list[str]]
    documents: Callable[[bytes], list[list[str]]]


def clean(text: str) -> str:
    """One paragraph without mark-up, footnote signs and double spaces, in plain characters."""
    text = plain(text)
    for pattern, rest in MARKS:
        text = re.sub(pattern, rest, text)
    return text.strip()


def sentences(paragraph: str) -> list[str]:
    """The sentences of one paragraph; "Mr. Rochester" and initials end none."""
    found: list[str] = []
    start = 0
    for gap in SPLIT.finditer(paragraph):
        if SHORT.search(paragraph[start:gap.start()].rstrip("\"')]")):
            continue
        closing = paragraph[gap.start():gap.end()].rstrip()
        found.append(paragraph[start:gap.start()] + closing)
        start = gap.end()
    return [sentence for sentence in [*found, paragraph[start:]] if len(sentence.split()) > 1]


def book(content: bytes) -> list[list[str]]:
    """A book of the classic-books collection as its chapters, each a list of sentences.

    A heading starts a chapter and is left out, as are the title, rules and notices of the file.
    """
    chapters: list[list[str]] = [[]]
    for line in content.decode("utf-8").splitlines():
        line = line.strip()
        if line.startswith("#") or HEAD.match(line):
            chapters.append([])
        elif any(letter.isalpha() for letter in line) and not NOTICE.search(line):
            chapters[-1] += sentences(clean(line))
    return chapters


def film_reviews(content: bytes) -> list[list[str]]:
    """Pang and Lee's reviews, one document each: a sentence a line, in lower case. Labels are not read."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".txt"))
        texts = [archive.read(name).decode("latin-1") for name in names]
    return [[line for line in map(clean, text.splitlines()) if len(line.split()) > 1] for text in texts]


def articles(content: bytes) -> list[list[str]]:
    """WikiText's articles; titles and headings left out. What it calls <unk> becomes [UNK]."""
    found: list[list[str]] = [[]]
    for line in content.decode("utf-8").splitlines():
        line = line.strip()
        if line.startswith("=") and line.endswith("="):
            if not line.startswith("= ="):
                found.append([])
        elif line:
            found[-1] += sentences(clean(line))
    return found


def book_paths() -> list[str]:
    """The books of assets/sources.json, in the order of the alphabet."""
    return sorted(path for path in json.loads(SOURCES.read_text(encoding="utf-8")) if path.startswith("classic-books/"))


KINDS = [Kind("books", "public domain", 1, book_paths, book),
         Kind("film reviews", "CC BY 4.0", 6, lambda: ["movie_reviews/movie_reviews.zip"], film_reviews),
         Kind("Wikipedia articles", "CC BY-SA", 4, lambda: ["wikitext-2/valid.txt", "wikitext-2/test.txt"],
              articles)]


def collect(limit: int | None = None) -> list[Document]:
    """Every document that a source could give, of all kinds, in a fixed order.

    limit: read this many files a kind at most. A file without a source is passed over, with a
    line that says so. Raises Unavailable, with the reasons, when there is not one.
    """
    found, problems = [], []
    for kind in KINDS:
        before, missing = len(found), []
        for path in kind.paths()[:limit]:
            try:
                content, _ = read(path)
            except Unavailable as problem:
                missing.append(path)
                problems.append(f"{path}: {problem}")
                continue
            found += [Document(kind.name, part) for part in kind.documents(content) if len(part) >= FEWEST]
        lost = f"; {len(missing)} files not reachable" if missing else ""
        here(f"{kind.name} ({kind.licence}): {len(found) - before:,} documents, read {kind.repeats} x{lost}")
    if not found:
        raise Unavailable("No text to pre-train on. Set COURSE_DATA to a folder that holds classic-books/, or go "
                          "online. First reasons: " + "; ".join(problems[:3]))
    return found


def repeats(kind: str) -> int:
    """How often a kind of text is read while the books are read once."""
    return {each.name: each.repeats for each in KINDS}[kind]


def in_both_cases(documents: list[Document], share: float = 0.5, seed: int = 0) -> list[Document]:
    """The same documents, a `share` of them (by chance) in lower case.

    Names need capitals, and film reviews as SST-2 has them are in lower case: the net reads both.
    """
    chance = random.Random(seed)
    return [Document(document.kind, [s.lower().replace("[unk]", "[UNK]") for s in document.sentences])
            if chance.random() < share else document for document in documents]


def megabytes() -> int:
    """How much is downloaded where no copy is at hand, in MB."""
    return round(sum(entry(path)["bytes"] for kind in KINDS for path in kind.paths()) / 1e6)
