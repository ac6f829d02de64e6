"""Whole runs against the recorded references: what `python3 -m utils run` prints and records."""
import datetime
import json

from utils import claims
from utils.claims import Claim, Run, alike, claim, holds, measurement, paper, reference
from utils.files import write_whole

CLOSE = 0.02  # of the reference: so near that nothing is said to be better or worse


def verdict(one: Claim, run: Run) -> str:
    """The run against the reference measured on the same data and tier, in words."""
    if not holds(one, run):
        return "FLOOR MISSED"
    recorded = alike(one, run)
    if not recorded:
        return "no reference on this data and tier"
    mean, off = recorded["mean"], abs(run.mean - recorded["mean"])
    if off <= 2 * (recorded["spread"] or 0.0) + 1e-9:
        return "within 2 spreads of the reference"
    if off <= CLOSE * abs(mean):  # a reference of one run has no spread, and another machine other rounding
        return f"within {100 * CLOSE:.0f} % of the reference"
    if one.better in ("lower", "higher"):
        better = (run.mean < mean) == (one.better == "lower")
        return f"{'better' if better else 'worse'} than the reference"
    return "differs from the reference"


def pooled(results: list[dict]) -> list[dict]:
    """The runs of one chapter with several seeds as one result a claim: their values side by side."""
    together: dict[tuple, dict] = {}
    for result in results:
        key = tuple(result[part] for part in ("id", "data", "tier", "device"))
        if key not in together:
            together[key] = {**result, "values": list(result["values"])}
            continue
        together[key]["values"] += result["values"]
        together[key]["runs"] = together[key].get("runs", 0) + result.get("runs", 0)
    return list(together.values())


def table(results: list[dict]) -> list[dict[str, str]]:
    """Rows for `python3 -m utils run`: one a result, all values as text, and `ok` as a bool."""
    rows = []
    for result in results:
        one = claim(result["id"])
        run = Run(**{name: value for name, value in result.items() if name != "id"})
        rows.append({"chapter": one.chapter, "claim": one.title, "paper": paper(one),
                     "reference": reference(one, run), "this run": measurement(one, run),
                     "data": run.data, "device": f"{run.tier}, {run.device}",
                     "verdict": verdict(one, run), "ok": holds(one, run)})
    return rows


def record(results: list[dict]) -> None:
    """Write results into assets/claims.json as references, whole or not at all."""
    import torch
    rows = json.loads(claims.CLAIMS.read_text(encoding="utf-8"))
    for row in rows:
        for result in (result for result in results if result["id"] == row["id"]):
            run = Run(**{name: value for name, value in result.items() if name != "id"})
            new = {"mean": run.mean, "spread": run.spread, "n": run.n, "data": run.data,
                   "tier": run.tier, "device": run.device, "torch": torch.__version__.split("+")[0],
                   "date": datetime.date.today().isoformat()}
            old = row.get("references", [])
            row["references"] = [r for r in old if (r["data"], r["tier"]) != (run.data, run.tier)] + [new]
    write_whole(claims.CLAIMS, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
