"""Strategies that the tables share, and the junk that is tried on every argument."""
import pathlib
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


class Stubborn:
    """An object that refuses to be shown, compared or counted."""

    def __repr__(self):
        raise RuntimeError("no repr")

    def __len__(self):
        raise RuntimeError("no len")

    def __bool__(self):
        raise RuntimeError("no bool")


def junk() -> list:
    """Made anew for each test, for a call may change what it gets."""
    nan, inf = float("nan"), float("inf")
    plain = [None, True, -1, 0, 3, 2**63, 10**40, 0.5, nan, inf, -inf, 1j, "", "text", "3", "\0", "a" * 300, b"bytes",
             [], [1, "a"], [[1, 2], [3]], [None], (), {}, set(), {"a": 1}, {"a": None}, {1: [2]}, range(3), iter([1]),
             Ellipsis, NotImplemented, object(), Stubborn(), lambda *a, **k: None, int, pathlib.Path("none"), slice(1)]
    arrays = [np.array(3), np.array([]), np.array(["a"]), np.array([None, {}], dtype=object), np.float32(nan),
              np.zeros((2, 0)), np.ones((2, 2), dtype=complex), np.int8(-1), np.datetime64("2020")]
    tensors = [torch.tensor(3), torch.tensor(nan), torch.empty(0), torch.zeros(2, 3, 4), torch.ones(3,
        dtype=torch.bool),
               torch.ones(2, dtype=torch.complex64), torch.ones(2, 2, dtype=torch.bfloat16), torch.empty(3,
                   device="meta"),
               torch.eye(2).to_sparse(), torch.ones(2, requires_grad=True), torch.device("cpu"), torch.float32]
    return plain + arrays + tensors


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
SENTENCE = st.lists(st.sampled_from("the net reads each digit quickly ü 4 %".split()), min_size=3).map(" ".join)
SEEDS = st.integers(0, 2**32 - 1) | st.integers(0, 5).map(np.int64) | st.integers(0, 5).map(torch.tensor)
GENERATORS = st.integers(0, 2**31).map(lambda seed: torch.Generator().manual_seed(seed))
NUMBERS = st.floats(-1e6, 1e6, width=32)
NOT_WHOLE = [None, "3", 0.5, True, float("nan"), [1], torch.ones(2)]
NOT_COUNT = [*NOT_WHOLE, 0, -1]
NOT_SEED = [*NOT_WHOLE]
NOT_TEXT = [None, 3, b"a", ["a"], torch.ones(2)]
NOT_FUNCTION = [3, "text", [], torch.ones(2)]
NOT_NUMBER = [None, "3", [1.0], torch.ones(2), 1j, True, b"3", object()]
NOT_FINITE = [float("nan"), float("inf")]
NOT_LIST = [None, 3, "text", object()]


def one_type(value: Any) -> st.SearchStrategy:
    """The same array as an array, as a tensor, or as nested lists."""
    return st.sampled_from([np.asarray, lambda a: torch.tensor(np.asarray(a)), lambda a: np.asarray(a).tolist()]).map(
        lambda make: make(value))


def arrays(*shape: Any, elements: st.SearchStrategy = NUMBERS) -> st.SearchStrategy:
    """Arrays of a shape, each side a number or a strategy: numpy's, tensors, or lists."""
    sides = st.tuples(*(side if isinstance(side, st.SearchStrategy) else st.just(side) for side in shape))
    return sides.flatmap(lambda size: hnp.arrays(np.float32, size, elements=elements)).flatmap(one_type)


def tensors(*shape: Any, elements: st.SearchStrategy = NUMBERS,
    dtype: torch.dtype = torch.float32) -> st.SearchStrategy:
    """Tensors of a shape, each side a number or a strategy."""
    sides = st.tuples(*(side if isinstance(side, st.SearchStrategy) else st.just(side) for side in shape))
    return sides.flatmap(lambda size: hnp.arrays(np.float32, size, elements=elements)).map(
        lambda array: torch.tensor(array).to(dtype))
