"""The device, the tier, the seeds, and how the course speaks."""
import random

import numpy as np
import pytest
import torch

from utils.device import lab, seed_everything
from utils.say import approx, here, show_source


def test_the_tier_follows_the_device_unless_it_is_asked_for(monkeypatch):
    monkeypatch.delenv("COURSE_TIER", raising=False)
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert lab.device == torch.device("cpu") and lab.tier == "quick"
    assert lab.pick(quick=1, full=2) == 1
    monkeypatch.setenv("COURSE_TIER", "full")
    assert lab.pick(quick=1, full=2) == 2 and "full" in repr(lab)


def test_an_unknown_tier_or_device_is_refused(monkeypatch):
    monkeypatch.setenv("COURSE_TIER", "huge")
    with pytest.raises(ValueError, match="quick or full, not 'huge'"):
        lab.pick(quick=1, full=2)
    monkeypatch.setenv("COURSE_DEVICE", "abacus")
    with pytest.raises(ValueError, match="COURSE_DEVICE=abacus cannot be used"):
        _ = lab.device


def test_the_banner_is_one_line_about_here(capsys):
    lab.banner()
    assert capsys.readouterr().out.startswith("here: ")


def test_seeds_repeat_all_three_kinds_of_random_numbers():
    draws = []
    for _ in range(2):
        seed_everything(1958)
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]
    for bad in (-1, 2**32, 1.5, "a", True):
        with pytest.raises(ValueError, match="integer from 0"):
            seed_everything(bad)


def test_course_seed_moves_every_seed(monkeypatch):
    def draw(seed: int) -> float:
        seed_everything(seed)
        return torch.rand(1).item()

    usual = [draw(seed) for seed in range(3)]
    monkeypatch.setenv("COURSE_SEED", "1")
    moved = [draw(seed) for seed in range(3)]
    assert not set(usual) & set(moved) and moved[0] == draw(0)
    monkeypatch.setenv("COURSE_SEED", "-1")
    with pytest.raises(ValueError, match="COURSE_SEED is an integer of 0 or more, not '-1'"):
        draw(0)


@pytest.mark.parametrize("value, digits, text", [
    (3.14159, 2, "≈ 3.14"), (1234.5, 0, "≈ 1,234"), (torch.tensor(0.5), 1, "≈ 0.5"),
    (float("nan"), 2, "≈ nan"), (-2, 3, "≈ -2.000")])
def test_approx(value, digits, text):
    assert approx(value, digits) == text
    assert approx(value, digits, " %") == text + " %"


def test_approx_refuses_what_is_not_a_number():
    with pytest.raises(TypeError, match="one number, not list"):
        approx([1, 2])
    with pytest.raises(ValueError, match="0 to 12 digits"):
        approx(1.0, -1)


def test_here_and_show_source(capsys):
    here("a line")
    show_source(here)
    said = capsys.readouterr().out
    assert said.startswith("here: a line\ndef here(text: str)")
    with pytest.raises(TypeError, match="Python function or class"):
        show_source(len)
