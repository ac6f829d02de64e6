"""The growth of the field: the table, its summary, and the largest model of each year."""
import importlib
import os
from pathlib import Path

import pytest

from utils.data import growth

MODULE = importlib.import_module("utils.data.growth")
SHARED = Path(os.environ.get("COURSE_DATA", "nowhere")) / MODULE.PATH
real_data = pytest.mark.skipif(not SHARED.is_file(), reason="COURSE_DATA does not hold the table")


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    """No COURSE_DATA, an empty cache, no network."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))


def table():
    return SHARED.read_bytes().decode("utf-8")


@real_data
def test_the_whole_table(capsys):
    found = growth()
    assert found.is_real and len(found.models) == 952 and capsys.readouterr().out == f"{found!r}\n"
    assert sum(model.parameters is not None for model in found.models) == 667
    assert sum(model.compute is not None for model in found.models) == 510
    assert found.models[0] == ("Theseus", MODULE.years("1950-07-02"), 40.0, 40.0)


@real_data
def test_the_summary_is_the_tables():
    assert MODULE.summary(table()) == MODULE.SUMMARY.read_text(encoding="utf-8")


@real_data
@pytest.mark.parametrize("of", MODULE.MEASURES)
def test_the_summary_has_the_same_largest_models(of):
    whole, short = (MODULE.largest(MODULE.models(text), of)
                    for text in (table(), MODULE.SUMMARY.read_text(encoding="utf-8")))
    assert [(int(m.year), getattr(m, of)) for m in whole] == [(int(m.year), getattr(m, of)) for m in short]


def test_the_summary_says_so(nothing, capsys):
    found = growth()
    said = capsys.readouterr().out
    assert said.startswith("here: Epoch AI's table is not reachable (COURSE_OFFLINE is set)")
    assert str(len(found.models)) in said
    assert not found.is_real and found.models == sorted(found.models, key=lambda model: (model.year, model.name))
    assert set(MODULE.KEPT) <= {model.name for model in found.models} and len(found.models) < 100
    assert MODULE.SUMMARY.read_text(encoding="utf-8").startswith(f"# {MODULE.CREDIT}")


def test_largest_of_each_year():
    text = "Model,Publication date,Parameters,Training compute (FLOP)\n" \
           "a,1998-11-01,60000,2e12\nb,1998-01-01,70000.0,\nc,2017-06-12,2e8,7e18\nd,,9,9\ne,2017-01-01,,8e18\n"
    found = MODULE.models(text)
    assert [model.name for model in found] == ["b", "a", "e", "c"]
    assert [model.name for model in MODULE.largest(found, "parameters")] == ["b", "c"]
    assert [model.name for model in MODULE.largest(found, "compute")] == ["a", "e"]
    with pytest.raises(ValueError, match="parameters, compute"):
        MODULE.largest(found, "energy")


@pytest.mark.parametrize("date, wanted", [("2018-01-01", 2018.0), ("2019-07-02", 2019 + 182 / 365),
                                          ("2020-12-31", 2020 + 365 / 366)])
def test_years(date, wanted):
    assert MODULE.years(date) == pytest.approx(wanted)
