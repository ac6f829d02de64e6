"""What the widgets share: a question, something to act on, a picture, and words under it."""

import base64
import html
import sys
from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import ipywidgets as W
import traitlets as T
from IPython.display import display

from utils.arguments import shown, string

from .pictures import COLORS, Drawing, problem_picture, said, width_of, with_words

VIEW = "application/vnd.jupyter.widget-view+json"
ALIVE: WeakValueDictionary[str, "Panel"] = WeakValueDictionary()  # the panels of this kernel, by model
QUESTION = (
    "<div style='border-left:4px solid {color};padding:2px 0 2px 10px;margin:4px 0;"
    "line-height:1.5;white-space:normal'>{text}</div>"
)
NOTE = "<div role='status' style='line-height:1.5;white-space:normal'>{text}</div>"
PROBLEM = (
    "<div role='alert' style='border-left:4px solid {color};padding:2px 0 2px 10px;"
    "line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere'>{text}</div>"
)


class Picture(W.Image):
    """A PNG on the page that scales down with it and has a name for screen readers.

    The page makes ``tooltip`` the picture's title, but fails on a picture without a
    ``description``, which ipywidgets 8 does not give it; version 7 ignores both.
    """

    description = T.Unicode().tag(sync=True)
    tooltip = T.Unicode().tag(sync=True)

    def __init__(self, alt: str, beside: bool = False):
        # beside a pad it shrinks down to 300 px before it goes into a row of its own
        flex = "1 1 300px" if beside else None
        layout = W.Layout(align_self="flex-start", min_width="0", flex=flex)
        super().__init__(format="png", tooltip=alt, layout=layout)
        self.add_class("course-picture")


class Panel(W.VBox):
    """A widget that leaves a still picture in the saved notebook.

    One display bundle carries three forms of it: the live view (JupyterLab, VS Code, Colab), a
    PNG with its alternative text (pages without a kernel), and a fixed line of text (terminals,
    nbval). It is written by ``_ipython_display_``, which ipywidgets 7 and 8 both look for first.
    """

    def __init__(self, acting: Sequence[W.Widget], *, ask: str, alt: str | None, picture: str):
        """acting: what the learner acts on. picture: it stands "below" or "beside", or "nowhere"."""
        check_text("ask", ask)
        if alt is not None:
            string("alt", alt)
        self.ask = ask
        self.alt = str(alt or f"Picture that answers the question: {ask or 'what changes?'}")
        self.problem = self._text = ""
        question = QUESTION.format(color=COLORS["model"], text=html.escape(ask, quote=False))
        self._picture, self._words = Picture(self.alt, picture == "beside"), W.HTML()
        color_handles(acting)
        parts = [*acting, self._picture] if picture != "nowhere" else list(acting)
        parts = [row(parts)] if picture == "beside" else parts
        super().__init__([*([W.HTML(question)] if ask else []), *parts, self._words])
        ALIVE[self.model_id] = self

    @property
    def words(self) -> str:
        """The text under the picture: what went wrong, or what the drawing function said."""
        return said(self.problem) or self._text

    def still(self) -> bytes:
        """The PNG that the saved notebook keeps."""
        picture = bytes(self._picture.value)
        if not picture:
            return problem_picture(self.problem)
        return with_words(picture, self.words)

    def show(self, drawing: Drawing) -> None:
        """Put a drawing on the page: its picture and text, or the words of what went wrong.

        The last picture that could be drawn stays: one wrong value does not empty the page.
        """
        self.problem, self._text = drawing.problem, drawing.text
        if drawing.png:
            self._picture.value = drawing.png
            self._picture.layout.max_width = f"min(100% - 4px, {width_of(drawing.png)}px)"
        self._picture.layout.display = None if self._picture.value else "none"
        form = PROBLEM if self.problem else NOTE
        text = html.escape(self.words, quote=False)
        self._words.value = form.format(color=COLORS["error"], text=text) if text else ""

    def describe(self) -> str:
        """The widget in a few words, the same in every run."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{self.describe()}{': ' + said(self.problem) if self.problem else ''}>"

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The display data and metadata, as Jupyter's display protocol names them."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        picture = base64.b64encode(self.still()).decode()
        data = {"text/plain": f"{self!r} {self.alt}", "image/png": picture, VIEW: view}
        return data, {"image/png": {"alt": self.alt}}

    def _ipython_display_(self, **_: Any) -> None:
        data, metadata = self.bundle()
        display(data, metadata=metadata, raw=True)


def row(parts: Sequence[W.Widget], align: str = "flex-start") -> W.HBox:
    """The widgets beside each other, going on in a next row where the page is narrow."""
    layout = W.Layout(flex_flow="row wrap", align_items=align, grid_gap="2px 20px")
    return W.HBox(list(parts), layout=layout)


def color_handles(widgets: Sequence[W.Widget]) -> None:
    """Give the sliders among the widgets, and below them, a handle that is seen on white and on black."""
    for widget in widgets:
        style = getattr(widget, "style", None)
        if style is not None and style.has_trait("handle_color") and not style.handle_color:
            style.handle_color = COLORS["model"]
        color_handles(getattr(widget, "children", ()))


def allow_custom_widgets() -> None:
    """Let Google Colab's page load widgets that it does not bring itself: the pads. Nothing elsewhere.

    Colab's manager for them must be on before the widget is shown; its own widgets work with it too.
    """
    if "google.colab" in sys.modules:
        from google.colab import output

        output.enable_custom_widget_manager()


def check_text(name: str, value: Any) -> None:
    """Refuse what is not a string, with a sentence."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is the text that is shown; expected a string, and got {shown(value)}.")


def check_function(name: str, value: Any) -> None:
    """Refuse what cannot be called, with a sentence."""
    if not callable(value):
        raise TypeError(
            f"{name} must be a function that returns a matplotlib figure, and is {shown(value)}."
        )
