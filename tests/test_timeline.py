"""The timeline: every event is sourced and in order, faults are named, nothing on the map overlaps."""
import json
import re
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
from matplotlib.text import Text

from utils import timeline
from utils.plots import plot_timeline, plot_years
from utils.plots import years as years_module
from utils.timeline import KINDS, Event, Myth, events
from utils.widgets import Timeline
from utils.widgets.timeline import CHOICES, details, plain

ROOT = Path(__file__).resolve().parents[1]
PLANNED = {f"{name}.ipynb" for name in ("00_prologue", "01_perceptron", "02_mlp", "03_cnn", "04_rnn", "05_vae",
                                        "06_gan", "07_transformer", "08_bert", "09_epilogue")}
ALL = events()
GOOD = {"id": "a", "year": 1958, "short": "a", "title": "A", "text": "It was.", "kind": "idea", "people": ["B"],
        "chapter": None, "source": "B, A, 1958", "seen": "read"}
every_event = pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Writes rows as the timeline's file."""
    monkeypatch.setattr(timeline, "TIMELINE", tmp_path / "timeline.json")
    return lambda *rows: timeline.TIMELINE.write_text(json.dumps(rows), encoding="utf-8")


def headings(chapter: str) -> set[str]:
    cells = nbformat.read(ROOT / "chapters" / chapter, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return {heading.replace("*", "") for heading in re.findall(r"(?m)^#{1,6} (.+)$", text)}


def test_the_file_spans_the_course():
    assert 35 <= len(ALL) <= 60 and {one.kind for one in ALL} == set(KINDS)
    assert ALL[0].year == 1943 and {"1943", "1956", "1986", "1998", "2012", "2017", "2018"} <= {one.when for one in ALL}
    assert len({one.short for one in ALL}) == len(ALL) and sum(one.myth is not None for one in ALL) >= 8
    assert events("winter") == [one for one in ALL if one.kind == "winter"] != []
    with pytest.raises(ValueError, match="not 'war'"):
        events("war")


@every_event
def test_an_event_is_short_and_its_chapter_is_there(one):
    assert 8 <= len(one.text.split()) <= 60 and one.text.endswith(".")
    assert one.chapter is None or one.chapter in PLANNED
    if one.section and (ROOT / "chapters" / one.chapter).exists():
        assert one.section in headings(one.chapter)


@every_event
def test_a_source_that_was_not_read_is_not_quoted_as_if_it_were(one):
    from_memory = one.seen.startswith("not seen")
    assert not (from_memory and '"' in one.text), "a quotation from a source that nobody has seen"


@every_event
def test_a_myth_is_corrected_with_a_source(one):
    if one.myth:
        assert re.search(r"\d{4}", one.myth.source) and one.myth.story.rstrip('"').endswith(".")
        assert one.myth.correction.endswith(".") and one.myth.correction != one.myth.story


@pytest.mark.parametrize("change, words", [
    ({"kind": "war"}, "kind is one of"), ({"year": 58}, "from 1900 on"), ({"end": 1950}, "end comes after"),
    ({"short": "x" * 18}, "17 characters"), ({"source": "B, A, 1959"}, "holds the event's year"),
    ({"seen": "surely"}, "seen begins"), ({"chapter": "perceptron"}, "such as 01_perceptron"),
    ({"section": "There"}, "needs a chapter"), ({"title": ""}, "not empty"),
    ({"myth": {"story": "s", "correction": "c", "source": ""}}, "a myth has"),
    ({"myth": {"story": "s"}}, "a myth has"), ({"kind": "winter", "end": 1960}, "a convention"),
    ({"colour": "red"}, "unknown colour")])
def test_a_fault_is_named(file, change, words):
    file(GOOD)
    assert events()[0].people == ("B",)
    file(GOOD | change)
    with pytest.raises(ValueError, match=f"^a: .*{words}"):
        events()


def test_faults_of_the_whole_file_are_named(file):
    file(GOOD, GOOD)
    with pytest.raises(ValueError, match="a more than once"):
        events()
    file(GOOD, GOOD | {"id": "b", "year": 1950, "source": "1950"})
    with pytest.raises(ValueError, match="order of years"):
        events()
    file({name: value for name, value in GOOD.items() if name != "source"})
    with pytest.raises(ValueError, match="a: missing source"):
        events()


def test_when_number_and_link():
    there = {"chapter": "01_perceptron.ipynb", "section": "Then and now", "end": 1960}
    one = Event(**GOOD | there, myth=Myth("s", "c", "1"))
    assert (one.when, one.number, one.link) == ("1958–1960", "1", "01_perceptron.ipynb#Then-and-now")
    assert Event(**GOOD).link == Event(**GOOD).number == ""


# The map ----------------------------------------------------------------------------------------


def boxes(figure) -> dict[str, object]:
    """The frame of every text on a figure, in pixels."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return {text.get_text(): text.get_window_extent(renderer) for text in figure.findobj(Text)
            if text.get_text().strip() and text.get_visible() and len(text.get_text()) > 1}


def test_no_names_overlap_and_none_is_cut(monkeypatch):
    kept = []
    monkeypatch.setattr(years_module.plt, "close", kept.append)
    years_module.drawn.__wrapped__(tuple(ALL), tuple(ALL))
    figure, = kept
    found = boxes(figure)
    assert {one.short for one in ALL} <= set(found)
    assert not [(a, b) for a, b in combinations(found, 2) if found[a].overlaps(found[b])]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1
               for box in found.values())


@pytest.mark.parametrize("chosen", [ALL[0], ALL[-1], events("winter")[0]], ids=lambda one: one.id)
def test_the_chosen_event_is_marked(chosen):
    figure = plot_timeline(ALL, chosen)
    assert [text.get_text() for text in figure.findobj(Text) if text.get_fontweight() == "bold"
            and len(text.get_text()) > 1] == [chosen.short]
    plt.close(figure)


# The widget -------------------------------------------------------------------------------------


def test_the_widget_goes_through_the_years():
    widget = Timeline(ask="Which came first?", start="alexnet", alt="a map")
    assert widget.event.id == "alexnet" and not widget.problem and "ImageNet" in widget.words
    assert repr(widget) == f"<Timeline of {len(ALL)} events, at 2012 AlexNet>"
    before = bytes(widget._picture.value)
    widget.steps.children[1].click()
    assert widget.event.year <= 2012 and widget.event.id != "alexnet" and bytes(widget._picture.value) != before
    card = widget.card.outputs[0]["data"]["text/markdown"]
    assert widget.event.source in card and widget.event.seen in card
    with pytest.raises(ValueError, match="no event"):
        Timeline(ask="", start="never")


@pytest.mark.parametrize("choice", CHOICES)
def test_the_widget_shows_a_part(choice):
    widget = Timeline(ask="Which?", start="bert", alt="a map")
    widget.show_only.value = choice
    last = len(widget.shown) - 1
    for step in (0, last):
        widget.steps.slider.value = step
        assert CHOICES[choice](widget.event) and widget.event is widget.shown[step] and not widget.problem
    marked, picture = widget.event, bytes(widget._picture.value)
    widget.show_only.value = "everything"
    assert choice == "everything" or bytes(widget._picture.value) != picture, "the map shows which events are meant"
    assert widget.event is marked and len(widget.shown) == len(ALL) and widget.steps.slider.max == len(ALL) - 1


def test_the_card_tells_the_story_and_where_to_read_on(monkeypatch):
    one = next(one for one in ALL if one.id == "perceptrons-book")
    assert one.myth.story in details(one) and "Olazaran" in details(one) and f"]({one.link})" in details(one)
    assert one.myth.story in plain(one) and one.link not in plain(one)
    monkeypatch.setitem(__import__("sys").modules, "google.colab", timeline)
    assert "](https://colab.research.google.com/github/" in details(one)


# The course in one picture ----------------------------------------------------------------------


def row(model: str, year: int, mean: float, spread: float | None = 0.1) -> dict:
    return {"model": model, "year": year, "mean": mean, "spread": spread, "parameters": 1000, "seconds": 2.0, "n": 3,
            "chapter": "01", "data": "MNIST", "tier": "quick", "device": "cpu"}


@pytest.mark.parametrize("rows", [
    [row("one", 1958, 13.0)],
    [row("one", 1958, 0.0, None), row("two", 1986, 2.0)],
    [row(f"a model with a name, {i}", 1986 + i // 3, 2.0 + 0.01 * i) for i in range(9)]], ids=["one", "zero", "crowd"])
def test_the_models_are_named_without_overlap(rows):
    figure = plot_years(rows)
    found = {name: box for name, box in boxes(figure).items() if name in {row["model"] for row in rows}}
    assert len(found) == len(rows) and not any(one.overlaps(other) for one, other in combinations(found.values(), 2))
    assert all(box.x1 <= figure.bbox.x1 and box.x0 >= 0 for box in found.values())
    assert [ax.get_yscale() for ax in figure.axes] == ["log"] * 3
    plt.close(figure)


def test_no_rows_no_picture():
    with pytest.raises(ValueError, match="none is recorded"):
        plot_years([])
