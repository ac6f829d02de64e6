"""The README's scoreboard says what the claims file says."""
import html
import json
import shutil

import pytest

from utils import claims, readme


def test_the_scoreboard_is_that_of_the_claims_file():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.BLOCK.search(text)[0] == readme.scoreboard(), "run: python3 -m utils run --record"
    assert text.count("\n| 0") >= len(claims.claims())


def test_a_changed_reference_changes_the_readme_and_nothing_else(tmp_path, monkeypatch):
    rows = json.loads(claims.CLAIMS.read_text(encoding="utf-8"))
    row = next(row for row in rows if row["references"] and row["value"] is not None and row["better"] != "equal")
    row["references"] = [{**row["references"][0], "mean": 77.25, "spread": None, "n": 41}]
    monkeypatch.setattr(claims, "CLAIMS", tmp_path / "claims.json")
    claims.CLAIMS.write_text(json.dumps(rows))
    file = tmp_path / "README.md"
    file.write_text(readme.README.read_text(encoding="utf-8"), encoding="utf-8")
    assert readme.write_scoreboard(file) and not readme.write_scoreboard(file)
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (readme.README, file))
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1 and "77.2" in changed[0] and "n = 41" in changed[0]


def test_a_readme_without_the_marks_is_refused(tmp_path):
    (tmp_path / "README.md").write_text("# Nothing\n")
    with pytest.raises(ValueError, match="no place for the scoreboard"):
        readme.write_scoreboard(tmp_path / "README.md")


def test_the_saved_scoreboards_show_the_recorded_references(tmp_path):
    for path in (readme.ROOT / "chapters").glob("*.ipynb"):
        shutil.copy(path, tmp_path)
    assert readme.write_saved_scoreboards(tmp_path) == [], "run: python3 -m utils run --record"
    path = next(iter(sorted(tmp_path.glob("01*.ipynb"))))
    before = path.read_text(encoding="utf-8")
    old = html.escape(claims.reference(claims.claim("01-novikoff-1962")))
    path.write_text(before.replace(old, "\u2248 1.0 \u00b1 0.5 % (elsewhere, quick, n = 2)"), encoding="utf-8")
    assert readme.write_saved_scoreboards(tmp_path) == [path.name]
    assert path.read_text(encoding="utf-8") == before
