"""Exercises of chapter 01, the perceptron: the course's answers, the checks, and known mistakes."""
from itertools import product

import torch
from torch import Tensor

from utils.exercises import Exercise, bank, called


# 01.1 predict: half the margin
def check_factor(factor: float) -> None:
    """(R / (γ / 2))² is four times (R / γ)²."""
    assert isinstance(factor, int | float) and not isinstance(factor, bool), \
        f"The factor is one number; this is {type(factor).__name__}."
    assert factor != 2, "The bound holds the margin squared: halving it does more than double the bound."
    assert factor not in (0.25, 0.5), "A smaller margin is a harder task: the bound grows, it does not shrink."
    assert factor != 1, "Only the radius stayed the same: the margin is in the bound too."
    assert abs(factor - 4) < 1e-9, "Put half of γ into (R/γ)² and divide by (R/γ)²."


bank(Exercise(
    "01.1", kind="predict", minutes=2, level="easy", reference=4, check=check_factor, right=[4.0, 2**2],
    hints=["The bound is (R/γ)². Put γ/2 in the place of γ.", "Dividing by a half twice is multiplying by …?"],
    wrong=[(2, "squared"), (0.25, "does not shrink"), (1, "Only the radius"), (8, "half of γ"), ("four", "one number")],
    explanation="(R / (γ/2))² = 4 (R/γ)². The bound is four times as large; the mistakes made may grow by less."))


# 01.2 build: a majority with a veto, from one unit
def fires(excite: tuple, threshold: int, inhibit: tuple = ()) -> int:
    """The McCulloch-Pitts unit of the chapter."""
    return int(not any(inhibit) and sum(excite) >= threshold)


def majority(a: int, b: int, c: int, veto: int) -> int:
    """1 when at least two of three inputs are on and the veto is off."""
    return fires((a, b, c), 2, inhibit=(veto,))


def check_majority(gate) -> None:  # noqa: ANN001
    """All 16 rows, with the mistakes that a wrong threshold or a weak veto makes."""
    table = {bits: called(gate, *bits) for bits in product((0, 1), repeat=4)}
    assert set(table.values()) <= {0, 1}, "A unit answers 0 or 1."
    free = {sum(bits[:3]): answer for bits, answer in table.items() if not bits[3]}
    assert not (free[1] and free[2]), "It fires with one input on: that is an or. Raise the threshold."
    assert free[2] or not free[3], "It fires only with all three on: that is an and. Lower the threshold."
    for bits, answer in table.items():
        assert not (bits[3] and answer), f"The veto is on in {bits}, and it still fires: one veto is absolute."
        assert bits[3] or answer == (sum(bits[:3]) >= 2), f"majority{bits} gives {answer}."


bank(Exercise(
    "01.2", kind="build", minutes=5, level="medium", reference=majority, check=check_majority,
    hints=["How many of three is 'most'? That number is the threshold.",
           "The veto is an inhibiting input: fires((a, b, c), 2, inhibit=(veto,))."],
    right=[lambda a, b, c, veto: int(a + b + c > 1 and not veto)],
    wrong=[(lambda a, b, c, veto: fires((a, b, c), 3, (veto,)), "that is an and"),
           (lambda a, b, c, veto: fires((a, b, c), 1, (veto,)), "that is an or"),
           (lambda a, b, c, veto: fires((a, b, c), 2), "veto is absolute"),
           (lambda a, b, c, veto: int(a + b + c - veto >= 2), "veto is absolute")],
    explanation="Threshold 2, and the veto as an inhibiting input. A weight of -1 would not do: in 1943 one "
                "inhibiting input silences the unit whatever the others say."))


# 01.3 change: the rule that corrects a fixed share of the error
def delta_rule(weights: Tensor, inputs: Tensor, label: float, rate: float) -> Tensor:
    """The Widrow-Hoff rule for inputs of any length: the error shrinks to (1 - rate) of itself."""
    error = label - weights @ inputs
    return weights + rate * error * inputs / (inputs @ inputs)


def check_delta_rule(rule) -> None:  # noqa: ANN001
    """The error on the input after the step is (1 - rate) times the error before it."""
    weights, inputs = torch.tensor([0.2, -0.1, 0.4]), torch.tensor([1.0, 2.0, -3.0])
    for label, rate in ((1.0, 0.5), (-3.0, 0.25)):
        before = label - float(weights @ inputs)
        new = called(rule, weights.clone(), inputs.clone(), label, rate)
        assert isinstance(new, Tensor) and new.shape == (3,), "It returns the new weights, a tensor of shape (d,)."
        after = label - float(new @ inputs)
        share = after / before
        assert abs(share - 1) > 1e-4, "The weights did not change: LMS corrects right answers too."
        assert share < 1, "The error grew on the other side of the label's: the step goes the wrong way."
        assert abs(share - (1 - rate * 14)) > 1e-3, \
            "This is still plain LMS: a long input moves the sum |inputs|² times too far."
        assert abs(share - (1 - rate * 14**0.5)) > 1e-3, \
            "You divide by the length of the input; the sum moves with its square."
        assert abs(share - (1 - rate)) < 1e-4, f"The error should shrink to {1 - rate:.2f} of itself, not {share:.2f}."


def by_perceptron(weights: Tensor, inputs: Tensor, label: float, rate: float) -> Tensor:
    """A known wrong answer: it changes weights on mistakes only."""
    return weights + (label * (weights @ inputs) <= 0) * label * inputs


bank(Exercise(
    "01.3", kind="change", minutes=10, level="medium", reference=delta_rule, check=check_delta_rule,
    hints=["A move of s times inputs changes the sum by s times |inputs|².",
           "We want that change to be rate times error, so s = rate * error / (inputs @ inputs)."],
    right=[lambda weights, inputs, label, rate:
           torch.lerp(weights, weights + (label - weights @ inputs) * inputs / inputs.square().sum(), rate)],
    wrong=[(lambda weights, inputs, label, rate: weights + rate * (label - weights @ inputs) * inputs, "plain LMS"),
           (lambda weights, inputs, label, rate: weights + rate * (label - weights @ inputs) * inputs / inputs.norm(),
            "its square"),
           (lambda weights, inputs, label, rate: 2 * weights - delta_rule(weights, inputs, label, rate), "wrong way"),
           (by_perceptron, "shrink to"), (lambda weights, inputs, label, rate: weights, "did not change")],
    explanation="Dividing by |inputs|² makes the step the same share of the error for short and long inputs."))


# 01.4 build: the averaged perceptron
def averaged(points: Tensor, labels: Tensor, sweeps: int) -> Tensor:
    """Rosenblatt's rule; the answer is the average of the weights after every presentation."""
    weights, total = torch.zeros(points.shape[1]), torch.zeros(points.shape[1])
    for _ in range(sweeps):
        for point, label in zip(points, labels):
            if label * (weights @ point) <= 0:
                weights = weights + label * point
            total += weights
    return total / (sweeps * len(points))


def last(points: Tensor, labels: Tensor, sweeps: int, *, every: bool = False) -> Tensor:
    """Known wrong answers: the last weights, or (every) the average over corrections only."""
    weights, total, made = torch.zeros(points.shape[1]), torch.zeros(points.shape[1]), 0
    for _ in range(sweeps):
        for point, label in zip(points, labels):
            if label * (weights @ point) <= 0:
                weights = weights + label * point
                total, made = total + weights, made + 1
    return total / made if every else weights


def by_sweep(points: Tensor, labels: Tensor, sweeps: int) -> Tensor:
    """A known wrong answer: the average of the weights at the end of each sweep."""
    return torch.stack([last(points, labels, count) for count in range(1, sweeps + 1)]).mean(0)


def direction(weights: Tensor) -> Tensor:
    """The weights at length 1: a multiple of the average gives the same answers."""
    return torch.as_tensor(weights, dtype=torch.float32) / float(torch.as_tensor(weights).norm() + 1e-12)


def check_averaged(function) -> None:  # noqa: ANN001
    """On 40 noisy points, up to a positive factor, the average over all presentations."""
    generator = torch.Generator().manual_seed(7)
    labels = torch.tensor([-1.0, 1.0]).repeat(20)
    points = torch.cat([torch.ones(40, 1), torch.randn(40, 2, generator=generator) + 0.5 * labels[:, None]], 1)
    found = called(function, points.clone(), labels.clone(), 5)
    assert isinstance(found, Tensor) and found.shape == (3,), "It returns one tensor of weights, of shape (d,)."

    def like(other: Tensor) -> bool:
        return float((direction(found) - direction(other)).abs().max()) < 1e-3

    assert not like(last(points, labels, 5)), "These are the last weights. Add them up after every point and average."
    assert not like(last(points, labels, 5, every=True)), \
        "You add the weights up only after corrections: weights that survive many points must count as often."
    assert not like(by_sweep(points, labels, 5)), "You add the weights up once a sweep: do it after every point."
    assert like(averaged(points, labels, 5)), "The direction differs from the average over all presentations."


bank(Exercise(
    "01.4", kind="build", minutes=15, level="hard", reference=averaged, check=check_averaged,
    hints=["Keep a second vector, total, of zeros.",
           "Add weights to total after each point, whether or not they changed; divide by how many you added."],
    right=[lambda points, labels, sweeps: averaged(points, labels, sweeps) * 100],
    wrong=[(last, "last weights"),
           (lambda points, labels, sweeps: last(points, labels, sweeps, every=True), "corrections"),
           (by_sweep, "once a sweep"), (lambda points, labels, sweeps: points.T @ labels, "direction differs")],
    explanation="A line that is right for long counts for long, so the average forgets the last jumps."))
