"""Figures: they draw what they are given, say it in words, and refuse what does not fit."""
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from utils import plots
from utils.history import History
from utils.plots import label_lines, plot_boundary, plot_history, plot_images, plot_matrix, png, show


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
    (lambda: plot_images(torch.rand(2, 8, 8), ["one"]), "2 pictures and 1 titles"),
    (lambda: plot_matrix(torch.rand(3)), r"expects \(R, C\)"),
    (lambda: plot_matrix(torch.rand(3, 2), rows=["a"]), "1 rows"),
    (lambda: plot_boundary(lambda x: x[:, 0], torch.rand(4, 3), torch.zeros(4)), r"points \(N, 2\)"),
    (lambda: plot_history(History()), "no epoch to draw"),
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


def test_line_labels_do_not_overlap():
    figure, ax = plt.subplots()
    for height in (1.0, 1.01, 1.02, 5.0):
        ax.plot([0, 1], [0, height], label=f"to {height}")
    label_lines(ax)
    heights = sorted(text.xy[1] for text in ax.texts)
    assert len(heights) == 4 and min(np.diff(heights)) > 0.08
    plt.close(figure)


def test_show_sends_picture_words_and_caption(monkeypatch):
    sent = []
    monkeypatch.setattr(plots, "display", lambda data, **more: sent.append((data, more)))
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
