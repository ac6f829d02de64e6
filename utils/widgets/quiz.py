"""Questions to choose an answer to; each answer is explained once it is chosen."""

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as W
from IPython.display import display

from utils import progress
from utils.quizzes import Question, questions

from .panel import VIEW
from .pictures import COLORS

# long options go on in a second line instead of leaving the page
STYLE = ("<style>.course-quiz .widget-radio-box{max-height:none}"
         ".course-quiz .widget-radio-box label{display:flex;flex-direction:row-reverse;"
         "justify-content:flex-end;align-items:flex-start;height:auto;"
         "white-space:normal;line-height:1.5;padding:3px}"
         ".course-quiz .widget-radio-box input{flex:none;float:none;margin:0 8px 0 0;height:1.5em}"
         ".course-quiz .widget-radio,.course-quiz .widget-radio-box{width:100%;height:auto}</style>")
ASK = "<div style='line-height:1.5;white-space:normal;margin-top:10px'><b>{number}.</b> {text}</div>"
SAID = ("<div role='status' style='border-left:4px solid {color};padding:2px 0 2px 10px;line-height:1.5;"
        "white-space:normal'><b>{verdict}</b> {text}</div>")


class Asked(W.VBox):
    """One question: its options, and under them what is right or wrong about the chosen one."""

    def __init__(self, question: Question, number: int, answered: Callable[[], None]):
        """answered: called after every choice."""
        self.question, self.first, self.answered = question, None, answered
        text = ASK.format(number=number, text=html.escape(question.ask, quote=False))
        self.choice = W.RadioButtons(options=[option.text for option in question.options], index=None,
                                     layout=W.Layout(width="100%"))
        self.said = W.HTML()
        self.choice.observe(self.choose, "index")
        super().__init__([W.HTML(text), self.choice, self.said])

    def choose(self, change: dict) -> None:
        """Explain the chosen option; the first choice is the one that counts."""
        if change["new"] is None:
            return
        option = self.question.options[change["new"]]
        if self.first is None:
            self.first = option.right
            progress.note("question", self.question.id, option.right)
        verdict, color = ("Right.", COLORS["model"]) if option.right else ("Not this one.", COLORS["error"])
        self.said.value = SAID.format(color=color, verdict=verdict, text=html.escape(option.why, quote=False))
        self.answered()


class Quiz(W.VBox):
    """A chapter's questions. The saved notebook keeps questions and options, and no explanation.

    chapter: "00" to "09". Raises KeyError for a chapter without questions.
    """

    def __init__(self, chapter: str):
        self.chapter, found = chapter, questions(chapter)
        self.asked = [Asked(question, k, self.count) for k, question in enumerate(found, 1)]
        self.score = W.HTML()
        super().__init__([W.HTML(STYLE), *self.asked, self.score])
        self.add_class("course-quiz")
        self.count()

    def count(self) -> None:
        """Say how many of the questions were right at the first try."""
        tried = [one.first for one in self.asked if one.first is not None]
        text = f"{sum(tried)} of {len(self.asked)} right at the first try" if tried else "Choose an answer to each."
        self.score.value = f"<p role='status'>{text}</p>"

    def __repr__(self) -> str:
        return f"<Quiz of chapter {self.chapter}, {len(self.asked)} questions>"

    def page(self) -> str:
        """The questions and options as HTML for a page without a kernel."""
        rows = [f"<li>{html.escape(one.question.ask, quote=False)}<ul>"
                + "".join(f"<li>{html.escape(option.text, quote=False)}</li>" for option in one.question.options)
                + "</ul></li>" for one in self.asked]
        return f"<ol>{''.join(rows)}</ol>"

    def bundle(self) -> dict[str, Any]:
        """The display data: the live view, a page without answers, a line of text."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"text/plain": repr(self), "text/html": self.page(), VIEW: view}

    def _ipython_display_(self, **_: Any) -> None:
        display(self.bundle(), raw=True)


def quiz(chapter: str) -> None:
    """Show a chapter's questions, "00" to "09"; an answer is explained when it is chosen."""
    display(Quiz(chapter))
