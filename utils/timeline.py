"""The field's history as a list of sourced events: assets/timeline.json, read and checked.

Every event names its primary source and says what of it was seen. The dates of the "winters" are
conventions of later accounts, which the kind "winter" marks.
"""
import json
import re
from dataclasses import dataclass, fields
from pathlib import Path

from utils.arguments import shown

TIMELINE = Path(__file__).resolve().parents[1] / "assets" / "timeline.json"
KINDS = ("idea", "machine", "data", "programme", "critique", "winter")
SEEN = ("read", "abstract", "through", "not seen")  # how each word about a source begins
CHAPTER = re.compile(r"\d\d_[a-z]+\.ipynb")


@dataclass(frozen=True)
class Myth:
    """A famous wrong story about an event, what is right, and where that can be read."""

    story: str
    correction: str
    source: str


@dataclass(frozen=True)
class Event:
    """One event. short: its name on the picture. section: the heading that tells it in `chapter`.

    year, end: when it was; end is set for what lasted. kind: one of KINDS. chapter: a file of
    chapters/, or None. source: the primary source. seen: what of it was read, honestly.
    """

    id: str
    year: int
    short: str
    title: str
    text: str
    kind: str
    people: tuple[str, ...]
    chapter: str | None
    source: str
    seen: str
    end: int | None = None
    section: str | None = None
    myth: Myth | None = None

    @property
    def when(self) -> str:
        """The year, or for what lasted both years."""
        return f"{self.year}–{self.end}" if self.end else str(self.year)

    @property
    def number(self) -> str:
        """The number of its chapter without the zero, "" where it has none."""
        return str(int(self.chapter[:2])) if self.chapter else ""

    @property
    def link(self) -> str:
        """Where its chapter tells it, seen from another chapter: file and heading; "" for none."""
        anchor = f"#{self.section.replace(' ', '-')}" if self.section else ""
        return f"{self.chapter}{anchor}" if self.chapter else ""


def events(kind: str | None = None) -> list[Event]:
    """All events in the order of years, or those of one kind.

    Raises ValueError for a kind that the course does not have, and for a file with a fault.
    """
    if kind is not None and not (isinstance(kind, str) and kind in KINDS):
        raise ValueError(f"An event is of kind {', '.join(KINDS)}, not {shown(kind)}.")
    found = [event(row) for row in json.loads(TIMELINE.read_text(encoding="utf-8"))]
    ids = [one.id for one in found]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"assets/timeline.json has {', '.join(twice)} more than once.")
    if [one.year for one in found] != sorted(one.year for one in found):
        raise ValueError("assets/timeline.json is not in the order of years.")
    return [one for one in found if kind in (None, one.kind)]


def event(row: dict) -> Event:
    """One row of the file as an Event. Raises ValueError, naming the event, for what is missing or wrong."""
    if not isinstance(row, dict):
        raise ValueError(f"A row of the timeline is a dict with an id, a year and so on, not {shown(row)}.")
    name = row.get("id", "an event without id")
    known = {field.name for field in fields(Event)}
    needed = known - {"end", "section", "myth"}
    if needed - set(row) or set(row) - known:
        wrong = sorted(needed - set(row)) or sorted(set(row) - known)
        raise ValueError(f"{name}: {'missing' if needed - set(row) else 'unknown'} {', '.join(wrong)}.")
    try:
        myth = Myth(**row["myth"]) if row.get("myth") else None
    except TypeError as error:
        raise ValueError(f"{name}: a myth has a story, a correction and a source.") from error
    texts = [row[field] for field in ("id", "short", "title", "text", "kind", "source", "seen")]
    texts += [row[field] for field in ("chapter", "section") if row.get(field) is not None]
    texts += row["people"] if isinstance(row["people"], list | tuple) else [row["people"] and None]
    if not all(isinstance(part, str) for part in texts) or not isinstance(row.get("end"), int | None):
        raise ValueError(f"{name}: end is a whole number or null, people a list, and all else but the year a text.")
    one = Event(**{**row, "people": tuple(row["people"]), "myth": myth})
    if faults := problems(one):
        raise ValueError(f"{name}: {'; '.join(faults)}.")
    return one


def problems(one: Event) -> list[str]:
    """What is wrong with an event, in words; nothing for a sound one."""
    tests = {
        f"kind is one of {', '.join(KINDS)}": one.kind in KINDS,
        "year is a whole number from 1900 on": isinstance(one.year, int) and one.year >= 1900,
        "end comes after year": one.end is None or one.end > one.year,
        "short has at most 17 characters": 0 < len(one.short) <= 17,
        "title, text, source and seen are not empty": all([one.title, one.text, one.source, one.seen]),
        "the source holds the event's year": str(one.year) in one.source or one.kind == "winter",
        f"seen begins with {', '.join(SEEN)}": one.seen.startswith(SEEN),
        "chapter is a file such as 01_perceptron.ipynb": not one.chapter or bool(CHAPTER.fullmatch(one.chapter)),
        "a section needs a chapter": one.chapter is not None or one.section is None,
        "a myth has a story, a correction and a source": not one.myth or all(vars(one.myth).values()),
        "a winter has an end and says that it is a convention":
            one.kind != "winter" or bool(one.end) and "convention" in one.text,
    }
    return [f"it is not so that {words}" for words, right in tests.items() if not right]
