"""The same digits through every model of the course: what was measured, and where it is kept.

The epilogue trains the models and calls `digits_result`; `python3 -m utils run 09 --record` writes
assets/digits.json; the prologue and the README draw their picture from it.
"""
import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev

from utils.arguments import one_of, real, row_of, string, whole
from utils.claims import machine
from utils.files import write_whole

RECORD = Path(__file__).resolve().parents[1] / "assets" / "digits.json"
TIERS = ("quick", "full")
KIND = "digits"  # what marks such a line among the results of a run


def digits_result(model: str, *, chapter: str, year: int, errors: Sequence[float], parameters: int,
                  seconds: float, data: str) -> None:
    """Hand one model's result to `python3 -m utils run`.

    errors: on the test digits, in percent, one a seed. parameters: all that training may change.
    seconds: of one training. data: the name of the digits. Raises ValueError for an empty or impossible row.
    """
    for name, value in (("model", model), ("chapter", chapter), ("data", data)):
        string(name, value)
    row, year = row_of(errors) if hasattr(errors, "__len__") else None, whole("year", year)
    parameters, seconds = whole("parameters", parameters), real("seconds", seconds)
    if not row or not all(0 <= error <= 100 for error in row) or parameters < 1 or seconds <= 0:
        raise ValueError(f"{model}: errors are percentages, one a seed; parameters and seconds are above zero.")
    tier, device = machine()
    if os.environ.get("COURSE_RESULTS"):
        line = {"kind": KIND, "model": model, "chapter": chapter, "year": year, "errors": row,
                "parameters": int(parameters), "seconds": float(seconds), "data": data, "tier": tier, "device": device}
        with open(os.environ["COURSE_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def recorded_digits(data: str | None = None, tier: str | None = None) -> list[dict]:
    """The recorded rows in the order of years, each with mean and spread of the error in percent.

    data, tier: those alone; left out, the rows of real data and of the full tier where there are such.
    """
    if data is not None:
        string("data", data)
    if tier is not None:
        one_of("tier", tier, TIERS)
    rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    rows = [row for row in rows if data in (None, row["data"]) and tier in (None, row["tier"])]
    best: dict[str, dict] = {}
    for row in sorted(rows, key=lambda row: ("stand-in" not in row["data"], row["tier"] == "full")):
        best[row["model"]] = row
    return sorted(best.values(), key=lambda row: (row["year"], row["model"]))


def record_digits(results: list[dict]) -> None:
    """Write a run's rows into assets/digits.json, whole or not at all; rows of other data or tiers stay."""
    import torch
    rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    for group in alike(results):
        first, errors = group[0], [error for row in group for error in row["errors"]]
        new = {name: first[name] for name in ("model", "chapter", "year", "parameters", "data", "tier", "device")}
        new |= {"seconds": round(fmean(row["seconds"] for row in group), 2), "mean": fmean(errors),
                "spread": stdev(errors) if len(errors) > 1 else None, "n": len(errors),
                "torch": torch.__version__.split("+")[0], "date": datetime.date.today().isoformat()}
        rows = [row for row in rows if same(row) != same(new)] + [new]
    rows.sort(key=lambda row: (row["data"], row["tier"], row["year"], row["model"]))
    write_whole(RECORD, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def same(row: dict) -> tuple[str, str, str]:
    """What a new row replaces: the same model on the same data in the same tier."""
    return row["model"], row["data"], row["tier"]


def alike(results: list[dict]) -> list[list[dict]]:
    """Results of the same model, data and tier together: runs with several seeds."""
    groups: dict[tuple, list[dict]] = {}
    for row in results:
        groups.setdefault(same(row), []).append(row)
    return list(groups.values())
