"""Colours: told apart by readers who see red and green alike, and dark enough where they colour text."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from utils.plots import COLORS, label_lines
from utils.plots.style import contrast, text_color
from utils.widgets import pictures
from utils.widgets.pointpad import MARKS

# What is seen without one kind of cone, in linear RGB. Source: G. M. Machado, M. M. Oliveira and L. A. F.
# Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009, severity 1.0.
SEEN = {
    "all cones": np.eye(3),
    "no red cones": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                              [-0.003882, -0.048116, 1.051998]]),
    "no green cones": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                                [-0.011820, 0.042940, 0.968881]]),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # sRGB, D65
FAR, NEAR = 30, 15  # CIE 1976 distances: told apart at a glance; told apart side by side
SERIES = list(plt.rcParams["axes.prop_cycle"])
SMALL_TEXT = 4.5


def linear(color) -> np.ndarray:
    """sRGB without its gamma: (3,), from 0 to 1."""
    v = np.array(to_rgb(color))
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def lab(color, eye: np.ndarray) -> np.ndarray:
    """L*, a*, b* of a colour as an eye sees it: (3,)."""
    x, y, z = TO_XYZ @ np.clip(eye @ linear(color), 0, 1) / TO_XYZ.sum(1)
    f = [np.cbrt(v) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other, eye: str) -> float:
    return float(np.linalg.norm(lab(one, SEEN[eye]) - lab(other, SEEN[eye])))


def test_the_distance_is_that_of_cie_1976():
    assert distance("black", "white", "all cones") == pytest.approx(100, abs=0.1)
    assert lab("red", np.eye(3)) == pytest.approx([53.2, 80.1, 67.2], abs=0.2)
    assert distance("#ff0000", "#958a00", "no green cones") < distance("#ff0000", "#958a00", "all cones") / 4


@pytest.mark.parametrize("eye", SEEN)
@pytest.mark.parametrize("one, other", list(combinations(SERIES, 2)), ids=lambda given: given["color"])
def test_lines_differ_in_colour_and_the_near_ones_in_style_too(one, other, eye):
    apart = distance(one["color"], other["color"], eye)
    assert apart > NEAR
    assert apart > FAR or one["linestyle"] != other["linestyle"]


@pytest.mark.parametrize("eye", SEEN)
def test_the_two_classes_differ_in_colour_and_in_shape(eye):
    (circle, blue), (square, orange) = MARKS.values()
    assert circle != square and distance(blue, orange, eye) > FAR


@pytest.mark.parametrize("role", sorted(set(COLORS) - {"light"}))
def test_text_in_a_role_can_be_read_and_keeps_its_hue(role):
    text = text_color(COLORS[role])
    assert contrast(text) >= SMALL_TEXT
    assert np.argsort(to_rgb(COLORS[role])).tolist() == np.argsort(text).tolist() or role == "data"
    assert text == to_rgb(COLORS[role]) or contrast(text) < SMALL_TEXT + 0.4, "no darker than it must be"


def test_contrast_is_that_of_the_guideline():
    assert contrast("black") == pytest.approx(21) and contrast("white") == 1 == contrast("#123456", "#123456")
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)


def test_names_beside_lines_can_be_read():
    figure, ax = plt.subplots()
    for series in SERIES:
        ax.plot([0, 1], [0, len(ax.lines)], label=series["color"])
    label_lines(ax)
    assert len(ax.texts) == len(SERIES) and min(contrast(text.get_color()) for text in ax.texts) >= SMALL_TEXT
    assert len({text.get_color() for text in ax.texts}) == len(SERIES)
    plt.close(figure)


def test_the_words_of_a_problem_can_be_read():
    assert contrast(pictures.PROBLEM) >= SMALL_TEXT
    assert contrast(plt.rcParams["text.color"]) >= SMALL_TEXT
    assert contrast(COLORS["data"]) >= SMALL_TEXT, "it is the colour of the names of marks"
