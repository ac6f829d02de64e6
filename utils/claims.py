"""What a paper said, what this project measured, what your run measured: side by side.

assets/claims.json holds one object a claim. Its `references` are written by
`python3 -m utils run --record`, never by hand: mean and spread over seeds, with the data,
the tier, the device and the date of the run that gave them.
"""
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from math import floor, log10
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from utils import progress
from utils.arguments import row_of, shown, string, whole
from utils.say import approx

CLAIMS = Path(__file__).resolve().parents[1] / "assets" / "claims.json"
BETTER = ("lower", "higher", "equal", "near")
ROUNDING = 1e-6  # what float arithmetic leaves where zero was meant
_RUNS: dict[str, "Run"] = {}  # what this kernel measured


@dataclass(frozen=True)
class Run:
    """One measurement of a claim: its value for each seed, and what it was measured on."""

    values: list[float]
    data: str
    tier: str
    device: str
    runs: int = 0  # how many runs one value sums up; 0: each value is a run

    @property
    def n(self) -> int:
        """How many runs stand behind the value."""
        return self.runs or len(self.values)

    @property
    def mean(self) -> float:
        return fmean(self.values)

    @property
    def spread(self) -> float | None:
        """The sample standard deviation over the seeds; None for one value."""
        return stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True)
class Claim:
    """A claim of a paper. `value` is the paper's number, None where it printed none.

    better: "lower" or "higher" is better, "equal" (an exact count), or "near" the value.
    floor: what a healthy run never misses; for "near", the largest distance allowed.
    """

    id: str
    chapter: str
    year: int
    title: str
    citation: str
    claimed: str
    metric: str
    value: float | None
    unit: str
    data: str
    better: str
    floor: float | None
    status: str
    note: str = ""
    references: list[dict] = field(default_factory=list)

    def measured(self, values: float | Sequence[float], data: str, *, runs: int = 0) -> "Claim":
        """Keep this run's values, one a seed, and the name of the data. Returns the claim.

        runs: for one value that sums up many runs (a median, a share): how many they were.
        Raises ValueError when there is no value, or one that is not a finite number.
        """
        if not (row := row_of(values)):
            raise ValueError(f"{self.id} expects finite numbers, one a seed, not {shown(values)}.")
        run = Run(row, string("data", data), *machine(), runs=whole("runs", runs, 0))
        _RUNS[self.id] = run
        append_result(self.id, run)
        return self

    def holds(self) -> bool:
        """Does this kernel's run keep the floor? Raises ValueError when nothing was measured."""
        if self.id not in _RUNS:
            raise ValueError(f"{self.id} was not measured yet: run the cells above first.")
        return holds(self, _RUNS[self.id])

    @property
    def reference(self) -> dict | None:
        """The weightiest recorded run: full before quick, real data before the stand-in."""
        return min(self.references, key=lambda r: ("stand-in" in r["data"], r["tier"] != "full"), default=None)


def machine() -> tuple[str, str]:
    """The tier and the device of this run."""
    from utils.device import device_name, lab
    return lab.tier, device_name(lab.device)


def append_result(name: str, run: Run) -> None:
    """Add the run to the file named by COURSE_RESULTS, for `python3 -m utils run`."""
    if os.environ.get("COURSE_RESULTS"):
        row = {"id": name, **vars(run)}
        with open(os.environ["COURSE_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def claims(chapter: str | None = None) -> list[Claim]:
    """All claims, or those of one chapter ("00" to "09"), in their order. Raises KeyError for another chapter."""
    rows = [Claim(**row) for row in json.loads(CLAIMS.read_text(encoding="utf-8"))]
    found = [one for one in rows if chapter is None or isinstance(chapter, str) and one.chapter == chapter]
    if not found:
        raise KeyError(f"There are no claims for chapter {shown(chapter)}.")
    return found


def claim(name: str) -> Claim:
    """One claim by its id. Raises KeyError with the ids of its chapter for an unknown one."""
    found = {row.id: row for row in claims()}
    if not isinstance(name, str) or name not in found:
        near = [other for other in found if other[:2] == shown(name)[1:3]]
        raise KeyError(f"There is no claim {shown(name)}; the nearest are {', '.join(near) or 'none'}.")
    return found[name]


def holds(one: Claim, run: Run) -> bool:
    """True when the run keeps the claim's floor."""
    if one.better == "equal":
        return all(value == one.value for value in run.values)
    if one.floor is None:
        return True
    if one.better == "near":
        return abs(run.mean - one.value) <= one.floor
    return run.mean <= one.floor if one.better == "lower" else run.mean >= one.floor


def scoreboard(chapter: str) -> None:
    """Show the chapter's claims: paper, reference, this run. Raises KeyError for no claims."""
    from IPython.display import display
    found = claims(string("chapter", chapter))
    for one in (row for row in found if row.id in _RUNS):
        progress.note("claim", one.id, one.holds())
    rows = [(one.title, paper(one), reference(one), yours(one), one.citation) for one in found]
    head = ("claim", "paper", "reference", "this run", "source")
    lines = [f"<tr>{''.join(f'<td>{escape(part)}</td>' for part in row)}</tr>" for row in rows]
    html = f"<table><tr>{''.join(f'<th>{part}</th>' for part in head)}</tr>\n" + "\n".join(lines) + "</table>"
    plain = "\n".join(" | ".join(row) for row in rows)
    display({"text/html": html, "text/plain": plain}, raw=True)


def number(value: float) -> str:
    """A number with four significant digits and thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"


def paper(one: Claim) -> str:
    """The paper's value with its unit, or a dash where the paper printed no number."""
    return "–" if one.value is None else f"{number(one.value)} {one.unit}".strip()


def reference(one: Claim, beside: Run | None = None) -> str:
    """The recorded value, its spread and what it was measured on; the one like `beside` where there is one."""
    run: dict[str, Any] | None = (beside and alike(one, beside)) or one.reference
    if run is None:
        return "not recorded yet"
    if one.better == "equal":
        return f"{number(run['mean'])} {one.unit}".strip()
    data = "" if run["data"] == "none" else f"{run['data']}, "
    return f"{measured(one, run['mean'], run['spread'])} ({data}{run['tier']}, n = {run['n']})"


def alike(one: Claim, run: Run) -> dict | None:
    """The reference that was measured on the data and in the tier of a run."""
    return next((each for each in one.references if (each["data"], each["tier"]) == (run.data, run.tier)), None)


def yours(one: Claim) -> str:
    """This kernel's value, or what to do to get one."""
    if one.id not in _RUNS:
        return "not measured in this run"
    return measurement(one, _RUNS[one.id])


def measurement(one: Claim, run: Run) -> str:
    """A run's mean and spread over its seeds; for a count, what was counted."""
    if one.better == "equal":  # a count is the same on every machine
        return " / ".join(sorted({f"{number(value)} {one.unit}".strip() for value in run.values}))
    return measured(one, run.mean, run.spread)


def measured(one: Claim, mean: float, spread: float | None) -> str:
    """A mean with its spread: three significant digits, more where the spread or the paper's figure has more.

    No spread is printed where all runs gave the same: nothing was left to chance.
    """
    mean = 0.0 if abs(mean) < ROUNDING else mean
    spread = spread if spread and spread > max(ROUNDING, 1e-9 * abs(mean)) else None
    places = digits(mean) if one.value is None or not mean else max(digits(mean), decimals(one.value))
    needed = -floor(log10(spread)) if spread else 0
    if needed <= places + 2:  # beyond that the spread is as good as none
        places = max(places, needed)
    return f"{approx(mean, places, spread=spread)} {one.unit}".rstrip()


def decimals(value: float) -> int:
    """Places after the point of a figure as it is printed."""
    return len(number(value).partition(".")[2])


def digits(value: float) -> int:
    """Places after the point that give about three significant digits, 0 to 5."""
    size = abs(value)
    return 0 if size == 0 else next(d for d in range(6) if size >= 10 ** (2 - d) or d == 5)
