"""Questions: whole, with an explanation for every option, none of it shown before a choice."""
import html

import pytest

from utils import progress, quizzes
from utils.quizzes import FOLDER, questions
from utils.widgets.quiz import Quiz

CHAPTERS = sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.fixture(autouse=True)
def own_progress(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.jsonl"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_five_questions_that_are_whole(chapter):
    found = questions(chapter)
    assert len(found) == 5 and len({question.ask for question in found}) == 5
    for question in found:
        assert 3 <= len(question.options) <= 4 and question.ask.endswith("?")
        assert all(len(option.why.split()) >= 6 and len(option.text) <= 160 for option in question.options)
        assert len({option.text for option in question.options}) == len(question.options)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_right_option_is_not_given_away_by_its_place_or_length(chapter):
    found = questions(chapter)
    places = [[option.right for option in question.options].index(True) for question in found]
    assert len(set(places)) >= 2 and max(places.count(place) for place in places) <= 3
    longest = [max(question.options, key=lambda option: len(option.text)).right for question in found]
    assert sum(longest) <= 3, "the longest option is the right one too often"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_saved_page_has_every_option_and_no_explanation(chapter):
    bundle = Quiz(chapter).bundle()
    page = html.unescape(bundle["text/html"] + bundle["text/plain"])
    for question in questions(chapter):
        assert all(option.text in page and option.why not in page for option in question.options)


def test_an_answer_is_explained_and_the_first_one_counts():
    quiz = Quiz("03")
    asked, right = quiz.asked[0], [option.right for option in questions("03")[0].options].index(True)
    wrong = (right + 1) % len(asked.question.options)
    assert not asked.said.value and "Choose an answer" in quiz.score.value
    asked.choice.index = wrong
    assert "Not this one." in asked.said.value
    assert html.escape(asked.question.options[wrong].why, quote=False) in asked.said.value
    asked.choice.index = right
    assert "Right." in asked.said.value and "0 of 5 right" in quiz.score.value
    assert [(row["name"], row["good"]) for row in progress.events()] == [("03.q1", False)]
    quiz.asked[1].choice.index = [option.right for option in questions("03")[1].options].index(True)
    assert "1 of 5 right at the first try" in quiz.score.value


def test_it_needs_no_widgets_but_those_of_ipywidgets_itself():
    """Colab shows those without its custom widget manager."""
    def modules(widget):
        yield widget._model_module
        for child in getattr(widget, "children", ()):
            yield from modules(child)
    assert set(modules(Quiz("03"))) <= {"@jupyter-widgets/controls", "@jupyter-widgets/base"}


@pytest.mark.parametrize("text, words", [
    ("[[question]]\nask = 'a?'\n[[question.option]]\ntext = 'x'\nwhy = 'y'\n", "exactly one right"),
    ("[[question]]\nask = 'a?'\n", "option"), ("= 3", "not a file of questions"),
    ("[[question]]\nask = 'a?'\n[[question.option]]\ntxt = 'x'\n", "not a file of questions"),
])
def test_a_faulty_file_is_named(monkeypatch, tmp_path, text, words):
    monkeypatch.setattr(quizzes, "FOLDER", tmp_path)
    (tmp_path / "98.toml").write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        questions("98")
    assert "98.toml" in str(caught.value)
    with pytest.raises(KeyError, match="'97'"):
        questions("97")


def test_in_words():
    assert repr(Quiz("03")) == "<Quiz of chapter 03, 5 questions>"
