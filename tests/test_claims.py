"""Claims: the paper's number, the reference, the run; the verdict can fail."""
import json

import pytest

from utils import claims
from utils.claims import Claim, Run, claim, holds, measured, scoreboard
from utils.references import record, table, verdict

PAPER = {"id": "99-a", "chapter": "99", "year": 1998, "title": "A net", "citation": "Someone, 1998, p. 3",
         "claimed": "It errs rarely.", "metric": "test error", "value": 0.95, "unit": "%", "data": "MNIST",
         "better": "lower", "floor": 12.0, "status": "paper read"}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A claims file with one claim of each kind, and an empty list of runs."""
    rows = [PAPER, PAPER | {"id": "99-b", "better": "equal", "value": 9760, "unit": "parameters", "floor": None},
            PAPER | {"id": "99-c", "better": "near", "value": 2.0, "floor": 0.5},
            PAPER | {"id": "99-d", "better": "higher", "value": None, "floor": 50.0}]
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(rows))
    monkeypatch.setattr(claims, "CLAIMS", path)
    monkeypatch.setattr(claims, "_RUNS", {})
    return path


@pytest.mark.parametrize("name, values, kept", [
    ("99-a", [1.0, 3.0], True), ("99-a", [13.0], False), ("99-b", [9760, 9760], True),
    ("99-b", [9760, 9761], False), ("99-c", [2.4], True), ("99-c", [1.4], False),
    ("99-d", [50], True), ("99-d", [49.9], False)])
def test_the_floor_is_kept_or_missed(file, name, values, kept):
    assert claim(name).measured(values, data="MNIST").holds() is kept


def test_a_run_is_measured_before_it_holds(file):
    with pytest.raises(ValueError, match="not measured yet"):
        claim("99-a").holds()
    with pytest.raises(KeyError, match="nearest are 99-a, 99-b"):
        claim("99-x")
    for nothing in ([], [float("nan")], [1.0, float("inf")]):
        with pytest.raises(ValueError, match="finite numbers"):
            claim("99-a").measured(nothing, data="MNIST")


def test_results_are_written_for_the_runner_and_recorded(file, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RESULTS", str(tmp_path / "results.jsonl"))
    claim("99-a").measured([1.0, 2.0, 3.0], data="MNIST")
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert results[0]["id"] == "99-a" and results[0]["values"] == [1.0, 2.0, 3.0]
    record(results)
    record(results)
    reference, = claim("99-a").references
    assert (reference["mean"], reference["spread"], reference["n"]) == (2.0, 1.0, 3)
    assert reference["tier"] == "quick" and reference["data"] == "MNIST" and len(reference["date"]) == 10
    row, = table(results)
    assert row["ok"] and row["paper"] == "0.95 %" and row["this run"] == "≈ 2.00 ± 1.00 %"
    assert row["verdict"] == "within 2 spreads of the reference"


@pytest.mark.parametrize("printed, mean, spread, text", [
    (None, 13.8712, 0.00001, "≈ 13.9 ± 0.0 %"), (13.87, 13.8712, 0.00001, "≈ 13.87 ± 0.00 %"),
    (None, -112.95, 0.29, "≈ -113.0 ± 0.3 %"), (57, 57.9, 3.9, "≈ 57.9 ± 3.9 %"), (225, 74.1, 3.6, "≈ 74.1 ± 3.6 %"),
    (0, 3e-9, 2e-9, "≈ 0 %"), (100, 100.0, 0.0, "≈ 100 %"),
    (3.0, 9.12, None, "≈ 9.12 %"), (None, 155, 3.2, "≈ 155 ± 3 %")])
def test_no_digit_that_counts_is_rounded_away(printed, mean, spread, text):
    assert measured(Claim(**{**PAPER, "value": printed}), mean, spread) == text


def test_a_summary_of_many_runs_says_how_many(file, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RESULTS", str(tmp_path / "results.jsonl"))
    claim("99-a").measured(1.5, data="MNIST", runs=400)
    record([json.loads((tmp_path / "results.jsonl").read_text())])
    assert claim("99-a").references[0]["n"] == 400 and claim("99-a").references[0]["spread"] is None


def test_a_run_stands_beside_the_reference_of_its_own_data_and_tier(file):
    quick = {"mean": 9.0, "spread": 1.0, "n": 3, "data": "MNIST", "tier": "quick"}
    one = Claim(**PAPER, references=[quick, {**quick, "mean": 4.0, "tier": "full"}])
    assert claims.reference(one).startswith("≈ 4.00") and one.reference["tier"] == "full"
    assert claims.reference(one, Run([9.5], "MNIST", "quick", "cpu")).startswith("≈ 9.00 ± 1.00 % (MNIST, quick")
    assert claims.reference(one, Run([9.5], "elsewhere", "quick", "cpu")).startswith("≈ 4.00")


def test_the_verdict_names_each_case():
    run = Run([2.0], "MNIST", "quick", "cpu")
    reference = {"mean": 2.0, "spread": 0.1, "n": 3, "data": "MNIST", "tier": "quick"}
    one = Claim(**PAPER, references=[reference])
    assert verdict(one, run) == "within 2 spreads of the reference"
    assert verdict(one, Run([2.3], "MNIST", "quick", "cpu")) == "worse than the reference"
    assert verdict(one, Run([1.7], "MNIST", "quick", "cpu")) == "better than the reference"
    assert verdict(one, Run([13.0], "MNIST", "quick", "cpu")) == "FLOOR MISSED"
    once = Claim(**PAPER, references=[{**reference, "spread": None, "n": 1}])
    assert verdict(once, Run([2.03], "MNIST", "quick", "cpu")) == "within 2 % of the reference"
    assert verdict(once, Run([2.05], "MNIST", "quick", "cpu")) == "worse than the reference"
    assert verdict(one, Run([2.0], "digits (stand-in)", "quick", "cpu")).startswith("no reference")
    near = Claim(**PAPER | {"better": "near", "value": 2.0, "floor": 1.0}, references=[reference])
    assert verdict(near, Run([2.5], "MNIST", "quick", "cpu")) == "differs from the reference"


def test_the_weightiest_reference_is_full_and_real(file):
    weak = {"mean": 9.0, "spread": None, "n": 1, "data": "digits (stand-in)", "tier": "full"}
    strong = {"mean": 1.0, "spread": 0.1, "n": 3, "data": "MNIST", "tier": "full"}
    middle = {"mean": 3.0, "spread": 0.1, "n": 3, "data": "MNIST", "tier": "quick"}
    assert Claim(**PAPER, references=[weak, middle, strong]).reference is strong
    assert Claim(**PAPER, references=[weak, middle]).reference is middle
    assert Claim(**PAPER).reference is None


def test_the_scoreboard_shows_all_three(file, monkeypatch):
    sent = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: sent.append(data))
    claim("99-a").measured([1.0], data="MNIST")
    claim("99-b").measured([9760, 9760], data="none")
    scoreboard("99")
    html = sent[0]["text/html"]
    assert html.count("<td>9,760 parameters</td>") == 2 and "≈ 9,760" not in html
    assert html.count("<tr>") == 5 and "≈ 1.00 %" in html and "not recorded yet" in html
    assert "not measured in this run" in html and "9,760 parameters" in html
    with pytest.raises(KeyError, match="no claims for chapter '98'"):
        scoreboard("98")


def test_the_real_file_is_sound():
    found = claims.claims()
    assert len({one.id for one in found}) == len(found)
    for one in found:
        assert one.id.startswith(f"{one.chapter}-") and one.better in claims.BETTER
        assert str(one.year) in one.citation and len(one.claimed.split()) > 2
        assert one.better != "equal" or one.value is not None
        for reference in one.references:
            assert set(reference) == {"mean", "spread", "n", "data", "tier", "device", "torch", "date"}
            run = Run([reference["mean"]], reference["data"], reference["tier"], "")
            assert holds(one, run), f"{one.id}: the recorded reference misses its own floor"
