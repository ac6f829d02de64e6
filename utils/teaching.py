"""How long a chapter takes in a room, section by section: read, run, exercises.

    python -m utils.teaching      writes the tables into assets/teaching

Words are counted in the notebook, seconds were measured by `python -m tests.benchmarks.cells --record`,
an exercise's minutes are its own. The pace of reading is an assumption and is printed with the table.
"""
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from utils.exercises import Exercise, of_chapter
from utils.files import write_whole

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "assets" / "teaching"
SECONDS = FOLDER / "seconds.json"
PACE = 150  # words a minute, slower than prose alone: there is code to read between the words
HEADING = re.compile(r"^#{1,3} +(.+)$", re.M)
EXERCISE = re.compile(r"^\*\*(\d\d\.\d+) · (\w+) · (\w+) · (\d+) min\.\*\*", re.M)
FENCE = re.compile(r"```.*?```|<!--.*?-->|\]\([^)]*\)", re.S)


@dataclass
class Section:
    """A heading of a chapter and what stands under it. seconds: of its code, measured, in the quick tier."""

    title: str
    words: int = 0
    cells: int = 0
    seconds: float = 0.0
    exercises: list[Exercise] = field(default_factory=list)

    @property
    def minutes(self) -> float:
        """Reading, running and exercises together, in minutes."""
        return self.words / PACE + self.seconds / 60 + sum(one.minutes for one in self.exercises)


def chapters() -> dict[str, Path]:
    """The notebooks by their number, "00" to "09"."""
    return {path.name[:2]: path for path in sorted((ROOT / "chapters").glob("[0-9]*.ipynb"))}


def measured() -> dict:
    """What `tests.benchmarks.cells --record` wrote: the machine, and by chapter the seconds of each cell."""
    return json.loads(SECONDS.read_text(encoding="utf-8")) if SECONDS.exists() else {"machine": "", "chapters": {}}


def sections(chapter: str) -> list[Section]:
    """The sections of a chapter in order. Raises KeyError for a chapter that does not exist."""
    bank = {one.id: one for one in of_chapter(chapter)}
    seconds = measured()["chapters"].get(chapter, {})
    found = [Section("")]
    for cell in nbformat.read(chapters()[chapter], as_version=4).cells:
        if cell.cell_type == "code":
            found[-1].cells += 1
            found[-1].seconds += seconds.get(cell.id, 0.0)
            continue
        parts = HEADING.split(FENCE.sub("", cell.source))
        found[-1].words += len(parts[0].split())
        for title, text in zip(parts[1::2], parts[2::2]):
            found.append(Section(title.strip(), len(text.split())))
        found[-1].exercises += [bank[match[0]] for match in EXERCISE.findall(cell.source) if match[0] in bank]
    return [section for section in found if section.title or section.words]


def plan(chapter: str) -> str:
    """The chapter's table of sections and minutes, as Markdown."""
    found = sections(chapter)
    rows = ["| section | words | code cells | seconds to run | exercises | minutes |", "|---|---:|---:|---:|---|---:|"]
    for one in found:
        tasks = ", ".join(exercise.id for exercise in one.exercises)
        rows.append(f"| {one.title} | {one.words} | {one.cells} | {one.seconds:.0f} | {tasks} | {one.minutes:.0f} |")
    tasks = sum(exercise.minutes for one in found for exercise in one.exercises)
    total = sum(one.minutes for one in found)
    rows.append(f"| **together** | {sum(one.words for one in found)} | {sum(one.cells for one in found)} | "
                f"{sum(one.seconds for one in found):.0f} | {tasks} min | **{total:.0f}** |")
    where = measured()["machine"] or "not measured yet"
    return "\n".join([*rows, "", f"Seconds: the quick tier, {where}. Minutes: {PACE} words read a minute, the code "
                      "run once, and the exercises' own minutes; talk and widgets come on top."])


def overview() -> str:
    """A line a chapter: minutes to read, seconds to run, exercises and their minutes, as Markdown."""
    rows = ["| chapter | read (min) | run (s) | exercises | their minutes | together (min) |",
            "|---|---:|---:|---:|---:|---:|"]
    for chapter in chapters():
        found = sections(chapter)
        tasks = [exercise for one in found for exercise in one.exercises]
        rows.append(f"| [{chapter}]({chapter}.md) {found[0].title} | {sum(one.words for one in found) / PACE:.0f} | "
                    f"{sum(one.seconds for one in found):.0f} | {len(tasks)} | {sum(one.minutes for one in tasks)} | "
                    f"{sum(one.minutes for one in found):.0f} |")
    return "\n".join(rows)


def put(text: str, table: str) -> str:
    """A page with the table between its two marks. Raises ValueError for a page without the marks."""
    found = re.search(r"(<!-- plan -->\n).*?(<!-- /plan -->)", text, re.S)
    if not found:
        raise ValueError("the page has no <!-- plan --> and <!-- /plan --> to put the table between")
    return text[:found.end(1)] + table + "\n" + text[found.start(2):]


def tables() -> dict[Path, str]:
    """Every page of assets/teaching as it should be, by its path."""
    pages = {FOLDER / f"{chapter}.md": plan(chapter) for chapter in chapters()} | {FOLDER / "README.md": overview()}
    return {path: put(path.read_text(encoding="utf-8"), table) for path, table in pages.items() if path.exists()}


def main() -> None:
    """Write the tables into the pages."""
    for path, text in tables().items():
        write_whole(path, text)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
