"""The curves of a training, drawn while it runs: one picture that changes and stays as a still one."""
import base64
import time

import numpy as np
from IPython.display import display

from utils.arguments import flag, instance, real, several, string
from utils.history import History
from utils.plots.curves import plot_lines
from utils.plots.style import png

POINTS = 60  # of a curve at most; a point is the mean of the batches since the one before
LEAST = 0.5  # seconds between two pictures, however fast they are drawn


class LivePlot:
    """Give one to `fit(..., watch=LivePlot(...))`: it draws numbers of the step against the batches.

    names: which of the step's numbers, all by default. ylabel: what they are, with the unit. caption: a
    sentence that claims something, shown when the training is over. alt: the last picture in words.
    share: of the training's time that may go into pictures; after one that took long the next waits long.
    Raises ValueError for a caption or alt that says nothing, or a share outside (0, 1).
    """

    def __init__(self, *names: str, ylabel: str, caption: str, alt: str, share: float = 0.02):
        several("names", names, str, "names of the step's numbers")
        string("ylabel", ylabel)
        for name, words in (("caption", caption), ("alt", alt)):
            if len(string(name, words).split()) < 3:
                raise ValueError(f"The {name} of a live plot is a sentence; {words!r} says too little.")
        if not 0 < real("share", share) < 1:
            raise ValueError(f"share is a part of the training's time, above 0 and below 1, not {share!r}.")
        self.names, self.ylabel, self.caption, self.alt, self.share = names, ylabel, caption, alt, share
        self.place = None  # where the picture is on the page
        self.next = 0.0  # not to be drawn again before this time

    def __call__(self, history: History, over: bool) -> None:
        """Draw what was measured so far, if it is time to or the training is over."""
        instance("history", history, History, "the History of a training")
        over, start = flag("over", over), time.perf_counter()
        lines = {name: history.steps[name] for name in self.names or history.steps if history.steps.get(name)}
        if not lines or not over and start < self.next:
            return
        self.put(lines)
        took = time.perf_counter() - start
        self.next = time.perf_counter() + max(LEAST, took / self.share)
        if over:
            display({"text/markdown": f"*{self.caption}*", "text/plain": self.caption}, raw=True)

    def put(self, lines: dict[str, list[float]]) -> None:
        """Show the curves, in the place of those before: the page does not jump."""
        batches = max(map(len, lines.values()))
        size = -(-batches // POINTS)
        ends = np.arange(size, batches + 1, size) if batches >= size else np.array([batches])
        thinned = {name: [np.mean(row[end - size:end]) for end in ends] for name, row in lines.items()}
        figure = plot_lines(ends, thinned, xlabel="batches", ylabel=self.ylabel)
        data = {"image/png": base64.b64encode(png(figure)).decode(), "text/plain": self.alt}
        words = {"image/png": {"alt": self.alt}}
        if self.place is None:
            self.place = display(data, metadata=words, raw=True, display_id=True)
        else:
            self.place.update(data, metadata=words, raw=True)
