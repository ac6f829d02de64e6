"""The tensors of a batch, whatever holds them."""

from collections import namedtuple

import pytest
import torch

from utils.rows import cut, each_tensor, rows_of

Pair = namedtuple("Pair", "images labels")


@pytest.mark.parametrize("batch, rows", [
    (torch.ones(4, 2), 4),
    ((torch.ones(3, 2), torch.ones(3)), 3),
    ({"codes": torch.ones(5, 7), "labels": [torch.ones(5)], "rate": torch.tensor(0.1), "name": "x"}, 5),
    (Pair(torch.ones(2), torch.ones(2)), 2),
    ((torch.ones(3), torch.ones(4)), 0),
    (torch.tensor(1.0), 0),
    ((), 0),
    ("text", 0),
    (None, 0),
])
def test_rows_are_counted_where_all_tensors_agree(batch, rows):
    assert rows_of(batch) == rows


def test_a_cut_takes_the_same_rows_of_every_tensor_and_leaves_the_rest():
    batch = {"codes": torch.arange(10).view(5, 2), "parts": [torch.arange(5)], "rate": torch.tensor(0.1), "name": "x"}
    part = cut(batch, 1, 3)
    assert part["codes"].tolist() == [[2, 3], [4, 5]] and part["parts"][0].tolist() == [1, 2]
    assert part["rate"] == batch["rate"] and part["name"] == "x"
    assert batch["codes"].shape == (5, 2), "the batch itself stays whole"


def test_pieces_put_together_are_the_batch():
    batch = torch.randn(7, 3), torch.arange(7)
    pieces = [cut(batch, first, first + 3) for first in range(0, 7, 3)]
    assert [rows_of(piece) for piece in pieces] == [3, 3, 1]
    assert all(map(torch.equal, map(torch.cat, zip(*pieces)), batch))


def test_a_named_tuple_keeps_its_names():
    batch = each_tensor(Pair(torch.ones(2), torch.zeros(2)), lambda part: part + 1)
    assert isinstance(batch, Pair) and batch.images.tolist() == [2, 2] and batch.labels.tolist() == [1, 1]
