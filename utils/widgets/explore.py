"""Controls above a picture: ``Explore``."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ipywidgets as W
from matplotlib.figure import Figure

from utils.arguments import is_bool, shown

from .panel import Panel, check_function, row
from .pictures import attempt_drawing, shrink, strip

SLIDERS = (W.FloatSlider, W.IntSlider, W.FloatLogSlider, W.SelectionSlider, W.FloatRangeSlider)


class Explore(Panel):
    """Controls above a picture that ``draw(**values)`` makes anew for every change.

    draw: takes one argument per control and returns a matplotlib figure, or (figure, text) to
        show a line of text under it; it should answer in under 0.2 s.
    ask: the question to answer before touching a control.
    strip: 3 to 5 dicts of values; their pictures, side by side and labelled, become the still
        picture in the saved notebook. Names left out keep their control's first value. Without
        ``strip`` the still picture is the current one.
    alt: the still picture in words, for who cannot see it.
    columns: lay out the controls of the commonest kind as a grid that wide (nine numbers of a
        kernel: 3), the others above it and the picture beside it.
    controls: ipywidgets with a ``value``; the plain name with its unit goes in ``description``.
    Raises TypeError or ValueError, in a sentence, for anything else. What goes wrong in ``draw``
    is told under the picture and never stops the notebook.
    """

    def __init__(
        self,
        draw: Callable[..., Figure],
        *,
        ask: str,
        strip: Sequence[dict[str, Any]] | None = None,
        alt: str | None = None,
        columns: int | None = None,
        **controls: W.Widget,
    ):
        check_function("draw", draw)
        check_controls(controls, columns)
        _check_strip(strip, controls)
        self._draw, self._controls, self._strip = draw, controls, strip
        self._first = self.values
        readable(controls)
        acting, place = arranged(list(controls.values()), columns), "beside" if columns else "below"
        super().__init__(acting, ask=ask, alt=alt, picture=place)
        for control in controls.values():
            control.observe(self.redraw, names="value")
        self.redraw()

    @property
    def values(self) -> dict[str, Any]:
        """The current value of every control, by name."""
        return {name: control.value for name, control in self._controls.items()}

    def redraw(self, _: Any = None) -> None:
        """Draw the picture for the current values.

        A fast drag does not pile up work here: the page sends the next value of a slider only
        when the kernel is done with the one before, and skips those in between.
        """
        self.show(attempt_drawing(self._draw, values=self.values))

    def still(self) -> bytes:
        """The labelled strip of states; without one, the current picture."""
        if not self._strip:
            return super().still()
        smaller = partial(shrink, count=len(self._strip))
        drawings = [
            attempt_drawing(self._draw, values=self._first | state, prepare=smaller)
            for state in self._strip
        ]
        self.problem = next((d.problem for d in drawings if d.problem), self.problem)
        return strip(drawings, [self._label(state) for state in self._strip])

    def _label(self, state: dict[str, Any]) -> str:
        given = [(name, self._controls[name], value) for name, value in state.items()]
        return ", ".join(f"{plain_name(n, c)} = {plain_value(v, c)}" for n, c, v in given)

    def describe(self) -> str:
        """Its name and the values its controls start with."""
        given = [(name, self._controls[name], value) for name, value in self._first.items()]
        return "Explore " + ", ".join(f"{n}={plain_value(v, c)}" for n, c, v in given)


def check_controls(controls: dict[str, Any], columns: Any = None) -> None:
    """Refuse what is not a control, and a number of columns that is none, with a sentence."""
    if not controls:
        raise ValueError("Explore needs at least one control, for example w=FloatSlider().")
    for name, control in controls.items():
        if not (isinstance(control, W.Widget) and control.has_trait("value")):
            raise TypeError(
                f"{name} must be a control such as ipywidgets.FloatSlider, and is {shown(control)}."
            )
    if columns is not None and not (isinstance(columns, int) and columns > 0 and not is_bool(columns)):
        raise ValueError(f"columns is a whole number of 1 or more, or None, and is {shown(columns)}.")


def _check_strip(strip: Any, controls: dict[str, Any]) -> None:
    if strip is None:
        return
    if not isinstance(strip, Sequence) or not all(isinstance(s, dict) and s for s in strip):
        raise TypeError(f"strip is a list of dicts such as dict(w=2), and is {shown(strip)}.")
    if not 3 <= len(strip) <= 5:
        raise ValueError(f"strip shows 3 to 5 states, and {len(strip)} were given.")
    unknown = sorted({name for state in strip for name in state} - set(controls))
    if unknown:
        raise ValueError(f"strip names {unknown}, and the controls are {sorted(controls)}.")


def plain_name(name: str, control: W.Widget) -> str:
    """What the page calls a control: its description, or its name in the code."""
    return (getattr(control, "description", "") or name.replace("_", " ")).rstrip(": ")


def plain_value(value: Any, control: W.Widget | None = None) -> str:
    """A value as people write it: its name in the menu, no trailing zeros, a real minus sign."""
    for text, option in getattr(control, "_options_full", None) or ():
        if option is value or isinstance(value, str | int | float) and option == value:
            return text if isinstance(value, str) or text != str(value) else plain_value(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, tuple | list):
        return ", ".join(map(plain_value, value))
    return value if isinstance(value, str) else type(value).__name__  # no address in a saved page


def readable(controls: dict[str, W.Widget]) -> None:
    """Give each control room for its whole name, and align sliders, unless a width was chosen."""
    names = {name: plain_name(name, control) for name, control in controls.items()}
    sliders = [name for name, control in controls.items() if isinstance(control, SLIDERS)]
    longest = max((len(names[name]) for name in sliders), default=0)
    for name, control in controls.items():
        if control.has_trait("description") and getattr(control, "tooltip", "") is None:
            control.tooltip = names[name]  # else ipywidgets 8 shows "null" under a resting pointer
        if name in sliders:
            _widen(control, f"{longest + 1}ch", f"calc({longest + 1}ch + 260px)")
        else:
            _widen(control, "initial", "auto" if isinstance(control, W.ToggleButtons) else None)


def _widen(control: W.Widget, description: str, whole: str | None) -> None:
    style = getattr(control, "style", None)
    if style is not None and style.has_trait("description_width"):
        style.description_width = style.description_width or description
    control.layout.width = control.layout.width or whole
    control.layout.max_width = control.layout.max_width or "98%"


def arranged(controls: list[W.Widget], columns: int | None) -> list[W.Widget]:
    """The controls in rows that wrap; the commonest kind in a grid if ``columns`` is given."""
    if columns is None:
        return [row(controls, align="flex-end")]
    kind = Counter(map(type, controls)).most_common(1)[0][0]
    grid = [control for control in controls if type(control) is kind]
    for control in grid:
        if control.layout.width is None and not control.description:
            control.layout.width = "84px"
    layout = W.Layout(grid_template_columns=f"repeat({columns}, max-content)", grid_gap="2px 6px")
    others = [control for control in controls if type(control) is not kind]
    above = arranged(others, None) if others else []
    return [W.VBox([*above, W.GridBox(grid, layout=layout)])]
