"""The digits through every model: what is kept of a run, and what is drawn."""
import json

import pytest

from utils import one_task
from utils.one_task import digits_result, record_digits, recorded_digits

ROW = dict(chapter="03", year=1998, errors=[1.0, 3.0], parameters=61_706, seconds=12.5, data="MNIST")


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Results go to a file, the record to another; returns a reader of the results."""
    monkeypatch.setenv("COURSE_RESULTS", str(tmp_path / "results.jsonl"))
    monkeypatch.setattr(one_task, "RECORD", tmp_path / "digits.json")
    return lambda: [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]


def test_a_result_is_recorded_with_its_spread(results):
    assert recorded_digits() == []
    digits_result("LeNet-5", **ROW)
    digits_result("LeNet-5", **{**ROW, "errors": [2.0], "seconds": 13.5})
    record_digits(results())
    record_digits(results())
    row, = recorded_digits()
    assert (row["mean"], row["spread"], row["n"], row["seconds"]) == (2.0, 1.0, 3, 13.0)
    assert row["parameters"] == 61_706 and row["tier"] == "quick" and len(row["date"]) == 10


def test_real_digits_and_the_full_tier_come_first_and_years_in_order(results):
    digits_result("MLP", **{**ROW, "year": 1986, "data": "the stand-in digits"})
    digits_result("MLP", **{**ROW, "year": 1986, "errors": [4.0]})
    digits_result("perceptron", **{**ROW, "year": 1958, "data": "the stand-in digits"})
    rows = results()
    rows.append({**rows[1], "tier": "full", "errors": [1.5]})
    record_digits(rows)
    assert [(row["model"], row["mean"]) for row in recorded_digits()] == [("perceptron", 2.0), ("MLP", 1.5)]
    assert [row["mean"] for row in recorded_digits(data="MNIST", tier="quick")] == [4.0]


@pytest.mark.parametrize("change", [{"errors": []}, {"errors": [101.0]}, {"parameters": 0}, {"seconds": 0}])
def test_an_impossible_row_is_refused(results, change):
    with pytest.raises(ValueError, match="percentages"):
        digits_result("LeNet-5", **{**ROW, **change})
