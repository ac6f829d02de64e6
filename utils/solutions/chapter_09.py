"""The exercises of chapter 09, the epilogue."""
import math

import torch

from utils.exercises import Exercise, NotDone, bank, called

FACTOR = (1 / 0.9) ** (1 / 0.076)


def check_factor(answer):
    """A tenth less loss by a power law of exponent 0.076: four times as many parameters."""
    answer = float(answer)
    assert not math.isclose(answer, (1 / 0.9) ** 0.076, rel_tol=0.01), \
        "that is by how much the loss falls if N grows by a ninth; you want N, so the exponent is 1/0.076."
    assert not math.isclose(answer, 10 ** (1 / 0.076), rel_tol=0.05), \
        "that makes the loss a tenth of what it was; asked was a tenth *smaller*, nine tenths of it."
    assert answer > 1, "N must grow for the loss to fall: the factor is above 1."
    assert not math.isclose(answer, 0.1 / 0.076, rel_tol=0.02), \
        "that is the logarithm, roughly; take the exponential of it."
    assert abs(answer - FACTOR) < 0.15, f"0.9 = factor to the power of −0.076; {answer:g} gives {answer**-0.076:.3f}."


bank(Exercise(
    "09.1", kind="predict", minutes=3, level="easy", reference=4.0, check=check_factor, right=[4, FACTOR],
    wrong=[((1 / 0.9) ** 0.076, "exponent is 1/0.076"), (10 ** (1 / 0.076), "nine tenths"), (0.25, "above 1"),
           (0.1 / 0.076, "exponential"), (10, "gives 0.839")],
    hints=["Write it down: factor ** -0.076 = 0.9.", "Take logarithms of both sides."],
    explanation="Four times. To halve the loss it would be 2 ** (1 / 0.076), about nine thousand."))


def check_rank(answer):
    """2 * 2 * (256 r + 256 r) = 8,192."""
    if answer == 8:  # as delivered
        raise NotDone
    assert answer == int(answer) and answer >= 1, f"a rank is a whole number of 1 or more, not {answer!r}."
    count = 2 * 2 * 2 * 256 * int(answer)
    assert count == 8192, f"rank {answer} trains {count:,} numbers."


bank(Exercise(
    "09.2", kind="change", minutes=3, level="easy", reference=4, check=check_rank, right=[4.0],
    wrong=[(16, "32,768"), (2, "4,096"), (3.5, "whole number"), (0, "1 or more")],
    hints=["The count is proportional to the rank.", "8,192 is half of what rank 8 trains."],
    explanation="Rank 4. Full fine-tuning of the same four matrices would train 4 · 256², 32 times as many."))


def merge(weight, down, up, scale):
    """weight (out, in), down (rank, in), up (out, rank) to one matrix (out, in)."""
    return weight + scale * up @ down


def merge_by_columns(weight, down, up, scale):
    """Another way: what the change makes of each unit vector is its column."""
    return weight + scale * torch.einsum("or,ri->oi", up, down)


def check_merge(answer):
    """On matrices that are not square, against the layer itself."""
    draw = torch.Generator().manual_seed(0)
    weight, down, up, x = (torch.randn(*shape, generator=draw) for shape in ((5, 3), (2, 3), (5, 2), (4, 3)))
    before = weight.clone()
    got = called(answer, weight, down, up, 0.5)
    assert torch.equal(weight, before), "the frozen matrix was changed in place; return a new one."
    assert tuple(got.shape) == (5, 3), f"the merged matrix is of the shape of W, (5, 3), not {tuple(got.shape)}."
    wanted = x @ weight.T + 0.5 * (x @ down.T) @ up.T
    assert not torch.allclose(got, weight + up @ down, atol=1e-5), "the scale is missing."
    assert not torch.allclose(got, 0.5 * up @ down, atol=1e-5), "that is the change alone; add W."
    assert not torch.allclose(got, 0.5 * (weight + up @ down), atol=1e-5), "the scale is for the change only."
    assert torch.allclose(x @ got.T, wanted, atol=1e-5), "merged and unmerged say different things for the same x."


def merge_in_place(weight, down, up, scale):
    """A wrong answer: it spoils the frozen matrix."""
    weight += scale * up @ down
    return weight


bank(Exercise(
    "09.3", kind="build", minutes=10, level="medium", reference=merge, check=check_merge, right=[merge_by_columns],
    wrong=[(lambda weight, down, up, scale: weight + up @ down, "scale is missing"),
           (lambda weight, down, up, scale: scale * up @ down, "add W"),
           (lambda weight, down, up, scale: scale * (weight + up @ down), "change only"),
           (lambda weight, down, up, scale: down.T @ up.T, "shape of W"), (merge_in_place, "in place")],
    hints=["(x @ down.T) @ up.T is x @ (up @ down).T.", "So the change is scale * up @ down."],
    explanation="[[0.5, 0.5], [0.5, 0.5]]. Merged, an adapted network is as fast as the one it came from."))


def doubling_months(years, values):
    """Least squares on log2; the slope counts doublings a year."""
    x, y = years - years.mean(), values.log2() - values.log2().mean()
    return 12 * float((x * x).sum() / (x * y).sum())


def doubling_by_lstsq(years, values):
    """Another way: torch's own least squares."""
    table = torch.stack([years, torch.ones_like(years)], 1).double()
    slope = torch.linalg.lstsq(table, values.double().log2()[:, None]).solution[0, 0]
    return 12 / float(slope)


def check_doubling(answer):
    """A row that doubles every 8 months, exactly, and one with noise."""
    years = torch.tensor([2000.0, 2001.0, 2003.0, 2004.0])
    got = float(called(answer, years, 2 ** (1.5 * (years - 2000))))
    assert not math.isclose(got, 1.5, rel_tol=1e-3), "that is how often it doubles in a year; you want months for one."
    assert not math.isclose(got, 8 / 12, rel_tol=1e-3), "that is in years; a year has 12 months."
    assert not math.isclose(got, 8 / math.log(2), rel_tol=1e-3), "that is the time to grow by e; the logarithm is to base 2."
    assert math.isclose(got, 8, rel_tol=1e-3), f"1.5 doublings a year are one in 8 months, not in {got:.2f}."
    values = 2 ** torch.tensor([0.0, 2.0, 2.5, 6.0])
    wanted, got = doubling_months(years, values), float(called(answer, years, values))
    assert not math.isclose(got, 12 * 4 / 6, rel_tol=1e-3), "only the first and the last value were used; fit all of them."
    assert math.isclose(got, wanted, rel_tol=1e-3), f"least squares give {wanted:.2f} months here, not {got:.2f}."


def by_ends(years, values):
    """A wrong answer: the first and the last value alone."""
    return 12 * float((years[-1] - years[0]) / (values[-1] / values[0]).log2())


bank(Exercise(
    "09.4", kind="build", minutes=10, level="medium", reference=doubling_months, check=check_doubling, right=[doubling_by_lstsq],
    wrong=[(by_ends, "fit all of them"), (lambda years, values: doubling_months(years, values) / 12, "in years"),
           (lambda years, values: 12 / doubling_months(years, values), "in a year"),
           (lambda years, values: doubling_months(years, values) / math.log(2), "base 2")],
    hints=["x = years - years.mean(), and the same for log2 of the values.",
           "Months for one doubling: 12 * (x * x).sum() / (x * y).sum()."],
    explanation="6 months: two doublings a year. Over the logarithms every factor counts the same, small years and large."))
