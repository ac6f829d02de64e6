"""How long to train, and the learning rate at each moment: by steps or by the clock."""
import time

import torch
from torch.optim import Optimizer

from utils.pretraining import ranks


class Schedule:
    """Warm-up and linear decay, as in the paper, over a number of steps or of minutes.

    By the clock, the part of the time that is used decides the rate, so that the decay ends
    with the time, whatever the speed of the machine; time spent before a resume counts.
    """

    def __init__(self, optimizer: Optimizer, peak: float, *, steps: int | None, minutes: float | None,
                 warm: float = 0.05):
        self.optimizer, self.peak, self.warm = optimizer, peak, warm
        self.steps, self.minutes = steps, minutes
        self.done, self.seconds, self.tokens, self.looked = 0, 0.0, 0, time.perf_counter()
        self.stretched = False  # whether the long sequences have begun

    def progress(self) -> float:
        """The part of the training that is over, 0 to 1."""
        used = self.done / self.steps if self.steps else self.seconds / (60 * self.minutes)
        return min(1.0, used)

    def rate(self) -> float:
        """The learning rate now."""
        used = self.progress()
        return self.peak * min((used + 1e-4) / self.warm, (1 - used) / (1 - self.warm))

    def start(self) -> None:
        """Set the clock going; called before the first step, so that preparations do not count."""
        self.looked = time.perf_counter()

    def tick(self, tokens: int) -> None:
        """After a step: count it and this process's tokens, look at the clock, set the next rate."""
        now = time.perf_counter()
        self.seconds, self.looked = self.seconds + now - self.looked, now
        self.done, self.tokens = self.done + 1, self.tokens + tokens * ranks.join()[1]
        if not self.steps:
            self.seconds = ranks.from_first(self.seconds)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()

    def state_dict(self) -> dict:
        """Steps, seconds and tokens so far, for a checkpoint."""
        return {"done": self.done, "seconds": torch.tensor(self.seconds, dtype=torch.float64), "tokens": self.tokens,
                "stretched": self.stretched}

    def load_state_dict(self, state: dict) -> None:
        """Go on from a state_dict()."""
        self.done, self.seconds, self.tokens = state["done"], float(state["seconds"]), state["tokens"]
        self.stretched = state.get("stretched", False)
        self.start()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
