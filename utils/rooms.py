"""The sizes of a room, from what the load test of the hub measured.

    python -m utils.rooms      writes the tables of assets/hub/README.md anew

Measured with `python -m tests.benchmarks.hub --json assets/hub/measured.json`: N learners on one machine who open
chapters 01 to 03 and run all cells at the same time.
"""
import json
import math
import re
import statistics
from pathlib import Path
from typing import Any

from utils.files import write_whole

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "hub"
ROOMS = (30, 100, 300)  # learners in the larger rooms of the page
WAIT = 600  # seconds that all of them may need for the three chapters, if all press Run All at once
SPARE = 1.2  # memory above what was measured


def measured() -> list[dict[str, Any]]:
    """The rows that the load test wrote, fewest learners first."""
    rows = json.loads((FOLDER / "measured.json").read_text(encoding="utf-8"))
    return sorted(rows, key=lambda row: row["learners"])


def largest(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of the largest room in which no kernel was killed and no cell failed."""
    return [row for row in rows if not row["killed"] and not row["failed"]][-1]


def sizes(row: dict[str, Any], learners: int) -> dict[str, float]:
    """What a room of `learners` needs, from a measured row.

    memory GB: for one learner, the largest that was seen and a fifth, in steps of a half. core seconds: what one
    learner's chapters cost. cores: so many that all are through in ten minutes.
    """
    memory = math.ceil(2 * SPARE * max(row["most"].values())) / 2
    whole = sum(statistics.median(seconds) for seconds in row["seconds"].values())
    each = whole * row["cores"] / row["learners"]
    return {"memory GB": memory, "core seconds": each, "cores": math.ceil(learners * each / WAIT)}


def rooms(rows: list[dict[str, Any]]) -> str:
    """The measured rooms as a table of Markdown."""
    lines = ["| learners | kernels killed | failed cells | " + " | ".join(
        f"{chapter}: median / slowest (s)" for chapter in rows[0]["chapters"])
        + " | GB a learner: median / most | least GB available | one more is told |",
        "|" + "---:|" * (len(rows[0]["chapters"]) + 5) + "---|"]
    for row in rows:
        took = " | ".join(f"{statistics.median(s):.0f} / {max(s):.0f}" for s in row["seconds"].values())
        most = list(row["most"].values())
        status, answer = row["one too many"]
        told = answer["message"] if isinstance(answer, dict) else answer
        memory = f"{statistics.median(most):.2f} / {max(most):.2f} | {row['least available']:.1f}"
        lines.append(f"| {row['learners']} | {row['killed']} | {len(row['failed'])} | {took} | {memory} | "
                     f"{status}: {told} |")
    return "\n".join(lines)


def larger(rows: list[dict[str, Any]]) -> str:
    """The larger rooms as a table of Markdown, with the sizes that follow."""
    row = largest(rows)
    lines = ["| learners | memory a learner (limit) | memory in all | cores in all |", "|---:|---:|---:|---:|"]
    for learners in ROOMS:
        need = sizes(row, learners)
        lines.append(f"| {learners} | {need['memory GB']:.1f} GB | {learners * need['memory GB']:.0f} GB | "
                     f"{need['cores']} |")
    lines += ["", f"From the room of {row['learners']}: {sizes(row, 1)['core seconds']:.0f} core-seconds a learner; "
              f"cores for all to be through the three chapters in {WAIT // 60} minutes."]
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its tables as the measurements say. Raises ValueError for a page without the marks."""
    rows = measured()
    for mark, table in (("measured", rooms(rows)), ("larger", larger(rows))):
        found = re.search(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", text, re.S)
        if not found:
            raise ValueError(f"the page has no <!-- {mark} --> and <!-- /{mark} --> to put the table between")
        text = text[:found.end(1)] + table + "\n" + text[found.start(2):]
    return text


def main() -> None:
    """Write the tables."""
    file = FOLDER / "README.md"
    write_whole(file, page(file.read_text(encoding="utf-8")))
    print(file.name)


if __name__ == "__main__":
    main()
