"""The tables, tried: valid arguments never raise, wrong ones are refused in our own words, none is forgotten."""
import random

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from . import claims, commands, data, plots, pretraining, training, widgets
from .rows import Row, outcome, profile
from .values import junk

ROWS = [row for table in (data, plots, widgets, training, claims, commands, pretraining) for row in table.ROWS]
OUTER = [row for row in ROWS if row.valid and not row.inner]


@pytest.fixture(autouse=True)
def as_it_was(tmp_path, monkeypatch):
    """Each test in a folder of its own; the random numbers and the figures are as before."""
    monkeypatch.chdir(tmp_path)
    state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    yield
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])
    plt.close("all")


def title(row: Row) -> str:
    return row.title


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_valid_arguments_never_raise(row):
    @profile(2 if row.few else 8)
    @given(row.arguments())
    def never_raises(arguments):
        row.call(arguments)
        plt.close("all")
    never_raises()


def example(row: Row) -> dict:
    """One set of valid arguments, the same each time."""
    found = []

    @profile(1)
    @given(row.arguments())
    def take(arguments):
        found[:] = [arguments]
    take()
    return found[0]


@pytest.mark.parametrize("row", [row for row in ROWS if row.wrong], ids=title)
def test_what_is_wrong_is_refused_by_name(row):
    faults = []
    for argument, values in row.wrong.items():
        for value in values:
            refused, wrong = outcome(row, argument, {**example(row), argument: value})
            if wrong or not refused:
                faults.append(f"{argument} = {type(value).__name__} {str(value)[:40]!r}: {wrong or 'it was taken'}")
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("row", OUTER, ids=title)
def test_junk_is_taken_or_refused_in_words(row):
    names = [name for name in row.valid if name not in row.safe and name != "*"]
    if not names:
        return

    @profile(4 if row.few else 12)
    @given(row.arguments(), st.sampled_from(names), st.integers(0, len(junk()) - 1))
    def answers(arguments, name, place):
        value = junk()[place]
        _, wrong = outcome(row, name, {**arguments, name: value})
        plt.close("all")
        assert not wrong, f"{name} = {type(value).__name__}: {wrong}"
    answers()


