"""What the README shows of the records: the scoreboard and the picture of seventy years.

`python3 -m utils run --record` rewrites both from assets/claims.json and assets/digits.json;
a test compares them.
"""
import os
import re
from pathlib import Path

from utils.claims import Claim, claims, paper, reference
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
        fresh = file.with_suffix(".tmp")
        fresh.write_text(new, encoding="utf-8", newline="\n")
        os.replace(fresh, file)
    return new != text
