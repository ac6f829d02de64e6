"""What the pages show of the records: the README's scoreboard and picture, and the tables saved in the chapters.

`python3 -m utils run --record` rewrites them from assets/claims.json and assets/digits.json; tests compare them.
"""
import hashlib
import io
import json
import re
from html import escape
from pathlib import Path

from utils.claims import Claim, claims, paper, reference
from utils.files import write_whole
from utils.install import ROOT
from utils.one_task import recorded_digits

README = ROOT / "README.md"
PICTURE = ROOT / "assets" / "seventy.png"
START = "<!-- {}: written by python3 -m utils run --record -->\n"
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


def seventy_years() -> str:
    """The Markdown of the README's picture: the same digits through every model, with the numbers folded."""
    rows = recorded_digits()
    if not rows:
        return "\nNot measured yet: `python3 -m utils run 09 --record`.\n\n"
    best, worst = (choose(rows, key=lambda row: row["mean"]) for choose in (min, max))
    told = "; ".join(f"{row['model']} ({row['year']}) {row['mean']:.3g} %" for row in rows)
    where = sorted({f"{row['data']}, {row['tier']} tier, {row['device']}, n = {row['n']}" for row in rows})
    lead = (f"Fewest errors: {best['model']} ({best['year']}), {best['mean']:.2g} %. Most: {worst['model']} "
            f"({worst['year']}), {worst['mean']:.2g} %. Whiskers: one standard deviation over the runs.")
    table = ["| year | chapter | model | test error | parameters | seconds |", "|---|---|---|---|---|---|"]
    table += [f"| {row['year']} | {row['chapter']} | {row['model']} | ≈ {row['mean']:.1f} ± {row['spread'] or 0:.1f} % "
              f"| {row['parameters']:,} | ≈ {row['seconds']:.2g} |" for row in rows]
    return "\n".join(["", f"![Test error, parameters and training time of {len(rows)} models over the years of the "
                      f"ideas. Test error: {told}.](assets/{PICTURE.name})", "", f"*{lead} ({'; '.join(where)}.)*", "",
                      "<details><summary>The numbers of the picture</summary>", "", *table, "", "</details>", "", ""])


BLOCKS = {"scoreboard": scoreboard, "digits": seventy_years}


def block(name: str, text: str) -> str:
    """What stands between the two comments of a block. Raises ValueError when they are gone."""
    found = re.search(f"(?<={re.escape(START.format(name))}).*?(?=<!-- end -->)", text, re.DOTALL)
    if not found:
        raise ValueError(f"The README has no place for the {name}: the two comments around it are gone.")
    return found[0]


def write_readme(file: Path = README, picture: Path = PICTURE) -> bool:
    """Write the blocks into the README, whole or not at all, and draw the picture; False where nothing changed.

    Raises ValueError when the marks between which a block belongs are gone.
    """
    text = new = file.read_text(encoding="utf-8")
    for name, write in BLOCKS.items():
        new = new.replace(START.format(name) + block(name, new), START.format(name) + write())
    if drawn_from(picture) != fingerprint():
        draw(picture)
    if new != text:
        write_whole(file, new)
    return new != text


def fingerprint() -> str:
    """A short name for exactly the rows that the picture shows."""
    return hashlib.sha256(json.dumps(recorded_digits(), sort_keys=True).encode()).hexdigest()[:16]


def drawn_from(picture: Path) -> str | None:
    """The fingerprint of the rows that a picture was drawn from, as it is kept in the file; None without one."""
    from PIL import Image
    if not picture.exists():
        return None
    with Image.open(picture) as image:
        return image.info.get("Description")


def draw(picture: Path) -> None:
    """Draw the recorded rows into a PNG, whole or not at all; without rows, nothing."""
    from utils.plots import plot_years
    if rows := recorded_digits():
        held = io.BytesIO()
        plot_years(rows).savefig(held, format="png", dpi=110, metadata={"Description": fingerprint()})
        write_whole(picture, held.getvalue())


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
