"""Figures: they draw what they are given, say it in words, and refuse what does not fit."""
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from utils import plots
from utils.history import History
from utils.plots import (LivePlot, label_lines, plot_boundary, plot_history, plot_images, plot_lines, plot_matrix,
                         plot_net, plot_points, plot_runs, png, show)


def picture(figure):
    return Image.open(io.BytesIO(png(figure))).convert("RGB")


@pytest.mark.parametrize("count", range(1, 22))
def test_every_number_of_images_has_its_place(count):
    figure = plot_images(torch.rand(count, 1, 8, 8), [str(n) for n in range(count)], columns=7)
    shown = [ax for ax in figure.axes if ax.images]
    assert len(shown) == count and [ax.get_title() for ax in shown] == [str(n) for n in range(count)]
    plt.close(figure)


def test_signed_images_are_centred_on_zero():
    figure = plot_images(np.array([[[-1.0, 3.0]]]), signed=True)
    assert figure.axes[0].images[0].get_clim() == (-3.0, 3.0)
    plt.close(figure)


@pytest.mark.parametrize("call, words", [
    (lambda: plot_images(torch.rand(3, 3)), r"not \(3, 3\)"),
    (lambda: plot_images(torch.rand(2, 3, 8, 8)), r"\(N, 1, H, W\)"),
    (lambda: plot_images(torch.rand(2, 8, 8), ["one"]), "2 pictures in 1 rows, 1 titles"),
    (lambda: plot_matrix(torch.rand(3)), r"expects \(R, C\)"),
    (lambda: plot_matrix(torch.rand(3, 2), rows=["a"]), "1 rows"),
    (lambda: plot_boundary(lambda x: x[:, 0], torch.rand(4, 3), torch.zeros(4)), r"points \(N, 2\)"),
    (lambda: plot_history(History()), "no epoch to draw"),
    (lambda: plot_images(torch.rand(4, 8, 8), columns=2, rows=["one"]), "2 rows, no titles, 1 row names"),
    (lambda: plot_lines([1, 2], {"a": [1, 2, 3]}, xlabel="x", ylabel="y"), "2 values a line"),
    (lambda: plot_runs({}, xlabel="x"), "at least one run"),
    (lambda: plot_runs({"a": []}, xlabel="x"), "at least one run"),
    (lambda: plot_points({"a": [1, 2, 3]}), r"'a' has \(3,\)"),
    (lambda: small_net(units=9), r"1 to 8 hidden units: added \(U, N, N\)"),
    (lambda: small_net(units=2, lines=torch.ones(1, 3)), r"it got \(6, 6\), \(2, 6, 6\) and \(1, 3\)"),
])
def test_wrong_shapes_are_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_history_curves_hold_the_numbers():
    history = History()
    for value in (4.0, 2.0):
        history.add({"loss": value}, 0, 0)
        history.look()
        history.end_epoch({"test_error": value * 10})
    figure = history.plot()
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "test error (%)"]
    assert figure.axes[1].lines[0].get_ydata().tolist() == [40.0, 20.0]
    plt.close(figure)
    with pytest.raises(KeyError, match="no 'accuracy'"):
        history.plot("accuracy")


def test_boundary_and_matrix_draw():
    points, labels = [[0, 0], [0, 1], [1, 0], [1, 1.0]], [0, 1, 1, 0]
    figure = plot_boundary(lambda x: ((x[:, 0] > 0.5) ^ (x[:, 1] > 0.5)).long(), points, labels)
    assert len(picture(figure).getcolors(10**6)) > 10
    figure = plot_matrix(torch.tensor([[1.0, -2.0]]), columns=["a", "b"], signed=True, numbers=True)
    assert {text.get_text() for text in figure.axes[0].texts} == {"1", "-2"}
    plt.close(figure)


def boxes(texts, ax):
    ax.figure.canvas.draw()
    return [text.get_window_extent() for text in texts]


@pytest.mark.parametrize("ends", [(1.0, 1.01, 1.02, 5.0), (0.0, 0.01, 0.02), (4.98, 4.99, 5.0, 5.0), (2.0, np.nan)])
def test_line_labels_do_not_overlap(ends):
    figure, ax = plt.subplots(figsize=(6.4, 3.0))
    for height in ends:
        ax.plot([0, 1, 2], [5, 0, height], label=f"a name of two lines or more: {height}")
    label_lines(ax)
    found = boxes(ax.texts, ax)
    assert len(found) == len(ends)
    assert not any(one.overlaps(other) for i, one in enumerate(found) for other in found[:i])
    plt.close(figure)


def test_lines_draw_runs_and_their_mean_and_marks():
    figure = plot_lines([1, 2, 3], {"one": [1, 2, 3], "many": torch.tensor([[1.0, 1, 1], [3, 3, 3]])},
                        xlabel="x", ylabel="y (%)", marks={"paper: 2.5": 2.5}, ylim=(0, 4))
    ax = figure.axes[0]
    named = {line.get_label(): line.get_ydata() for line in ax.lines if not line.get_label().startswith("_")}
    assert np.allclose(named["many"], 2) and np.allclose(named["paper: 2.5"], 2.5) and len(ax.lines) == 5
    assert {text.get_text() for text in ax.texts} == set(named) and ax.get_ylim() == (0, 4)
    plt.close(figure)


def test_runs_draw_dots_medians_and_those_that_never_arrive():
    figure = plot_runs({"first": [1.0, 2, 6], "second": [3.0, float("inf"), float("nan")]}, xlabel="sweeps",
                       marks={"paper": 4.0, "a later one": 4.1})
    ax = figure.axes[0]
    dots = [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "o"]
    crosses = [len(line.get_xdata()) for line in ax.lines if line.get_marker() == "x"]
    bars = [line.get_xdata()[0] for line in ax.lines if line.get_color() == "k"]
    assert dots == [[1, 2, 6], [3]] and crosses == [0, 2] and bars == [2.0, np.inf]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["first", "second"]
    one, other = boxes(ax.texts, ax)
    assert not one.overlaps(other)
    plt.close(figure)


def test_points_in_few_groups_and_in_many():
    few = plot_points({"data": torch.rand(5, 2), "samples": torch.rand(3, 2)}, xlabel="z", title="plane")
    assert [text.get_text() for text in few.axes[0].get_legend().texts] == ["data", "samples"]
    many = plot_points({str(digit): np.full((4, 2), digit) for digit in range(10)})
    assert [text.get_position() for text in many.axes[0].texts] == [(d, d) for d in range(10)]
    plt.close("all")


def small_net(units, **given):
    """A net's picture: what the top left quarter of the plane is to each unit is its number."""
    added = torch.zeros(units, 6, 6)
    added[:, :3, :3] = torch.arange(1.0, units + 1)[:, None, None]
    lines = torch.tensor([[1.0, 0, 0.5]]).repeat(units, 1)  # x = -0.5
    given = dict(outputs=torch.rand(6, 6), lines=lines, added=added, errors={0: 1.0, 10: 0.5}, last=40) | given
    return plot_net(torch.tensor([[0.5, 0.5], [-0.5, 0.2]]), torch.tensor([1.0, 0]), **given)


def test_a_net_is_drawn_with_its_units_and_its_error():
    plane, units, curve = small_net(units=5).axes
    shown = np.ma.filled(units.images[0].get_array(), 0)
    tops = [shown[row, column] for row in (1, 5) for column in (1, 5, 9, 13)]  # 4 x 4 pixels a unit, framed
    assert tops == [1, 2, 3, 4, 5, 0, 0, 0]
    assert units.images[0].get_clim() == (-5, 5) and len(plane.lines) == 5 + 2
    assert np.allclose(plane.lines[0].get_xdata(), -0.5) and np.ptp(plane.lines[0].get_ydata()) > 2
    assert [line.get_xydata().tolist() for line in plane.lines[5:]] == [[[0.5, 0.5]], [[-0.5, 0.20000000298023224]]]
    assert curve.lines[0].get_xydata().tolist() == [[0, 1], [10, 0.5]] and curve.get_xlim() == (0, 40)
    plt.close("all")


def test_a_unit_without_weights_has_no_line_and_breaks_nothing():
    picture(small_net(units=1, lines=torch.zeros(1, 3), added=torch.zeros(1, 6, 6)))


def test_rows_of_pictures_have_names_and_scales_of_their_own():
    pictures = torch.stack([torch.eye(4), 9 * torch.eye(4), torch.eye(4), torch.eye(4)])
    figure = plot_images(pictures, columns=2, rows=["kernel", "map"], each=True)
    assert [ax.get_ylabel() for ax in figure.axes] == ["kernel", "", "map", ""]
    assert [ax.images[0].get_clim() for ax in figure.axes][:2] == [(0, 1), (0, 9)]
    plt.close(figure)


def test_show_sends_picture_words_and_caption(monkeypatch):
    sent = []
    monkeypatch.setattr(plots.style, "display", lambda data, **more: sent.append((data, more)))
    figure, ax = plt.subplots()
    ax.plot([1, 2], [3, 4])
    show(figure, caption="The line rises steadily.", alt="A line from 3 to 4.")
    assert sent[0][0]["text/plain"] == "A line from 3 to 4." and "image/png" in sent[0][0]
    assert sent[0][1]["metadata"] == {"image/png": {"alt": "A line from 3 to 4."}}
    assert sent[1][0]["text/markdown"] == "*The line rises steadily.*"
    assert figure.number not in plt.get_fignums()


def test_show_refuses_figures_without_words():
    figure = plt.figure()
    with pytest.raises(ValueError, match="alt of a figure is a sentence"):
        show(figure, caption="A claim about it.", alt="plot")
    with pytest.raises(TypeError, match="matplotlib figure, not str"):
        show("figure", caption="A claim about it.", alt="A line that rises.")
    plt.close(figure)


def test_a_figure_gives_the_same_bytes_twice():
    def draw():
        figure, ax = plt.subplots()
        ax.plot([1, 2, 3])
        return png(figure)
    assert draw() == draw()


def test_colours_differ_for_the_colour_blind():
    """Neighbouring roles differ in lightness as well as in hue."""
    grey = [np.dot([int(plots.COLORS[role][i:i + 2], 16) for i in (1, 3, 5)], [0.299, 0.587, 0.114])
            for role in ("model", "compared", "error")]
    assert min(abs(a - b) for a, b in zip(grey, grey[1:])) > 30


class Page:
    """What a front end does with display data: a place is shown once and then changed."""

    def __init__(self):
        self.shown = []

    def display(self, data, metadata=None, raw=False, display_id=False):
        self.shown.append([data])
        return self if display_id else None

    def update(self, data, metadata, raw):
        assert metadata["image/png"]["alt"] == data["text/plain"]
        self.shown[0].append(data)


WORDS = {"ylabel": "loss", "caption": "The loss falls, fast and then slowly.", "alt": "A line that falls and flattens."}


@pytest.fixture
def page(monkeypatch):
    from utils.plots import live
    monkeypatch.setattr(live, "display", (page := Page()).display)
    return page


def training_so_far(batches):
    history = History()
    for batch in range(batches):
        history.add({"loss": 1 / (batch + 1), "other": 5.0}, 0, batch)
    history.look()
    return history


def test_a_live_plot_is_one_picture_that_changes_and_then_a_caption(page, monkeypatch):
    from utils.plots import live
    monkeypatch.setattr(live, "LEAST", 0.0)
    watch = LivePlot("loss", share=0.999999, **WORDS)
    for batches in (1, 7, 500):
        watch.next = 0.0
        watch(training_so_far(batches), over=False)
    watch(training_so_far(1000), over=True)
    picture, caption = page.shown
    assert len(picture) == 4 and len({data["image/png"] for data in picture}) == 4
    assert {data["text/plain"] for data in picture} == {WORDS["alt"]}
    assert caption[0]["text/markdown"] == f"*{WORDS['caption']}*"


def test_a_live_plot_spends_no_more_than_its_share(page, monkeypatch):
    """By a made-up clock: pictures that take 0.1 s each may cost 2 % of 60 seconds."""
    from utils.plots import live
    clock = [0.0]
    monkeypatch.setattr(live.time, "perf_counter", lambda: clock[0])
    watch, history, drawn = LivePlot(**WORDS), training_so_far(3), []
    monkeypatch.setattr(watch, "put", lambda lines: (drawn.append(clock[0]), clock.__setitem__(0, clock[0] + 0.1)))
    while clock[0] < 60:
        watch(history, over=False)
        clock[0] += 0.25
    assert 10 <= len(drawn) <= 13 and min(np.diff(drawn)) >= 5
    watch(history, over=True)
    assert len(drawn) <= 14


def test_a_live_plot_without_numbers_shows_nothing(page):
    LivePlot("loss", **WORDS)(History(), over=True)
    assert not page.shown


@pytest.mark.parametrize("wrong, words", [({"caption": "Loss"}, "The caption of a live plot is a sentence"),
                                          ({"alt": "line"}, "The alt of a live plot"),
                                          ({"share": 1.5}, "share is a part of the training's time")])
def test_a_live_plot_refuses_what_says_nothing(wrong, words):
    with pytest.raises(ValueError, match=words):
        LivePlot(**WORDS | wrong)
