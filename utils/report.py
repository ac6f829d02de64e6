"""What `python3 -m utils run` shows: its table as text, and with --html a page with every figure."""
import datetime
import platform
from html import escape
from pathlib import Path
from urllib.parse import quote

from nbformat import NotebookNode

STYLE = """body { font: 16px/1.5 sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; font-size: 14px; } th, td { text-align: left; padding: .3em .7em; }
tr:nth-child(even) { background: #f3f3f3; } .bad { background: #f6d29a; } figure { margin: 1.5em 0; }
img { max-width: 100%; } figcaption { font-style: italic; }"""
BAD = ("FLOOR MISSED", "worse than the reference")


def with_seconds(rows: list[dict], runs: list[tuple[str, float]]) -> list[dict]:
    """The rows with the seconds that a run of their chapter took, before the verdict. runs: (name, seconds)."""
    took: dict[str, list[float]] = {}
    for name, seconds in runs:
        took.setdefault(name[:2], []).extend([seconds] if seconds else [])
    found = []
    for row in rows:
        own = took.get(row["chapter"], [])
        last = {name: row[name] for name in ("verdict", "ok")}
        first = {name: value for name, value in row.items() if name not in last}
        found.append({**first, "chapter's seconds": f"{sum(own) / len(own):.0f}" if own else "–", **last})
    return found


def render(rows: list[dict]) -> str:
    """Rows of one set of keys as a text table; an empty line for no rows."""
    if not rows:
        return ""
    table = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in table]
    return "\n".join(["", lines[0], "-" * len(lines[0]), *lines[1:]])


def write_report(folder: Path, rows: list[dict[str, str]], chapters: list[tuple[str, str, str]]) -> Path:
    """Write index.html into `folder` and return its path.

    rows: those of the printed table. chapters: (name, how it went in a line, its figures as HTML).
    """
    when = f"{datetime.datetime.now():%Y-%m-%d %H:%M}, {platform.system()}, Python {platform.python_version()}"
    parts = [f"<h1>From Perceptron to BERT: a run</h1><p>{when}</p>", table(rows)]
    for name, went, figures in chapters:
        page = escape(name)
        if (folder / f"{name}.html").exists():
            page = f'<a href="{quote(name)}.html">{page}</a>'
        parts.append(f"<h2>{page}</h2><p>{escape(went)}</p>{figures}")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "index.html"
    file.write_text(f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>A run</title><style>{STYLE}</style>\n'
                    + "\n".join(parts) + "</html>\n", encoding="utf-8")
    return file


def table(rows: list[dict[str, str]]) -> str:
    """Rows of one set of keys as an HTML table; what missed its floor or its reference stands out."""
    if not rows:
        return "<p>Nothing was measured.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    lines = []
    for row in rows:
        mark = ' class="bad"' if row.get("verdict") in BAD else ""
        lines.append(f"<tr{mark}>{''.join(f'<td>{escape(str(value))}</td>' for value in row.values())}</tr>")
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "</table>"


def figures(nb: NotebookNode) -> str:
    """The pictures that an executed notebook holds, each with its alternative text and its caption."""
    found = []
    for cell in nb.cells:
        outputs = cell.get("outputs", [])
        for place, output in enumerate(outputs):
            data = output.get("data", {})
            if "image/png" in data:
                alt = output.metadata.get("image/png", {}).get("alt", "")
                after = outputs[place + 1].get("data", {}) if place + 1 < len(outputs) else {}
                caption = after.get("text/plain", "") if "text/markdown" in after else ""
                picture = "".join(data["image/png"].split())
                found.append(f'<figure><img alt="{escape(alt)}" src="data:image/png;base64,{picture}">'
                             f"<figcaption>{escape(caption)}</figcaption></figure>")
    return "\n".join(found)
