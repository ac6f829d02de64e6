"""``Timeline``: the field's history, to be gone through event by event."""

import html
import sys
from collections.abc import Sequence

import ipywidgets as W

from utils.address import colab
from utils.arguments import several, shown
from utils.timeline import KINDS, Event, events

from .explore import readable
from .panel import Panel, row
from .pictures import attempt_drawing
from .steps import Steps

CHOICES = {
    "everything": lambda one: True,
    "what has a chapter": lambda one: one.number not in ("", "0"),
    "famous wrong stories": lambda one: one.myth is not None,
} | {f"only: {kind}": lambda one, kind=kind: one.kind == kind for kind in KINDS}


class Timeline(Panel):
    """A map of the years with one event marked, and its story, source and chapter below.

    ask: the question to answer before touching a control. start: the id of the first event shown.
    alt: the still picture in words. history: the events, by default all of assets/timeline.json.
    Raises ValueError for a start that is no event.
    """

    def __init__(self, *, ask: str, start: str, alt: str | None = None,
                 history: Sequence[Event] | None = None):
        given = events() if history is None else several("history", history, Event, "events, or None for all")
        if len(given) < 2:
            raise ValueError(f"history has two events or more to go through, and this one has {len(given)}.")
        self.history = tuple(given)
        self.shown = self.history
        if not isinstance(start, str) or start not in [one.id for one in self.history]:
            raise ValueError(f"{shown(start)} is no event; the first is {self.history[0].id!r}.")
        number = [one.id for one in self.history].index(start)
        self.show_only = W.Dropdown(options=list(CHOICES), description="show")
        self.steps = Steps(len(self.history), "event", value=number)
        self.steps.slider.readout = False  # the number of an event says nothing
        self.card = W.Output()
        readable({"show": self.show_only})
        super().__init__([row([self.show_only, self.steps])], ask=ask, alt=alt, picture="below")
        self.children = [*self.children, self.card]
        self.show_only.observe(self._choose, names="value")
        self.steps.observe(self._redraw, names="value")
        self._redraw()

    @property
    def event(self) -> Event:
        """The event that is marked."""
        return self.shown[min(self.steps.value, len(self.shown) - 1)]

    def _choose(self, _: object) -> None:
        """Go through these events only, from the marked one, or else the one nearest in time."""
        marked = self.event
        self.shown = tuple(filter(CHOICES[self.show_only.value], self.history))
        nearest = min(range(len(self.shown)), key=lambda i: (self.shown[i] is not marked,
                                                             abs(self.shown[i].year - marked.year)))
        self.steps.slider.max = max(len(self.shown) - 1, 1)  # a slider needs two places
        self.steps.value = nearest
        self._redraw()

    def _redraw(self, _: object = None) -> None:
        from utils.plots import plot_timeline  # here, for the widgets do without torch
        one = self.event
        self.show(attempt_drawing(lambda: (plot_timeline(self.history, one, self.shown), story(one))))
        told = {"output_type": "display_data", "data": {"text/markdown": details(one), "text/plain": plain(one)},
                "metadata": {}}
        self.card.outputs = (told,)

    def still(self) -> bytes:
        """The picture with the whole card below it, for pages without a kernel."""
        self._text, kept = f"{story(self.event)}\n{plain(self.event)}", self._text
        try:
            return super().still()
        finally:
            self._text = kept

    def describe(self) -> str:
        """Its name, how many events it has and which is shown first."""
        return f"Timeline of {len(self.history)} events, at {self.event.when} {self.event.short}"


def story(one: Event) -> str:
    """An event in a few sentences: when, what, who."""
    people = f" ({', '.join(one.people)})" if one.people else ""
    return f"{one.when} · {one.title}. {one.text}{people}".replace("?.", "?")


def details(one: Event) -> str:
    """The rest as Markdown: the wrong story and its correction, the source, the link to its chapter."""
    parts = [f"**A famous story:** {one.myth.story} **But:** {one.myth.correction} "
             f"(*{one.myth.source}*)"] if one.myth else []
    parts.append(f"*Source:* {one.source}. *Seen:* {one.seen}.")
    if one.chapter:
        place = colab(one.chapter) if "google.colab" in sys.modules else one.link
        words = "Told below in this chapter" if one.number == "0" else f"Open chapter {one.number}"
        parts.append(f"[{words}]({place})" + (f": *{one.section}*" if one.section else ""))
    text = html.escape("\n\n".join(parts), quote=False)  # Markdown would pass tags on to the page
    return f"> {text}" if one.myth else text  # the story is a quotation


def plain(one: Event) -> str:
    """The same as plain text, without the link."""
    myth = f"A famous story: {one.myth.story} But: {one.myth.correction} ({one.myth.source})\n" if one.myth else ""
    return f"{myth}Source: {one.source}. Seen: {one.seen}."
