"""The README's scoreboard says what the claims file says."""
import json

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
