"""utils.widgets and utils.quizzes: what a learner moves, and the pictures that it leaves."""
import ipywidgets as W
import matplotlib.pyplot as plt
import numpy as np
import torch
from hypothesis import strategies as st
from PIL import Image

from utils import quizzes
from utils.timeline import events
from utils.widgets import drawpad, explore, panel, pictures, pointpad, steps
from utils.widgets import timeline as years
from utils.widgets.quiz import Asked, Quiz, quiz

from .rows import Row
from .values import NOT_COUNT, NOT_FUNCTION, NOT_TEXT, NUMBERS, SENTENCE, WORDS, arrays

EVENTS = events()
INK = st.floats(0, 1, width=32)
NOT_DRAWING = [None, "text", 3, [], [[1, 2], [3]], torch.ones(2, 3, 4), torch.full((28, 28), torch.nan),
               torch.full((28, 28), 2.0), torch.full((28, 28), -1.0)]
POINTS = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([-1, 1])), max_size=6)
NOT_POINTS = [None, "text", 3, [1, 2], [[2, 0, 1]], [[0, 0, 0]], [[float("nan"), 0, 1]], torch.ones(2, 2), ["abc"]]
CHAPTERS = st.integers(0, 9).map("{:02}".format)
NOT_CHAPTER = ["77", "", "1", "../quizzes/01", "\0", "a" * 300, None, 3, ["01"]]
IMAGES = st.tuples(st.integers(1, 30), st.integers(1, 30)).map(lambda size: Image.new("RGB", size))
PNG = pictures.encoded(Image.new("RGB", (40, 30)))
DRAWING = pictures.Drawing(PNG, "a text")


def figure(**values):
    return plt.figure(figsize=(1, 1)), "said"


def slider():
    return W.FloatSlider(value=1, description="w")


def shown(kind):
    """A widget and the display data that a notebook keeps of it."""
    def call(**arguments):
        widget = kind(**arguments)
        return getattr(widget, "bundle", lambda: repr(widget))()
    return call


def responding(pixels=None, **values):
    return figure()


EXPLORE = {"draw": st.sampled_from([figure, lambda **values: None, lambda w: 1 / 0]), "ask": SENTENCE | st.just(""),
           "alt": st.none() | WORDS, "columns": st.none() | st.integers(1, 4), "strip": st.none()
           | st.just([{"w": 2}] * 3)}
PAD = {"respond": st.none() | st.just(responding), "ask": SENTENCE, "alt": st.none() | WORDS}
ROWS = [
    Row(lambda **options: shown(explore.Explore)(w=slider(), **options), EXPLORE,
        {"draw": NOT_FUNCTION, "ask": NOT_TEXT, "alt": [3, b"a"], "columns": [c for c in NOT_COUNT if c is not None],
         "strip": [3, "text", [], [{"w": 1}], [{"v": 1}] * 3, [3, 4, 5]]}, safe=("draw",),
         name="widgets.explore.Explore",
        few=True),
    Row(lambda control: shown(explore.Explore)(draw=figure, ask="what?", w=control), {"control": st.builds(slider)},
        {"control": [None, 3, "text", slider]}, name="widgets.explore.Explore with a control", words=("w must be",),
            few=True),
    Row(explore.check_controls, {"controls": st.just({"w": slider()}), "columns": st.none() | st.integers(1, 9)},
        {"controls": [{}, {"w": 3}], "columns": [0, -1, "3", 0.5]}, inner="Explore and DrawPad", words=("control",)),
    Row(explore.plain_name, {"name": WORDS, "control": st.builds(slider)}, inner="Explore"),
    Row(explore.plain_value, {"value": NUMBERS | WORDS | st.booleans(), "control": st.none() | st.builds(slider)},
        inner="Explore"),
    Row(explore.readable, {"controls": st.builds(lambda: {"w": slider()})}, inner="Explore"),
    Row(explore.arranged, {"controls": st.builds(lambda: [slider(), W.Dropdown(options=["a"])]),
                           "columns": st.none() | st.integers(1, 3)}, inner="Explore"),
    Row(drawpad.mnist_like, {"pixels": arrays(st.integers(1, 40), st.integers(1, 40), elements=INK)},
        {"pixels": NOT_DRAWING}, words=("a drawing",)),
    Row(shown(drawpad.DrawPad), {"n": st.integers(4, 40), "binary": st.booleans(), "centred": st.none() | st.booleans(),
                                 "start": st.none(), **PAD},
        {"n": [*NOT_COUNT, 3, 65], "start": [v for v in NOT_DRAWING if v is not None], "ask": NOT_TEXT, "alt": [3,
            b"a"],
         "respond": NOT_FUNCTION, "binary": [None, "yes", 3], "centred": ["yes", 3]}, safe=("respond",),
        words=("a drawing",), name="widgets.drawpad.DrawPad", few=True),
    Row(drawpad.pad_picture, {"pixels": st.integers(4, 30).flatmap(lambda n: arrays(n, n,
        elements=INK)).map(np.asarray),
                              "binary": st.booleans()}, inner="DrawPad"),
    Row(shown(pointpad.PointPad), {"points": POINTS, "beside": st.booleans(), **PAD},
        {"points": NOT_POINTS, "respond": NOT_FUNCTION, "ask": NOT_TEXT, "alt": [3, b"a"], "beside": [None, "yes", 3]},
        safe=("respond",), words=("of a point",), name="widgets.pointpad.PointPad", few=True),
    Row(pointpad.fill_square, {"figure": st.builds(lambda: plt.subplots()[0])}, inner="PointPad"),
    Row(shown(steps.Steps), {"n": st.integers(5, 500), "description": WORDS, "value": st.integers(0, 4),
        "play": st.booleans(),
                             "interval": st.integers(20, 5000)},
        {"n": [*NOT_COUNT, 1], "description": NOT_TEXT, "value": [*NOT_COUNT[:-2], -1, 500], "play": [None, "yes", 3],
         "interval": [*NOT_COUNT, 19]}, name="widgets.steps.Steps"),
    Row(shown(years.Timeline), {"ask": SENTENCE, "start": st.sampled_from([one.id for one in EVENTS]), "alt": st.none()
        | WORDS,
                                "history": st.none() | st.just(EVENTS)},
        {"ask": NOT_TEXT, "start": [*NOT_TEXT, "no event"], "alt": [3, b"a"], "history": [3, "text", [3], EVENTS[:1]]},
        name="widgets.timeline.Timeline", few=True, words=("is no event",)),
    *(Row(one, {"one": st.sampled_from(EVENTS)}, inner="Timeline") for one in (years.story, years.details,
        years.plain)),
    Row(panel.row, {"parts": st.builds(lambda: [slider()])}, inner="the widgets"),
    Row(panel.color_handles, {"widgets": st.builds(lambda: [W.HBox([slider()])])}, inner="Panel"),
    Row(panel.allow_custom_widgets, {}),
    Row(panel.Picture, {"alt": WORDS, "beside": st.booleans()}, inner="Panel"),
    Row(lambda **options: panel.Panel([], picture="nowhere", **options).bundle(), {"ask": SENTENCE, "alt": st.none()
        | WORDS},
        {"ask": NOT_TEXT, "alt": [3, b"a"]}, name="widgets.panel.Panel"),
    Row(panel.check_text, {"name": "ask", "value": st.text()}, {"value": NOT_TEXT}, words=("ask",),
        inner="its own test"),
    Row(panel.check_function, {"name": "draw", "value": figure}, {"value": NOT_FUNCTION}, words=("draw",),
        inner="its own test"),
    Row(pictures.attempt_drawing, {"draw": st.sampled_from([figure, lambda: None, lambda: 1 / 0])},
        inner="it answers with the words of any error, which is its purpose"),
    Row(pictures.width_of, {"png": PNG}, inner="Panel"), Row(pictures.opened, {"png": PNG}, inner="Panel"),
    Row(pictures.encoded, {"picture": IMAGES}, inner="Panel"), Row(pictures.few_colors, {"picture": IMAGES},
        inner="strip"),
    Row(pictures.text_picture, {"text": st.text(), "width": st.integers(20, 900)}, inner="Panel"),
    Row(pictures.problem_picture, {"problem": st.text()}, inner="Panel"),
    Row(pictures.said, {"problem": st.text()}, inner="Panel"),
    Row(pictures.with_words, {"png": PNG, "words": st.text()}, inner="Panel"),
    *(Row(one, {"pictures": st.lists(IMAGES, min_size=1, max_size=4)}, inner="strip")
      for one in (pictures.stacked, pictures.side_by_side)),
    Row(pictures.shrink, {"figure": st.builds(plt.figure), "count": st.integers(1, 5)}, inner="Explore"),
    Row(pictures.strip_columns, {"count": st.integers(1, 5), "width": st.floats(10, 3000)}, inner="strip"),
    Row(pictures.strip, {"drawings": [DRAWING] * 3, "labels": st.lists(WORDS, min_size=3, max_size=3)},
        inner="Explore"),
    Row(quizzes.questions, {"chapter": CHAPTERS}, {"chapter": NOT_CHAPTER}, raises=(KeyError,)),
    Row(shown(Quiz), {"chapter": CHAPTERS}, {"chapter": NOT_CHAPTER}, raises=(KeyError,), name="widgets.quiz.Quiz"),
    Row(quiz, {"chapter": CHAPTERS}, {"chapter": NOT_CHAPTER}, raises=(KeyError,), few=True),
    Row(Asked, {"question": st.sampled_from(quizzes.questions("01")), "number": st.integers(1, 5),
                       "answered": st.just(lambda: None)}, inner="Quiz"),
]
