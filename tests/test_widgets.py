"""The widgets without a page: their still pictures, their words, what Python reads of them."""

import ast
import asyncio
import base64
import io
import os
import pathlib
import statistics
import subprocess
import sys
import time
import types

import ipywidgets as W
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from PIL import Image

from utils.widgets import DrawPad, Explore, PointPad, Steps, mnist_like, pictures
from utils.widgets import explore as explore_module
from utils.widgets.panel import ALIVE

ASK = "What changes? Decide, then move."
VIEW = "application/vnd.jupyter.widget-view+json"
CHAPTERS = sorted((pathlib.Path(__file__).resolve().parents[1] / "chapters").glob("[0-9]*.ipynb"))


def draw(weight: float, bias: float = 0.0):
    figure, axes = plt.subplots(figsize=(6.4, 3))
    x = np.linspace(-4, 4, 200)
    axes.plot(x, 1 / (1 + np.exp(-weight * x - bias)))
    axes.set(xlabel="input", ylabel="output")
    return figure


def slider(**given) -> W.FloatSlider:
    return W.FloatSlider(**{"value": 1, "min": -5, "max": 5, "description": "weight"} | given)


def explore(drawing=draw, **given) -> Explore:
    return Explore(drawing, ask=ASK, **{"weight": slider()} | given)


def opened(png: bytes) -> np.ndarray:
    assert png.startswith(b"\x89PNG")
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def bar(pixels: np.ndarray):
    figure, axes = plt.subplots(figsize=(3, 2.8))
    axes.bar([0, 1], [pixels[:, :14].sum(), pixels[:, 14:].sum()])
    return figure


def tint(points: np.ndarray):
    figure, axes = plt.subplots()
    axes.axvspan(-1, points[0, 0], color="#888888")
    return figure, f"{len(points)} points"


def test_the_ipywidgets_asked_for_are_tested():
    """test_old_widgets.py runs this file with version 7.7.1 and says so."""
    assert W.__version__ == os.environ.get("COURSE_IPYWIDGETS", W.__version__)


def controls_of(path: pathlib.Path) -> list[str]:
    """The calls in a chapter that make a control of ipywidgets, as they are written."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    calls = [node for cell in cells for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call)]
    return [ast.unparse(call) for call in calls if hasattr(W, ast.unparse(call.func).removeprefix("W."))
            and ast.unparse(call.func)[0].isupper()]


def test_the_controls_of_the_chapters_can_be_made():
    made = 0
    for call in [call for path in CHAPTERS for call in controls_of(path)]:
        try:
            control = eval(call, {**vars(W), "W": W})
        except NameError:  # it uses what the chapter computed
            continue
        assert control.has_trait("value"), call
        made += 1
    assert made > 10


# Explore


def test_the_still_picture_has_the_figures_size_and_follows_the_values():
    widget = explore()
    before = widget.still()
    assert opened(before).shape == (300, 640)
    widget._controls["weight"].value = -2.0
    assert widget.still() != before
    assert widget.values == {"weight": -2.0}


def test_the_same_values_give_the_same_bytes():
    assert explore().still() == explore().still()


def test_a_strip_stands_side_by_side_whatever_the_sliders_say():
    states = [dict(weight=-2), dict(weight=0), dict(weight=2)]
    widget = explore(strip=states, bias=slider(description="bias"))
    before = widget.still()
    height, width = opened(before).shape
    assert 1000 < width <= pictures.STRIP_WIDTH and 150 < height < 320
    widget._controls["weight"].value = 3.0
    assert widget.still() == before
    assert "weight=1" in repr(widget)


@pytest.mark.parametrize("count, width, columns", [
    (3, 640, 3), (4, 640, 2), (5, 640, 3), (4, 320, 4), (5, 320, 5), (3, 1200, 1)])
def test_a_strip_takes_a_second_row_before_its_text_becomes_too_small(count, width, columns):
    assert pictures.strip_columns(count, width) == columns


def test_figures_with_a_line_of_text_show_it():
    def told(weight):
        return draw(weight), f"slope {weight:g}"

    widget = explore(told)
    assert "slope 1" in widget._words.value
    assert opened(widget.still()).shape[0] > 300


def test_an_error_is_told_in_words_and_the_last_picture_stays():
    def fragile(weight):
        if weight > 2:
            raise ValueError("too <steep>")
        return draw(weight)

    widget = explore(fragile)
    good = widget._picture.value
    widget._controls["weight"].value = 3.0
    assert widget._picture.value == good
    assert "ValueError: too &lt;steep&gt; (line " in widget._words.value
    assert "too <steep>" in repr(widget)
    widget._controls["weight"].value = 0.0
    assert widget._words.value == "" and "ValueError" not in repr(widget)


@pytest.mark.parametrize("drawing, words", [
    (lambda weight: None, "must return a matplotlib figure, and it returned None"),
    (lambda weight: draw(weight).axes[0], "it returned a Axes"),
    (lambda wrong: draw(wrong), "unexpected keyword argument 'weight'"),
])
def test_a_wrong_drawing_function_gives_a_picture_of_words(drawing, words):
    widget = explore(drawing, strip=[dict(weight=w) for w in (1, 2, 3)])
    assert words in widget._words.value.replace("&#x27;", "'")
    assert opened(widget.still()).min() < 200
    assert words in repr(widget)


def test_no_figure_stays_open():
    def careless(weight):
        plt.figure()
        if weight > 1:
            raise RuntimeError("half way")
        return draw(weight)

    before = plt.get_fignums()
    explore(careless)._controls["weight"].value = 2.0
    assert plt.get_fignums() == before


def test_pyplot_has_let_go_of_a_figure_when_it_is_rendered(monkeypatch):
    known, render = [], pictures.png_bytes
    monkeypatch.setattr(pictures, "png_bytes",
                        lambda figure: known.append(plt.fignum_exists(figure.number)) or render(figure))
    explore(strip=[dict(weight=w) for w in (1, 2, 3)]).still()
    assert known == [False] * 4


def test_controls_may_be_called_as_our_own_arguments():
    widget = Explore(lambda **values: draw(values["prepare"]), ask=ASK, prepare=slider(),
                     arguments=slider())
    assert not widget.problem


def test_nine_numbers_stand_in_a_grid_below_the_others():
    kernel = {f"k{i}": W.BoundedFloatText(0, min=-1, max=1) for i in range(9)}
    menu = W.Dropdown(options=["seven", "four"], description="picture")
    widget = Explore(lambda picture, **k: draw(sum(k.values())), ask=ASK, columns=3, picture=menu,
                     **kernel)
    controls, picture = widget.children[1].children
    above, grid = controls.children
    assert picture is widget._picture and above.children == (menu,)
    assert grid.children == tuple(kernel.values())
    assert grid.layout.grid_template_columns.startswith("repeat(3")


def test_steps_go_to_the_ends_and_no_further():
    steps = Steps(3)
    _, back, on = steps.children
    values = []
    steps.observe(lambda change: values.append(change["new"]), names="value")
    for button in (back, on, on, on, back):
        button.click()
    assert values == [1, 2, 1] and steps.value == 1
    widget = Explore(lambda step: draw(step), ask=ASK, step=steps)
    before = widget.still()
    on.click()
    assert widget.still() != before


def played(act, *, n: int, seconds: float = 0.0, interval: int = 20) -> tuple[Steps, list[int]]:
    """Steps whose pictures take so long, acted on in an event loop; and the steps it went through."""
    steps, values = Steps(n, play=True, interval=interval), []

    def shown(change):
        values.append(change["new"])
        time.sleep(seconds)

    async def played_out():
        steps.player.click()
        await act(steps)

    steps.observe(shown, names="value")
    asyncio.run(asyncio.wait_for(played_out(), 20))
    return steps, values


async def to_the_end(steps: Steps) -> None:
    while steps.playing:
        await asyncio.sleep(0.005)


def test_steps_play_to_the_end_and_stop_there():
    steps, values = played(to_the_end, n=6)
    assert values == sorted(set(values)) and values[-1] == steps.value == 5
    assert steps.player.description == "▶▶ play" and len(steps.children) == 4 == len(Steps(6).children) + 1


def test_at_the_end_play_begins_anew():
    async def twice(steps):
        await to_the_end(steps)
        steps.player.click()
        assert steps.value == 0 and steps.player.description == "❚❚ pause"
        await to_the_end(steps)

    _, values = played(twice, n=4)
    assert values.count(0) == 1 and values.count(3) == 2


def test_slow_pictures_are_left_out_and_do_not_pile_up():
    steps, values = played(to_the_end, n=40, seconds=0.1)
    assert steps.value == 39 and len(values) < 15


def test_pause_stops_at_once_even_between_slow_pictures():
    async def pause(steps):
        await asyncio.sleep(0.3)
        steps.player.click()
        stood = steps.value
        await asyncio.sleep(0.3)
        assert not steps.playing and steps.value == stood < 199

    played(pause, n=200, seconds=0.05)


@pytest.mark.parametrize("move", [lambda s: s.children[1].click(), lambda s: s.slider.set_trait("value", 100)])
def test_a_move_by_hand_ends_the_play(move):
    async def interfere(steps):
        await asyncio.sleep(0.1)
        move(steps)
        assert not steps.playing and steps.player.description == "▶▶ play"

    played(interfere, n=200)


def test_the_handle_of_every_slider_has_a_colour_that_is_seen():
    chosen = slider(style={"handle_color": "red"})
    widget = Explore(lambda **_: draw(1), ask=ASK, a=slider(), b=chosen, c=Steps(3), d=W.Dropdown(options=[1, 2]))
    assert widget._controls["a"].style.handle_color == pictures.COLORS["model"]
    assert widget._controls["c"].slider.style.handle_color == pictures.COLORS["model"]
    assert chosen.style.handle_color == "red"


def test_how_fast_a_slider_is_answered(capsys):
    widget = explore()
    seconds = []
    for value in np.linspace(-3, 3, 20):
        start = time.perf_counter()
        widget._controls["weight"].value = value
        seconds.append(time.perf_counter() - start)
    with capsys.disabled():
        print(f"\n[a 6.4 x 3 inch figure answers a slider in {statistics.median(seconds):.3f} s]")


@pytest.mark.parametrize("value, text", [
    (2.50, "2.5"), (-1, "−1"), (True, "yes"), ((0.0, 1), "0, 1"), ("seven", "seven"), (draw, "function")])
def test_values_are_written_as_people_write_them(value, text):
    assert explore_module.plain_value(value) == text


def test_what_a_menu_calls_a_value_is_what_the_picture_calls_it():
    menu = W.Dropdown(options={"gentle": np.tanh, "none": np.abs}, description="rule")
    widget = Explore(lambda rule: draw(1), ask=ASK, rule=menu)
    assert repr(widget) == "<Explore rule=gentle>"
    assert widget._label({"rule": np.abs}) == "rule = none"
    numbers = W.SelectionSlider(options=[1, 2, -3], description="units")
    assert Explore(lambda n: draw(n), ask=ASK, n=numbers)._label({"n": -3}) == "units = −3"


# The display bundle


@pytest.mark.parametrize("widget, text", [
    (lambda: explore(alt="A curve."), "<Explore weight=1>"),
    (lambda: DrawPad(28, bar, ask=ASK, alt="A pad."), "<DrawPad 28 x 28>"),
    (lambda: PointPad([[0, 0, 1]], tint, ask=ASK, alt="A plane."), "<PointPad with 1 points>"),
])
def test_the_bundle_holds_a_view_a_picture_with_alt_text_and_a_fixed_text(widget, text):
    widget = widget()
    data, metadata = widget.bundle()
    assert set(data) == {VIEW, "image/png", "text/plain"}
    assert repr(widget) == text and data["text/plain"] == f"{text} {widget.alt}"
    assert data[VIEW]["model_id"] == widget.model_id
    assert base64.b64decode(data["image/png"]) == widget.still()
    assert metadata["image/png"]["alt"] == widget._picture.tooltip == widget.alt
    assert ASK in widget.children[0].value


def test_without_alt_text_the_question_names_the_picture():
    assert ASK in explore().alt


def test_display_sends_the_bundle(monkeypatch):
    sent = []
    monkeypatch.setattr("utils.widgets.panel.display", lambda *a, **k: sent.append((a, k)))
    explore()._ipython_display_()
    (data,), options = sent[0]
    assert "image/png" in data and options["raw"] and "image/png" in options["metadata"]


def test_colab_is_asked_to_show_the_pads_and_only_for_them(monkeypatch):
    calls = []
    colab = types.ModuleType("google.colab")  # without google.colab.output, at which anywidget itself looks
    colab.output = types.SimpleNamespace(enable_custom_widget_manager=lambda: calls.append("on"))
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    explore()
    assert calls == []
    DrawPad(8)
    assert calls == ["on"]
    PointPad()
    assert calls == ["on", "on"]


def test_every_living_widget_is_known_with_its_question():
    widgets = [explore(), DrawPad(8, ask="Which digit?"), PointPad()]
    assert list(ALIVE.values())[-3:] == widgets
    assert [widget.ask for widget in widgets] == [ASK, "Which digit?", ""]


def test_importing_the_widgets_does_not_import_torch():
    code = "import sys, utils.widgets; print('torch' in sys.modules)"
    root = str(pictures.__file__).rsplit("/utils/", 1)[0]
    got = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert got.stdout.strip() == "False", got.stderr


def test_the_colours_are_those_of_the_figures():
    plots = pytest.importorskip("utils.plots")
    assert pictures.COLORS.items() <= plots.COLORS.items()


# DrawPad


def test_a_pad_reads_what_is_in_it():
    pad = DrawPad(16)
    assert pad.pixels.shape == (16, 16) and pad.pixels.dtype == np.float32
    assert not pad.pixels.any()
    pad._canvas.cells = [255] * 16 + [0] * 240
    assert pad.pixels[0].tolist() == [1.0] * 16 and not pad.pixels[1:].any()


def test_a_pad_responds_to_every_drawing():
    seen = []
    pad = DrawPad(28, lambda pixels: seen.append(pixels) or bar(pixels), centred=False)
    before = pad.still()
    drawing = np.zeros((28, 28))
    drawing[3:20, 5] = 1
    pad.raw = drawing
    assert len(seen) == 2 and np.array_equal(seen[1], drawing) and pad.still() != before


def test_a_pad_with_a_control_responds_to_both():
    seen = []
    pad = DrawPad(28, lambda pixels, right: seen.append((pixels.sum(), right)) or bar(pixels), ask=ASK,
                  right=W.IntSlider(value=2, max=8, description="pixels to the right"))
    pad._controls["right"].value = 5
    pad.raw = np.ones((28, 28))
    assert [right for _, right in seen] == [2, 5, 5] and seen[1][0] == 0 < seen[2][0]
    assert pad._controls["right"].layout.width == "280px"  # as wide as the pad
    with pytest.raises(TypeError, match="right must be a control such as"):
        DrawPad(28, bar, right=5)


def test_the_still_picture_shows_the_start_and_the_response_beside_it():
    start = np.zeros((1, 28, 28))
    start[0, :, :14] = 1
    still = opened(DrawPad(28, bar, start=start).still())
    assert still.shape == (280, 280 + pictures.GAP + 300)
    assert still[:, :140].min() == 255 and still[:, 140:280].max() == 0
    assert opened(DrawPad(28, start=start).still()).shape == (280, 280)


def test_a_28_pad_is_centred_unless_told_otherwise():
    start = np.zeros((28, 28))
    start[2:12, 3:6] = 1
    assert np.array_equal(DrawPad(28, start=start).pixels, mnist_like(start))
    assert np.array_equal(DrawPad(28, start=start, centred=False).pixels, start)
    assert np.array_equal(DrawPad(28, start=start, binary=True).pixels, start)
    assert DrawPad(28, start=start).raw[2:12, 3:6].all()
    assert len(DrawPad(28, start=start)._canvas.seen) == 784
    assert not DrawPad(28, start=start, centred=False)._canvas.seen


def test_a_retina_has_photocells_that_are_on_or_off():
    retina = DrawPad(20, binary=True, start=np.linspace(0, 1, 400).reshape(20, 20))
    assert set(np.unique(retina.pixels)) == {0.0, 1.0} and retina.pixels.sum() == 200


def test_what_a_response_gets_wrong_is_told():
    pad = DrawPad(28, lambda pixels: 1 / 0, ask=ASK)
    assert "ZeroDivisionError" in pad._words.value and "ZeroDivisionError" in repr(pad)
    assert opened(pad.still()).shape[1] > 600


# mnist_like


@pytest.mark.parametrize("rows, columns", [((2, 9), (1, 4)), ((10, 28), (20, 26)), ((0, 28), (0, 28)),
                                           ((5, 7), (3, 25))])
def test_a_drawing_is_centred_by_its_mass_and_fills_twenty_pixels(rows, columns):
    drawing = np.zeros((28, 28))
    drawing[slice(*rows), slice(*columns)] = 1
    drawing[rows[0], slice(*columns)] = 0.5
    digit = mnist_like(drawing)
    assert digit.shape == (28, 28) and digit.dtype == np.float32
    assert 0 <= digit.min() and digit.max() <= 1
    places = np.arange(28) + 0.5
    for axis in (0, 1):
        mass = digit.sum(axis=axis)
        assert abs((mass * places).sum() / mass.sum() - 14.5) <= 0.5001  # as MNIST's own images
    spread = [np.ptp(np.flatnonzero(digit.any(axis=axis))) + 1 for axis in (0, 1)]
    assert max(spread) == 20


def test_a_drawing_keeps_its_proportions():
    drawing = np.zeros((28, 28))
    drawing[4:14, 6:11] = 1
    digit = mnist_like(drawing)
    assert digit.any(axis=1).sum() == 20 and digit.any(axis=0).sum() == 10


def test_scaling_smooths_edges():
    drawing = np.eye(64)
    values = np.unique(mnist_like(drawing).round(2))
    assert len(values) > 3


def test_where_a_digit_was_drawn_does_not_matter():
    drawing = np.zeros((28, 28))
    drawing[3:13, 4:9] = np.random.default_rng(0).random((10, 5)) * 0.9 + 0.1
    assert np.array_equal(mnist_like(drawing), mnist_like(np.roll(drawing, (9, 12), (0, 1))))


def test_an_empty_drawing_stays_empty():
    assert not mnist_like(np.zeros((28, 28))).any()


# PointPad


def test_points_are_read_and_replaced():
    pad = PointPad([[0.5, -0.5, 1], [0, 0.25, -1]])
    assert pad.points.tolist() == [[0.5, -0.5, 1], [0, 0.25, -1]]
    pad.points = []
    assert pad.points.shape == (0, 3)
    assert pad._plane.initial == [[0.5, -0.5, 1], [0, 0.25, -1]]


def test_the_response_fills_the_square_behind_the_points():
    pad = PointPad([[0.0, 0.5, 1]], tint)
    behind = opened(base64.b64decode(pad._plane.background))
    assert behind.shape == (360, 360)
    assert behind[5, 5] == behind[-5, 170] == 0x88 and behind[5, -5] == behind[-5, 190] == 255
    before = pad.still()
    pad._plane.points = [[0.5, 0.5, 1], [0, 0, -1]]
    assert base64.b64decode(pad._plane.background) != behind.tobytes() and pad.still() != before
    assert "2 points" in pad._words.value


def test_the_response_stands_beside_the_points_if_asked():
    behind, beside = (PointPad([[0, 0, 1]], tint, beside=b) for b in (False, True))
    assert opened(beside.still()).shape[1] > opened(behind.still()).shape[1] + 300
    assert not beside._plane.background


def test_what_a_response_to_points_gets_wrong_is_told():
    pad = PointPad([[0, 0, 1]], tint)
    pad.points = []
    assert "IndexError" in pad._words.value and "IndexError" in repr(pad)
    assert opened(pad.still()).size


# What is refused, and with which words

STATES = [dict(weight=1)] * 3
REFUSED = [
    (lambda: Explore("picture", ask=ASK, w=slider()), TypeError, "draw must be a function"),
    (lambda: Explore(draw, ask=3, w=slider()), TypeError, "ask is the text that is shown"),
    (lambda: Explore(draw, ask=ASK), ValueError, "at least one control"),
    (lambda: Explore(draw, ask=ASK, w=3), TypeError, "w must be a control such as"),
    (lambda: Explore(draw, ask=ASK, w=W.HBox()), TypeError, "w must be a control such as"),
    (lambda: explore(columns=0), ValueError, "columns is a whole number"),
    (lambda: explore(strip=STATES[:2]), ValueError, "3 to 5 states, and 2 were given"),
    (lambda: explore(strip=STATES * 2), ValueError, "3 to 5 states, and 6 were given"),
    (lambda: explore(strip=[1, 2, 3]), TypeError, "strip is a list of dicts"),
    (lambda: explore(strip=[dict(height=1)] * 3), ValueError, r"names \['height'\]"),
    (lambda: Steps(1), ValueError, "2 or more, and got 1"),
    (lambda: Steps(3, value=3), ValueError, "starts at 0 to 2, and value is 3"),
    (lambda: Steps(3, interval=0), ValueError, "interval is in milliseconds, a whole number of 20"),
    (lambda: DrawPad(2), ValueError, "from 4 to 64, and got 2"),
    (lambda: DrawPad(28.0), ValueError, "from 4 to 64, and got 28.0"),
    (lambda: DrawPad(respond=3), TypeError, "respond must be a function"),
    (lambda: DrawPad(start=np.zeros((20, 20))), ValueError, r"has the shape \(28, 28\)"),
    (lambda: DrawPad(start=np.zeros((2, 28, 28))), ValueError, r"this one has \(2, 28, 28\)"),
    (lambda: DrawPad(start=np.full((28, 28), 255)), ValueError, "values from 0"),
    (lambda: DrawPad(start=np.full((28, 28), np.nan)), ValueError, "values from 0"),
    (lambda: DrawPad(start="seven"), TypeError, "a drawing is an array"),
    (lambda: mnist_like(np.zeros(28)), ValueError, r"the shape \(height, width\)"),
    (lambda: mnist_like(np.full((28, 28), -1)), ValueError, "values from 0"),
    (lambda: PointPad([[0, 0]]), ValueError, r"shape \(N, 3\)"),
    (lambda: PointPad([[0, 2, 1]]), ValueError, r"\[-1, 1\] x \[-1, 1\]"),
    (lambda: PointPad([[0, np.nan, 1]]), ValueError, r"\[-1, 1\] x \[-1, 1\]"),
    (lambda: PointPad([[0, 0, 0]]), ValueError, "is \\+1 or -1"),
    (lambda: PointPad([["a", 0, 1]]), TypeError, "rows of x, y, label"),
    (lambda: PointPad(respond="line"), TypeError, "respond must be a function"),
    (lambda: PointPad(ask=None), TypeError, "ask is the text"),
]


@pytest.mark.parametrize("make, error, words", REFUSED)
def test_what_is_refused_is_refused_in_a_sentence(make, error, words):
    with pytest.raises(error, match=words):
        make()
