"""What the pages show of the records: the README's scoreboard, and those saved in the chapters.

`python3 -m utils run --record` rewrites both from assets/claims.json; a test compares them.
"""
import json
import re
from html import escape
from pathlib import Path

from utils.claims import Claim, claims, paper, reference
from utils.files import write_whole
from utils.install import ROOT

README = ROOT / "README.md"
START = "<!-- scoreboard: written by python3 -m utils run --record -->\n"
BLOCK = re.compile(f"(?<={re.escape(START)}).*?(?=<!-- end -->)", re.DOTALL)
HEAD = ["| | year | claim | paper | measured here |", "|---|---|---|---|---|"]


def scoreboard() -> str:
    """The Markdown of the README's block: claims with a printed measurement in view, all others folded."""
    rows = claims()
    shown = [one for one in rows if one.value is not None and one.better != "equal" and one.reference]
    rest = [one for one in rows if one not in shown]
    table = [*HEAD, *map(line, shown), ""]
    if rest:
        table += [f"<details><summary>{len(rest)} more: exact counts, and claims to which the paper printed no "
                  "number</summary>", "", *HEAD, *map(line, rest), "", "</details>", ""]
    return "\n".join(["", *table])


def line(one: Claim) -> str:
    """A claim as a row of the table."""
    cells = (one.chapter, str(one.year), one.title, paper(one), reference(one))
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def write_scoreboard(file: Path = README) -> bool:
    """Write the block into the README, whole or not at all; False where nothing changed.

    Raises ValueError when the marks between which it belongs are gone.
    """
    text = file.read_text(encoding="utf-8")
    if not BLOCK.search(text):
        raise ValueError(f"{file.name} has no place for the scoreboard: the two comments around it are gone.")
    new = BLOCK.sub(lambda _: scoreboard(), text)
    if new != text:
        write_whole(file, new)
    return new != text


def write_saved_scoreboards(folder: Path = ROOT / "chapters") -> list[str]:
    """Put the recorded references into the scoreboards that the chapters were saved with.

    Only the columns of the paper and the reference change, "this run" stays that of the saved run.
    Returns the names of the chapters that changed.
    """
    changed = []
    for path in sorted(folder.glob("[0-9]*.ipynb")):
        text = path.read_text(encoding="utf-8")
        book = json.loads(text)
        for cell in book["cells"]:
            if "".join(cell["source"]).strip().startswith("scoreboard("):
                for output in cell["outputs"]:
                    data = output.get("data", {})
                    kinds = {"text/html", "text/plain"} & set(data)
                    data.update({kind: renewed(kind, data[kind]) for kind in kinds})
        new = json.dumps(book, indent=1, ensure_ascii=False) + "\n"
        if new != text:
            write_whole(path, new)
            changed.append(path.name)
    return changed


def renewed(kind: str, lines: list[str]) -> list[str]:
    """The lines of a saved scoreboard with today's references."""
    between, first, change = ("</td><td>", "<tr><td>", escape) if kind == "text/html" else (" | ", "", str)
    known = {first + change(one.title): one for one in claims()}
    found = []
    for row in lines:
        title, *cells = row.split(between)
        if title in known and len(cells) >= 3:
            cells[:2] = [change(paper(known[title])), change(reference(known[title]))]
        found.append(between.join([title, *cells]))
    return found
