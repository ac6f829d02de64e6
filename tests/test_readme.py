"""The README's scoreboard and picture say what the records say."""
import html
import json
import re
import shutil
from collections import Counter

import nbformat
import pytest

from utils import claims, notebooks, readme
from utils.one_task import recorded_digits


@pytest.mark.parametrize("name", readme.BLOCKS)
def test_the_blocks_say_what_the_records_say(name):
    text = readme.README.read_text(encoding="utf-8")
    assert readme.block(name, text) == readme.BLOCKS[name](), "run: python3 -m utils run --record"


def test_every_claim_is_on_the_scoreboard():
    assert readme.scoreboard().count("\n| 0") == len(claims.claims())


def test_the_picture_was_drawn_from_the_recorded_rows():
    assert readme.drawn_from(readme.PICTURE) == readme.fingerprint(), "run: python3 -m utils run --record"
    assert {row["chapter"] for row in recorded_digits()} == {f"{number:02}" for number in range(1, 9)}


def test_another_result_draws_another_picture(tmp_path, monkeypatch):
    file, picture = tmp_path / "README.md", tmp_path / "seventy.png"
    file.write_text(readme.README.read_text(encoding="utf-8"), encoding="utf-8")
    assert not readme.write_readme(file, picture) and picture.stat().st_size > 10_000
    first = picture.read_bytes()
    assert not readme.write_readme(file, picture) and picture.read_bytes() == first
    rows = recorded_digits()
    monkeypatch.setattr(readme, "recorded_digits", lambda: [{**rows[0], "mean": 77.25}, *rows[1:]])
    assert readme.write_readme(file, picture) and picture.read_bytes() != first
    assert "77.2" in readme.block("digits", file.read_text(encoding="utf-8"))


def test_nothing_recorded_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "recorded_digits", lambda: [])
    assert "Not measured yet" in readme.seventy_years()
    readme.draw(tmp_path / "seventy.png")
    assert not list(tmp_path.iterdir())


def test_a_changed_reference_changes_the_readme_and_nothing_else(tmp_path, monkeypatch):
    rows = json.loads(claims.CLAIMS.read_text(encoding="utf-8"))
    row = next(row for row in rows if row["references"] and row["value"] is not None and row["better"] != "equal")
    row["references"] = [{**row["references"][0], "mean": 77.25, "spread": None, "n": 41}]
    monkeypatch.setattr(claims, "CLAIMS", tmp_path / "claims.json")
    claims.CLAIMS.write_text(json.dumps(rows))
    file = tmp_path / "README.md"
    file.write_text(readme.README.read_text(encoding="utf-8"), encoding="utf-8")
    assert readme.write_readme(file) and not readme.write_readme(file)
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (readme.README, file))
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1 and "77.2" in changed[0] and "n = 41" in changed[0]


@pytest.mark.parametrize("name", readme.BLOCKS)
def test_a_readme_without_the_marks_is_refused(tmp_path, name):
    text = readme.README.read_text(encoding="utf-8").replace(readme.START.format(name), "")
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"no place for the {name}"):
        readme.write_readme(tmp_path / "README.md", tmp_path / "seventy.png")
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == text


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


def shown(path) -> int | None:
    """How many widgets with a picture a saved chapter shows; None for one that was not run yet."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return sum({notebooks.VIEW, "image/png"} <= set(output.get("data", {})) for output in outputs) if outputs else None


def test_the_list_of_widgets_has_a_row_for_each():
    text = readme.README.read_text(encoding="utf-8")
    summary, rest = re.search(r"<summary>The widgets: (\d+) .*?</summary>(.*?)</details>", text, re.DOTALL).groups()
    rows = [line.strip("| ").split(" | ") for line in rest.splitlines() if re.match(r"\| \d\d \|", line)]
    listed = Counter(row[0] for row in rows)
    found = {path.name[:2]: shown(path) for path in sorted((readme.ROOT / "chapters").glob("[0-9]*.ipynb"))}
    assert {number: listed[number] for number, count in found.items() if count is not None} == {
        number: count for number, count in found.items() if count is not None}
    assert set(listed) <= set(found) and int(summary) == len(rows) and all(len(row) == 3 for row in rows)
