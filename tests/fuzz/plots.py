"""utils.plots, utils.rendering and utils.timeline: every figure, and the text that it is made of."""
import matplotlib.pyplot as plt
import numpy as np
import torch
from hypothesis import strategies as st

from utils import rendering, timeline
from utils.history import History
from utils.one_task import recorded_digits
from utils.plots import curves, live, pictures, playground, style, years

from .rows import Row
from .values import (NOT_COUNT, NOT_FINITE, NOT_FUNCTION, NOT_LIST, NOT_NUMBER, NOT_TEXT, NUMBERS, SENTENCE, WORDS,
    arrays,
                     one_type, tensors)

GAPPY = NUMBERS | st.sampled_from([float("nan"), float("inf")])
SIDE, FEW = st.integers(1, 4), st.integers(1, 6)
COLOURS = st.sampled_from([*style.COLORS.values(), "white", "k", (0.1, 0.2, 0.3)])
NOT_ARRAY = [None, "text", object(), ["a"], [[1, 2], [3]], torch.ones(3, dtype=torch.complex64), torch.ones(3,
    device="meta")]
NOT_DICT = [None, 3, "text", [1, 2]]
MARKS = st.none() | st.dictionaries(WORDS, NUMBERS | NUMBERS.map(torch.tensor) | NUMBERS.map(np.float32), max_size=3)
NOT_MARKS = [3, "text", [1], {"a": None}, {"a": "b"}, {"a": float("nan")}]
EVENTS = timeline.events()
DIGITS = recorded_digits()


def history(names: list[str], epochs: int) -> History:
    """What a training of two batches an epoch leaves."""
    found = History()
    for epoch in range(epochs):
        for batch in range(2):
            found.add({name: torch.tensor(epoch + 1.0) for name in names}, epoch, batch)
        found.look()
        found.end_epoch({})
    return found


HISTORIES = st.builds(history, st.lists(st.sampled_from(["loss", "test_error", "accuracy"]), min_size=1, unique=True),
    FEW)
LINES = FEW.flatmap(lambda n: st.fixed_dictionaries({
    "x": arrays(n), "lines": st.dictionaries(WORDS, arrays(n, elements=GAPPY) | arrays(SIDE, n), max_size=3)}))
GRID = st.tuples(st.integers(1, 8), SIDE, SIDE).flatmap(lambda size: arrays(*size) | arrays(size[0], 1, *size[1:]))


def square(units: int) -> st.SearchStrategy:
    """The arguments of plot_net for so many hidden units; errors as chapter 2 gives them, or as numbers."""
    grid, unit = st.floats(0, 1, width=32), st.floats(-1, 1, width=32)
    errors = st.dictionaries(st.integers(0, 50), st.floats(0, 9) | st.floats(0, 9).map(torch.tensor), max_size=4)
    return st.integers(3, 6).flatmap(lambda n: st.fixed_dictionaries({
        "points": arrays(5, 2, elements=unit), "labels": st.just([0, 1, 1, 0, 1]).flatmap(one_type),
        "outputs": arrays(n, n, elements=grid), "lines": arrays(units, 3), "added": arrays(units, n, n),
        "errors": errors,
        "last": st.integers(1, 90)}))


def drawn(function, **fixed):
    """The function on one dictionary of arguments, which belong together."""
    return lambda both: function(**both, **fixed)


def on_axes(function):
    """The function on axes of its own."""
    def call(**arguments):
        return function(plt.subplots()[1], **arguments)
    return call


def labelled(heights: list) -> None:
    ax = plt.subplots()[1]
    for k, height in enumerate(heights):
        ax.plot([0, 1], [0, height], label=f"line {k}")
    curves.label_lines(ax)


def alive(**arguments) -> None:
    live.LivePlot(**arguments)(history(["loss"], 2), True)


NET = {"points": torch.zeros(4, 2), "labels": torch.ones(4), "outputs": torch.zeros(6, 6), "lines": torch.ones(2, 3),
       "added": torch.ones(2, 6, 6), "errors": {0: torch.tensor(1.0)}, "last": 9}
LIVE = {"ylabel": WORDS, "caption": SENTENCE, "alt": SENTENCE, "share": st.floats(0.01, 0.9)}
PAIR = {"caption": SENTENCE, "alt": SENTENCE}
SMALL = {name: [*NOT_TEXT, "", "two words"] for name in PAIR}

ROWS = [
    Row(curves.plot_history, {"history": HISTORIES, "names": st.none() | st.just([])},
        {"history": [None, 3, {}, History()], "names": ["loss", 3, [3]]}, raises=(KeyError,),
            words=("The history has",)),
    Row(drawn(curves.plot_lines, xlabel="x", ylabel="y"), {"both": LINES}, inner="x and lines belong together",
        name="plots.curves.plot_lines"),
    Row(curves.plot_lines, {"x": [1, 2, 3], "lines": {"a": [1, 2, 3]}, "xlabel": WORDS, "ylabel": WORDS,
        "marks": MARKS, "ax": None,
                            "title": WORDS, "ylim": st.just((0, 2))},
        {"x": [*NOT_ARRAY, [], [[1, 2], [3, 4]], 3], "lines": [*NOT_DICT, {"a": None}, {"a": ["b"] * 3}, {"a": [1]}],
         "marks": NOT_MARKS, "xlabel": NOT_TEXT, "ylabel": NOT_TEXT, "ax": [3, "text"], "ylim": ["text", [float("nan"),
         1]]},
        words=("plot_lines()",), name="plots.curves.plot_lines refused"),
    Row(curves.plot_runs, {"groups": st.dictionaries(WORDS, arrays(FEW, elements=GAPPY), min_size=1, max_size=3),
                           "xlabel": WORDS, "marks": MARKS, "ax": None, "title": WORDS},
        {"groups": [*NOT_DICT, {}, {"a": []}, {"a": None}, {"a": "b"}], "marks": NOT_MARKS, "xlabel": NOT_TEXT,
         "ax": [3, "text"]}),
    Row(labelled, {"heights": st.lists(GAPPY, max_size=4)}, inner="the lines on the axes are tried",
        name="plots.curves.label_lines"),
    Row(curves.label_lines, {"ax": st.builds(lambda: plt.subplots()[1])}, {"ax": [None, 3, "text", plt.figure()]},
        name="plots.curves.label_lines refused"),
    Row(alive, LIVE, {"ylabel": NOT_TEXT, **SMALL, "share": [*NOT_NUMBER, *NOT_FINITE, 0, 1, -1]},
        name="plots.live.LivePlot"),
    Row(live.LivePlot(**{name: "a b c" for name in ("ylabel", "caption", "alt")}).__call__,
        {"history": HISTORIES, "over": st.booleans()}, {"history": [None, 3, {}]}, name="plots.live.LivePlot.__call__"),
    Row(pictures.plot_images, {"images": GRID, "columns": st.integers(1, 12), "signed": st.booleans(),
        "each": st.booleans(),
                               "titles": None, "rows": None},
        {"images": [*NOT_ARRAY, [], torch.ones(2, 2), torch.ones(2, 3, 4, 4), torch.ones(2, 0, 4)],
            "columns": NOT_COUNT,
         "titles": [3, ["a"] * 99, "text"], "rows": [3, ["a"] * 99, "text"], "signed": ["yes", None], "each": ["yes",
         None]}),
    Row(pictures.scale, {"pixels": np.eye(3), "signed": st.booleans()}, inner="plot_images"),
    Row(pictures.plot_points, {"groups": st.dictionaries(WORDS, arrays(FEW, 2, elements=GAPPY) | arrays(0,
        2).map(torch.tensor).map(
        lambda x: x.reshape(0, 2)), max_size=7), "ax": None, "title": WORDS},
        {"groups": [*NOT_DICT, {"a": None}, {"a": [1, 2, 3]}, {"a": ["b", "c"]}], "ax": [3, "text"]}),
    Row(pictures.plot_boundary, {"predict": st.sampled_from([lambda x: (x[:, 0] > 0).long(),
        lambda x: torch.zeros(len(x))]),
                                 "points": arrays(4, 2, elements=st.floats(-3, 3, width=32)), "labels": [0, 0, 1, 1],
                                 "ax": None},
        {"predict": [*NOT_FUNCTION, lambda x: None, lambda x: x, lambda x: x[:3, 0]],
         "points": [*NOT_ARRAY, [], torch.ones(4, 3), torch.full((4, 2), torch.nan)],
         "labels": [*NOT_ARRAY, [0, 1], [0, 1, 2, 3]], "ax": [3, "text"]}, safe=("predict",)),
    Row(pictures.plot_matrix, {"matrix": arrays(3, 2, elements=NUMBERS), "rows": st.none() | st.just(["a", "b", "c"]),
                               "columns": st.none() | st.just(["a", "longer"]), "signed": st.booleans(),
                               "numbers": st.booleans()},
        {"matrix": [*NOT_ARRAY, [], torch.ones(3), torch.ones(0, 2), torch.ones(3, 0)], "rows": [3, ["a"], "abc"],
         "columns": [3, ["a"], "ab"], "signed": ["yes", None], "numbers": ["yes", None]}),
    Row(drawn(playground.plot_net), {"both": FEW.flatmap(square)}, inner="its arguments belong together",
        name="plots.playground.plot_net"),
    Row(playground.plot_net, NET, {"points": [*NOT_ARRAY, torch.ones(4), torch.ones(4, 3)], "labels": [*NOT_ARRAY,
        torch.ones(3)],
                                   "outputs": [*NOT_ARRAY, torch.ones(2, 2)], "lines": [*NOT_ARRAY, torch.ones(2)],
                                   "added": [*NOT_ARRAY, torch.ones(9, 6, 6)], "errors": [*NOT_DICT, {0: "a"},
                                   {"a": 1}, {0: None}],
                                   "last": NOT_COUNT}, name="plots.playground.plot_net refused", words=("plot_net()",)),
    Row(on_axes(playground.draw_plane), {"points": np.zeros((2, 2)), "labels": np.array([0, 1]), "outputs": np.eye(4),
                                         "lines": np.ones((2, 3))}, inner="plot_net",
                                         name="plots.playground.draw_plane"),
    Row(playground.tiled, {"pictures": tensors(FEW, 6, 6).map(torch.Tensor.numpy)}, inner="plot_net"),
    Row(style.contrast, {"one": COLOURS, "other": COLOURS}, {"one": [None, 3, "no colour", (9, 9, 9)], "other": [None,
        "x"]}),
    Row(style.text_color, {"color": COLOURS}, {"color": [None, 3, "no colour", (9, 9, 9)]}),
    Row(style.png, {"figure": st.builds(plt.figure), "dpi": st.integers(10, 120)},
        {"figure": [None, 3, "text"], "dpi": [*NOT_NUMBER, *NOT_FINITE, 0, -1, 10**6]}),
    Row(rendering.png_bytes, {"figure": st.builds(plt.figure), "dpi": st.integers(10, 120)},
        inner="png and the widgets"),
    Row(style.show, {"figure": st.builds(plt.figure), **PAIR}, {"figure": [None, 3, "text"], **SMALL}),
    Row(style.as_array, {"values": arrays(FEW) | arrays(SIDE, SIDE) | tensors(FEW, dtype=torch.bfloat16) | st.lists(
        NUMBERS.map(lambda x: torch.tensor(x, requires_grad=True)))},
        {"values": [[[1, 2], [3]], torch.ones(3, device="meta"), torch.eye(2).to_sparse()]}),
    Row(years.width, {"text": WORDS}, inner="place"), Row(years.place, {"lane": st.just(EVENTS[:5])}, inner="drawn"),
    Row(years.free, {"rows": [[(1950.0, 1960.0)]], "row": st.integers(0, 1), "span": (1955.0, 1957.0)}, inner="place"),
    Row(years.plot_timeline, {"events": st.sampled_from([EVENTS, tuple(EVENTS)]), "chosen": st.none()
        | st.sampled_from(EVENTS),
                              "among": st.none() | st.just(EVENTS[3:9]) | st.just([])},
        {"events": [*NOT_LIST, [], [3]], "chosen": [3, "text", EVENTS], "among": [3, "text", [3]]}),
    Row(years.drawn, {"events": tuple(EVENTS), "among": st.just(())}, inner="plot_timeline"),
    Row(years.canvas, {"tall": st.floats(5, 30)}, inner="drawn"),
    Row(on_axes(years.winter), {"one": next(one for one in EVENTS if one.kind == "winter"), "chosen": st.booleans()},
        inner="plot_timeline", name="plots.years.winter"),
    Row(on_axes(years.dot), {"one": st.sampled_from(EVENTS), "height": 3.0, "align": st.sampled_from(["left", "right"]),
                             "chosen": st.booleans()}, inner="plot_timeline", name="plots.years.dot"),
    Row(years.plot_years, {"rows": st.lists(st.sampled_from(DIGITS), min_size=1, max_size=8)},
        {"rows": [*NOT_LIST, [], [3], [{}], [{"year": 3}], [DIGITS[0] | {"mean": "a"}], [DIGITS[0] | {"year": None}]]},
            few=True),
    Row(on_axes(years.name_points), {"points": st.just([(0.5, 0.5), (0.1, 0.2)]), "names": st.just(["a", "b"])},
        {"points": [*NOT_LIST, [3], [(1, 2)], [(1, "a"), (2, 3)]], "names": [*NOT_LIST, ["a"]]},
        name="plots.years.name_points"),
    Row(timeline.events, {"kind": st.none() | st.sampled_from(timeline.KINDS)}, {"kind": ["text", 3, [],
        torch.ones(2)]},
        words=("An event",)),
    Row(timeline.event, {"row": {**{name: getattr(EVENTS[0], name) for name in EVENTS[0].__dataclass_fields__},
        "myth": None,
                                 "people": list(EVENTS[0].people)}},
        {"row": [None, 3, "text", [], {}, {"id": "a"}, {name: 3 for name in EVENTS[0].__dataclass_fields__}]},
        words=("missing", "unknown", "3: ", "None: ")),
    Row(timeline.problems, {"one": st.sampled_from(EVENTS)}, inner="event"),
]
