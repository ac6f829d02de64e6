"""``Steps``: a slider to go through something in order, by hand or by itself."""

import asyncio
import time
from collections.abc import Callable

import ipywidgets as W
import traitlets as T

from utils.arguments import flag, is_bool, shown, string

from .explore import readable

BREATH = 0.03  # seconds for the kernel's other messages, even where drawing takes longer than a step


class Steps(W.HBox):
    """A slider over 0, 1, ..., n - 1 with back and next buttons; ``.value`` is the step.

    n: how many steps there are, at least 2. description: the plain name shown beside the slider.
    value: where it starts, in [0, n). play: a button goes through the steps by itself, one every
    ``interval`` milliseconds, from where the slider is to the end; from the first step again if
    it is there already. It stands still when it is pressed once more, or when the slider or a
    button is moved by hand. Raises ValueError for other numbers.
    """

    value = T.Int(0)

    def __init__(self, n: int, description: str = "step", value: int = 0, *, play: bool = False,
                 interval: int = 250):
        if is_bool(n) or not isinstance(n, int) or n < 2:
            raise ValueError(f"Steps(n) expects a whole number of steps, 2 or more, and got {shown(n)}.")
        if is_bool(value) or not isinstance(value, int) or not 0 <= value < n:
            raise ValueError(f"Steps({n}) starts at 0 to {n - 1}, and value is {shown(value)}.")
        if is_bool(interval) or not isinstance(interval, int) or interval < 20:
            raise ValueError(f"interval is in milliseconds, a whole number of 20 or more, and is {shown(interval)}.")
        play = flag("play", play)
        self.description, self.interval = string("description", description), interval / 1000
        self.slider = W.IntSlider(value=value, min=0, max=n - 1, description=description)
        readable({description: self.slider})
        self.player = self._button("", self._press)
        self.player.layout.width = "96px"
        buttons = [self._button("◀ back", lambda _: self._move(-1)),
                   self._button("next ▶", lambda _: self._move(1))]
        self._timer, self._shown, self._by_itself = None, 0.0, False
        parts = [self.slider, *buttons, *([self.player] if play else [])]
        super().__init__(parts, layout=W.Layout(flex_flow="row wrap"))
        T.link((self.slider, "value"), (self, "value"))
        self.slider.observe(self._moved, names="value")
        self.pause()

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer is not None

    def play(self) -> None:
        """Go on by itself to the last step, from the first one if this is the last.

        The steps are taken by the kernel's own event loop, each after the picture of the one
        before is done: slow pictures are left out, and none waits in a queue.
        """
        if not self.playing:
            self._shown = time.monotonic()
            if self.slider.value == self.slider.max:
                self._move(-self.slider.max, by_itself=True)
            self._wait()
            self.player.description = "❚❚ pause"

    def pause(self) -> None:
        """Stand still."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.player.description = None, "▶▶ play"

    def _wait(self) -> None:
        left = self._shown + self.interval - time.monotonic()
        self._timer = asyncio.get_running_loop().call_later(max(left, BREATH), self._go_on)

    def _go_on(self) -> None:
        """The next step that is due, and again later unless it is the last."""
        due = max(1, int((time.monotonic() - self._shown) / self.interval))
        self._shown = time.monotonic()
        self._move(due, by_itself=True)
        if self.playing and self.slider.value < self.slider.max:
            self._wait()
        else:
            self.pause()

    def _press(self, _: W.Button) -> None:
        self.pause() if self.playing else self.play()

    def _moved(self, _: dict) -> None:
        if not self._by_itself:
            self.pause()

    def _button(self, text: str, pressed: Callable) -> W.Button:
        button = W.Button(description=text, layout=W.Layout(width="84px"))
        button.on_click(pressed)
        return button

    def _move(self, by: int, by_itself: bool = False) -> None:
        self._by_itself = by_itself
        try:
            self.slider.value = min(max(self.slider.value + by, self.slider.min), self.slider.max)
        finally:
            self._by_itself = False
