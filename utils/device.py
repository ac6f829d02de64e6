"""Where the course runs: which device, which tier, which seed, and the line that says so."""
import os
import random
from typing import Any

import numpy as np
import torch

from utils.arguments import instance, shown, whole
from utils.say import here

TIERS = ("quick", "full")
STRIDE = 1_000_003  # between the seeds of two repetitions: larger than any seed a chapter counts up to


def seed_everything(seed: int) -> None:
    """Fix the random numbers of Python, numpy and torch (every device).

    seed: an integer from 0 to 2**32 - 1. Raises ValueError for others. COURSE_SEED, a small
    integer, moves every seed of a chapter: the same chapter with other chances, which is how
    `python3 -m utils run --seeds` repeats it.
    """
    try:
        seed = whole("seed", seed, 0, 2**32 - 1)
    except ValueError as error:
        raise ValueError(f"A seed is an integer from 0 to 2**32 - 1, not {shown(seed)}.") from error
    seed = (seed + STRIDE * repetition()) % 2**32
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def repetition() -> int:
    """COURSE_SEED as a number, 0 when it is not set. Raises ValueError for what is no such number."""
    text = os.environ.get("COURSE_SEED") or "0"
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"COURSE_SEED is an integer of 0 or more, not {text!r}. Unset it for the usual run.")
    return int(text)


class Lab:
    """The learner's machine: `device`, `tier`, and `pick` to choose sizes by the tier.

    The device is CUDA, else Apple's MPS, else the CPU; COURSE_DEVICE overrides it.
    The tier is "full" on CUDA and "quick" elsewhere; COURSE_TIER overrides it.
    """

    @property
    def device(self) -> torch.device:
        """The device that models and batches live on. Raises ValueError for a COURSE_DEVICE unknown here."""
        wanted = os.environ.get("COURSE_DEVICE") or best_device()
        try:
            return torch.empty(0, device=wanted).device
        except (RuntimeError, AssertionError) as error:
            raise ValueError(f"COURSE_DEVICE={wanted} cannot be used on this machine. "
                             "Unset it, or set it to cpu.") from error

    @property
    def tier(self) -> str:
        """"quick" or "full". Raises ValueError for another COURSE_TIER."""
        tier = os.environ.get("COURSE_TIER") or ("full" if self.device.type == "cuda" else "quick")
        if tier not in TIERS:
            raise ValueError(f"COURSE_TIER is quick or full, not {tier!r}.")
        return tier

    def pick(self, *, quick: Any, full: Any) -> Any:
        """The value of this run's tier: `epochs = lab.pick(quick=2, full=20)`."""
        return full if self.tier == "full" else quick

    def banner(self) -> None:
        """Print one line: the tier, the device and torch's version."""
        here(f"{self.tier} tier · {device_name(self.device)} · torch {torch.__version__.split('+')[0]}")

    def __repr__(self) -> str:
        return f"Lab(tier={self.tier!r}, device={str(self.device)!r})"


def best_device() -> str:
    """"cuda", "mps" or "cpu": the fastest kind that torch can use here."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def device_name(device: torch.device) -> str:
    """The device in words, with its memory (CUDA) or the number of cores (CPU). Raises TypeError for another thing."""
    instance("device", device, torch.device, "a torch.device")
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    if device.type == "cpu":
        return f"cpu, {os.cpu_count()} cores"
    return device.type


lab = Lab()
