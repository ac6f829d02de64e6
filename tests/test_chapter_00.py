"""Chapter 00: the definitions that the reader sees, called directly, and its picture of the course."""
import ast
from itertools import product

import nbformat
import numpy as np
import pytest

from tests.definitions import CHAPTERS, load
from utils import one_task
from utils.timeline import events


@pytest.fixture(scope="module")
def chapter():
    return load("00_prologue.ipynb", constants=("corners", "cube", "NAMES", "RULES", "TURNED", "drawn", "letters",
                                                "PRINTED", "cost", "winners"))


def cell(number: str) -> str:
    cells = nbformat.read(CHAPTERS / "00_prologue.ipynb", as_version=4).cells
    return next(cell.source for cell in cells if cell.id == number)


# --- threshold units ------------------------------------------------------------------------------

def test_a_unit_fires_when_the_sum_reaches_its_threshold(chapter):
    assert chapter.unit([[1, 1], [1, 0], [0, 0]], [1, 1], 1).tolist() == [1, 1, 0]
    assert chapter.unit([[1, 1]], [0.5, 0.5], 1.0).tolist() == [1]
    assert chapter.unit(chapter.corners, [-1, -1], 0).tolist() == [1, 0, 0, 0]


def test_every_table_has_the_right_name(chapter):
    a, b = chapter.corners.T.astype(bool)
    truth = {"never": a & ~a, "a and b": a & b, "a and not b": a & ~b, "a": a, "b and not a": b & ~a, "b": b,
             "XOR: exactly one": a ^ b, "a or b": a | b, "neither": ~(a | b), "both or neither": ~(a ^ b), "not b": ~b,
             "a or not b": a | ~b, "not a": ~a, "b or not a": b | ~a, "not both": ~(a & b), "always": a | ~a}
    assert {name: tuple(map(int, table)) for name, table in truth.items()} == \
        {name: table for table, name in chapter.NAMES.items()}


def test_no_weights_at_all_give_xor(chapter):
    generator = np.random.default_rng(0)
    for a, b, threshold in generator.normal(size=(2000, 3)) * 3:
        table = tuple(chapter.unit(chapter.corners, [a, b], threshold).tolist())
        assert chapter.NAMES[table] not in ("XOR: exactly one", "both or neither")


@pytest.mark.parametrize("n", [1, 2, 3])
def test_two_layers_compute_every_table(chapter, n):
    inputs = np.array(list(product((0, 1), repeat=n)))
    assert all((chapter.two_layers(inputs, table) == table).all() for table in product((0, 1), repeat=2**n))


def test_the_gate_is_drawn_and_named(chapter):
    figure, said = chapter.wire(1, -1, 1)
    assert said == "00, 01, 10, 11 give 0, 0, 1, 0: a and not b"
    dots = figure.axes[0].collections[-1]
    assert dots.get_array().tolist() == [1, 1, 0, 1]  # black where it fires
    chapter.plt.close(figure)


# --- a memory -------------------------------------------------------------------------------------

def test_store_is_hopfields_equation_2(chapter):
    memories = np.random.default_rng(1).integers(0, 2, (4, 7)).astype(float)
    weights = chapter.store(memories)
    by_hand = sum(np.outer(2 * memory - 1, 2 * memory - 1) for memory in memories)
    assert np.array_equal(weights, weights.T) and not np.diag(weights).any()
    assert np.array_equal(weights, by_hand - np.diag(np.diag(by_hand)))


def test_settling_ends_where_no_cell_wants_to_change_and_never_climbs(chapter):
    np.random.seed(3)
    memories = np.random.randint(0, 2, (4, 60)).astype(float)
    weights, start = chapter.store(memories), np.random.randint(0, 2, (5, 60)).astype(float)
    end = chapter.settle(weights, start)
    assert np.array_equal(end, (end @ weights > 0).astype(float)) and set(np.unique(end)) <= {0, 1}
    energy = [-(states @ weights * states).sum(1) / 2 for states in (start, end)]
    assert (energy[1] <= energy[0]).all()


def test_the_letters_are_letters(chapter):
    assert chapter.letters.shape == (3, 100)
    assert chapter.letters[1].reshape(10, 10)[0].all() and chapter.letters[1].reshape(10, 10)[-1].tolist() == \
        [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    assert np.array_equal(chapter.settle(chapter.store(chapter.letters), chapter.letters), chapter.letters)


def test_errors_counts_each_memory(chapter):
    np.random.seed(0)
    few, many = chapter.errors(2, matrices=5), chapter.errors(40, matrices=2)
    assert few.shape == (10,) and many.shape == (80,) and few.mean() < 1 < 20 < many.mean()


# --- rules ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("sentence, said", [
    ("I feel tired of my work.", "How long have you felt tired of your work?"),
    ("I am your friend!", "Do you like being my friend?"),
    ("because", "Is that the only reason?"), ("", "Please go on."), ("I WANT you", "What would it change to have I?"),
    ("Are you there?", "Let us talk about you, not me."), ("It never rains", "Think of one case.")])
def test_the_first_rule_that_fits_answers(chapter, sentence, said):
    assert chapter.reply(sentence) == said


def test_a_reply_always_comes(chapter):
    assert all(chapter.reply(one.text) for one in events())
    assert chapter.reply("I dreamed of {this}", [(r"of (.+)", "{}?")]) == "{this}?"


# --- numbers from papers --------------------------------------------------------------------------

def test_the_winners_and_the_costs(chapter):
    assert chapter.winners[2012] == 16.4 and list(chapter.winners) == list(range(2010, 2016))
    assert chapter.cost["GPT-3"][1] == pytest.approx(3.15e23)
    assert chapter.cost["Chinchilla"][1] == pytest.approx(5.88e23)
    assert chapter.cost["zip-code net"][1] == 6 * 64_660 * 167_693
    assert chapter.cost["LeNet-5"][1] == 6 * 340_908 * 1_200_000
    assert {chapter.PRINTED[name][0] for name in ("GPT-3", "Transformer")} == {2020, 2017}


def test_months_to_double(chapter):
    chapter.cost["one"], chapter.cost["two"] = (2000, 1.0), (2003, 8.0)
    assert chapter.months_to_double("one", "two") == 12


# --- the course in one picture --------------------------------------------------------------------

def picture(monkeypatch, tmp_path, capsys, text: str):
    """What the cell prints and shows for a record with this text."""
    monkeypatch.setattr(one_task, "RECORD", tmp_path / "digits.json")
    one_task.RECORD.write_text(text)
    shown = []
    from utils.plots import plot_years
    names = {"recorded_digits": one_task.recorded_digits, "plot_years": plot_years,
             "show": lambda figure, **words: shown.append(words)}
    exec(compile(ast.parse(cell("00-42")), "00-42", "exec"), names)
    return capsys.readouterr().out, shown


@pytest.mark.parametrize("text", ["[]", ""])
def test_an_empty_record_says_so_and_shows_nothing(monkeypatch, tmp_path, capsys, text):
    if not text:
        monkeypatch.setattr(one_task, "RECORD", tmp_path / "nothing.json")
        assert one_task.recorded_digits() == []
    said, shown = picture(monkeypatch, tmp_path, capsys, text or "[]")
    assert "No results are recorded yet" in said and shown == []


def test_the_caption_says_what_the_rows_say(monkeypatch, tmp_path, capsys):
    made_up = [("an old net", 1986, 1.25), ("the newest", 2018, 2.5)]
    rows = [f'{{"model": "{model}", "chapter": "02", "year": {year}, "mean": {mean}, "spread": 0.1, "n": 3, '
            f'"parameters": 100, "seconds": 1.5, "data": "X", "tier": "quick", "device": "cpu"}}'
            for model, year, mean in made_up]
    said, (words,) = picture(monkeypatch, tmp_path, capsys, f"[{', '.join(rows)}]")
    assert words["caption"] == "Fewest errors: an old net (1986), 1.2 %. Most: the newest (2018), 2.5 %."
    assert "2 models" in words["alt"] and said == "measured on: X, quick tier, cpu\n"
