"""The measurement of the widgets' speed moves everything that can be moved. How fast they are it leaves open."""
import ipywidgets as W
import numpy as np
import pytest

from tests.benchmarks import widgets as speed
from tests.test_widgets import ASK, bar, explore, tint
from utils.widgets import DrawPad, PointPad, Steps

CONTROLS = [lambda: W.IntSlider(0, 0, 3), lambda: W.IntSlider(3, 3, 4), lambda: W.FloatSlider(1, min=-5, max=5),
            lambda: W.BoundedFloatText(0, min=-2, max=2, step=0.5), lambda: W.FloatText(1.0),
            lambda: W.Dropdown(options=["a", "b"]), lambda: W.SelectionSlider(options=range(9), value=2),
            lambda: W.ToggleButtons(options=["a", "b", "c"]), lambda: W.Checkbox(), lambda: W.Text("a b ____ .")]


@pytest.mark.parametrize("make", CONTROLS)
def test_every_move_is_to_a_new_value(make):
    control, seen = make(), []
    control.observe(lambda change: seen.append(change["new"]), names="value")
    for k in range(20):
        speed.move(control, k)
    assert len(seen) == 20


@pytest.mark.parametrize("make", [lambda: explore(bias=Steps(5)), lambda: DrawPad(12, bar, ask=ASK),
                                  lambda: PointPad([[0.5, 0.5, 1], [0, 0, -1]], tint, ask=ASK)])
def test_a_row_has_every_move(make):
    row = speed.row(make(), 6)
    assert [len(row["milliseconds"][clock]) for clock in ("wall", "cpu")] == [6, 6] and row["question"] == ASK
    assert min(row["milliseconds"]["wall"]) > 0 and not row["problems"]


def test_a_drawing_and_points_differ_from_move_to_move():
    drawings = {speed.drawing(28, k).tobytes() for k in range(20)}
    points = np.array([[0.5, -0.5, 1], [0, 0, -1.0]])
    assert len(drawings) == 20 and not np.array_equal(speed.moved(points, 3), points)


def test_the_table_has_median_and_worst():
    row = {"chapter": "03", "widget": "DrawPad", "question": "Which | net?",
           "milliseconds": {"wall": [10.0, 30.0, 20.0], "cpu": [1.0, 2.0, 3.0]}}
    assert speed.table([row], "wall", markdown=True).splitlines()[-1] == "| 03 | DrawPad | Which / net? | 20 | 30 |"
    assert speed.table([row], "cpu", markdown=False).splitlines()[-1].split()[-2:] == ["2", "3"]
