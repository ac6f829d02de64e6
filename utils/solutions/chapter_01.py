"""Exercises of chapter 01, the perceptron: the course's answers, the checks, and known mistakes."""
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from utils.exercises import Exercise, as_number, bank, called


def as_weights(answer: Any, size: int) -> Tensor:
    """What a function returned as float32 weights (size,), from a tensor, an array or a list."""
    try:
        plain = answer.detach().float() if isinstance(answer, Tensor) else answer
        found = torch.as_tensor(np.asarray(plain), dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        found = torch.zeros(0)
    assert found.shape == (size,), f"It returns one list of weights, of shape (d,): here {size} numbers."
    assert found.isfinite().all(), "Some of the weights are not finite."
    return found


def with_copies(function: Callable, *arguments: Any) -> Any:
    """Call with copies of the tensors, so that an answer that changes its input spoils no later case."""
    return called(function, *[one.clone() if isinstance(one, Tensor) else one for one in arguments])


# 01.1 predict: half the margin
def check_factor(factor: float) -> None:
    """(R / (γ / 2))² is four times (R / γ)²."""
    factor = as_number(factor)
    assert factor != 2, "The bound holds the margin squared: halving it does more than double the bound."
    assert factor not in (0.25, 0.5), "A smaller margin is a harder task: the bound grows, it does not shrink."
    assert factor != 1, "Only the radius stayed the same: the margin is in the bound too."
    assert abs(factor - 4) < 1e-9, "Put half of γ into (R/γ)² and divide by (R/γ)²."


bank(Exercise(
    "01.1", kind="predict", minutes=2, level="easy", reference=4, check=check_factor, right=[4.0, torch.tensor(4)],
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
    table = {bits: float(called(gate, *bits)) for bits in product((0, 1), repeat=4)}
    assert set(table.values()) <= {0, 1}, "A unit answers 0 or 1."
    free = {sum(bits[:3]): answer for bits, answer in table.items() if not bits[3]}
    assert not (free[1] and free[2]), "It fires with one input on: that is an or. Raise the threshold."
    assert free[2] or not free[3], "It fires only with all three on: that is an and. Lower the threshold."
    for bits, answer in table.items():
        assert not (bits[3] and answer), f"The veto is on in {bits}, and it still fires: one veto is absolute."
        assert bits[3] or answer == (sum(bits[:3]) >= 2), f"majority{bits} gives {answer:g}."


bank(Exercise(
    "01.2", kind="build", minutes=5, level="easy", reference=majority, check=check_majority,
    hints=["How many of three is 'most'? That number is the threshold.",
           "The veto is an inhibiting input, so it does not stand among the exciting ones: inhibit=(veto,)."],
    right=[lambda a, b, c, veto: int(a + b + c > 1 and not veto),
           lambda a, b, c, veto: torch.tensor(sorted([a, b, c])[1] * (1 - veto))],
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
        new = as_weights(with_copies(rule, weights, inputs, label, rate), 3)
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
    hints=["How far does the sum weights @ inputs move when you add s times inputs to the weights?",
           "A move of s times inputs changes the sum by s times |inputs|².",
           "We want that change to be rate times error, so s = rate * error / (inputs @ inputs)."],
    right=[lambda weights, inputs, label, rate:
           torch.lerp(weights, weights + (label - weights @ inputs) * inputs / inputs.square().sum(), rate),
           lambda weights, inputs, label, rate: delta_rule(weights, inputs, label, rate).tolist()],
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


def by_weights(points: Tensor, labels: Tensor, sweeps: int) -> np.ndarray:
    """Another right answer, in numpy: each correction counts for all presentations from it on."""
    points, labels = points.cpu().double().numpy(), labels.cpu().double().numpy()
    weights, total, left = np.zeros(points.shape[1]), np.zeros(points.shape[1]), sweeps * len(points)
    for _ in range(sweeps):
        for point, label in zip(points, labels):
            if label * (weights @ point) <= 0:
                weights, total = weights + label * point, total + left * label * point
            left -= 1
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
    found = as_weights(with_copies(function, points, labels, 5), 3)

    def like(other: Tensor) -> bool:
        return float((direction(found) - direction(other)).abs().max()) < 1e-3

    assert not like(last(points, labels, 5)), "These are the last weights. Add them up after every point and average."
    assert not like(last(points, labels, 5, every=True)), \
        "You add the weights up only after corrections: weights that survive many points must count as often."
    assert not like(by_sweep(points, labels, 5)), "You add the weights up once a sweep: do it after every point."
    assert like(averaged(points, labels, 5)), "The direction differs from the average over all presentations."


bank(Exercise(
    "01.4", kind="build", minutes=15, level="hard", reference=averaged, check=check_averaged,
    hints=["The last weights forget how long each of the earlier ones was right. What could remember it?",
           "Keep a second vector, total, of zeros.",
           "Add weights to total after each point, whether or not they changed; divide by how many you added."],
    right=[lambda points, labels, sweeps: averaged(points, labels, sweeps) * 100, by_weights],
    wrong=[(last, "last weights"),
           (lambda points, labels, sweeps: last(points, labels, sweeps, every=True), "corrections"),
           (by_sweep, "once a sweep"), (lambda points, labels, sweeps: points.T @ labels, "direction differs")],
    explanation="A line that is right for long counts for long, so the average forgets the last jumps."))


# 01.5 predict: ten times as long
def check_corrections(corrections: float) -> None:
    """All sums are multiplied by the same positive number, so the mistakes are the same."""
    corrections = as_number(corrections)
    assert corrections != 90, "A longer input makes a longer correction too. Which sum has another sign than before?"
    assert corrections != 900, "R is ten times as large, and so is the margin: look at both in (R/γ)²."
    assert corrections not in (0.9, 0.09), "The steps are longer, and so is the way that they have to go."
    assert corrections != 27, "That is the bound for these points, and the question is for the corrections made."
    assert corrections not in (0, 1), "The weights start at zero and have to go the same way as before: one step is not enough."
    assert corrections == 9, "Walk through the first sweep with inputs like (10, 0, 10): at which points is it wrong now?"


bank(Exercise(
    "01.5", kind="predict", minutes=3, level="medium", reference=9, check=check_corrections, right=[9.0, np.int64(9)],
    hints=["After the first correction the weights are ten times as long as they were. What of the next sum?",
           "A sum is weights @ inputs: here a product of two things that grew. Does that change its sign?"],
    wrong=[(90, "longer correction"), (900, "so is the margin"), (0.9, "steps are longer"), (1, "one step"), (27, "the bound"),
           (12, "first sweep"), ("the same", "one number")],
    explanation="The same nine: weights ten times as long, sums a hundred times as large, every sign as before. Nor does the "
                "bound move, for R and γ grow together. The perceptron needs no learning rate."))


# 01.6 build: detectors for XOR
def detect(pictures: Tensor) -> Tensor:
    """Two detectors: a without b, and b without a. pictures (n, 2) of 0 and 1 to (n, 2)."""
    a, b = pictures.T
    return torch.stack([a * (1 - b), b * (1 - a)], dim=1)


def table_of(answer: Any, rows: int) -> np.ndarray:
    """Features as an array (rows, m); one number a row counts as one detector."""
    table = np.asarray(answer.detach().float() if isinstance(answer, Tensor) else answer, dtype=float)
    assert table.ndim in (1, 2) and len(table) == rows and table.size, \
        f"It returns a row of numbers for each picture: ({rows}, m) for {rows} pictures; the shape is {table.shape}."
    assert np.isfinite(table).all(), "Some of the numbers are not finite."
    return table.reshape(rows, -1)


def a_line_parts(features: np.ndarray, labels: np.ndarray) -> bool:
    """Whether some weights and a constant give every label: a linear program, as in the chapter."""
    from scipy.optimize import linprog
    inputs = np.column_stack([np.ones(len(features)), features / max(np.abs(features).max(), 1e-12)])
    bounds = [(None, None)] * inputs.shape[1]
    return linprog(np.zeros(inputs.shape[1]), -labels[:, None] * inputs, -np.ones(len(labels)), bounds=bounds).status == 0


def check_detect(function) -> None:  # noqa: ANN001
    """One unit on top of the detectors can answer XOR, and each detector sees nothing but its picture."""
    pictures = torch.tensor(list(product((0.0, 1.0), repeat=2)))
    labels, order = np.array([-1.0, 1, 1, -1]), [2, 0, 3, 1]
    found = table_of(with_copies(function, pictures), 4)
    assert np.allclose(found, table_of(with_copies(function, pictures), 4)), \
        "A second look at the same pictures gives other numbers: the wiring of a detector is fixed."
    assert np.allclose(found[order], table_of(with_copies(function, pictures[order]), 4)), \
        "With the pictures in another order it answers otherwise: a detector sees its picture, not its place in the list."
    names = ["".join(str(int(cell)) for cell in picture) for picture in pictures.tolist()]
    for i, j in product((0, 3), (1, 2)):
        assert not np.allclose(found[i], found[j]), \
            f"{names[i]} and {names[j]} have different labels, and all your detectors answer the same to both."
    plain = np.column_stack([np.ones(4), pictures.numpy()])
    rest = found - plain @ np.linalg.lstsq(plain, found, rcond=None)[0]
    assert np.abs(rest).max() > 1e-6 * np.abs(found).max(), \
        "All your detectors are weighted sums of a and b. Such a sum the unit can form by itself, and it did not help."
    assert a_line_parts(found, labels), "Still no weights and no constant give XOR on top of these detectors."


def by_masks(pictures: Tensor) -> np.ndarray:
    """Another right answer: the two cells and the mask of both, as in parity_order."""
    pictures = pictures.cpu().numpy()
    return np.column_stack([pictures, pictures.prod(1)])


def by_chance(pictures: Tensor) -> Tensor:
    """Another right answer: 40 random detectors with a threshold, their wiring fixed by a seed."""
    generator = torch.Generator().manual_seed(0)
    wiring, thresholds = torch.randn(2, 40, generator=generator), torch.randn(40, generator=generator)
    return (pictures.cpu() @ wiring > thresholds).float()


bank(Exercise(
    "01.6", kind="build", minutes=10, level="medium", reference=detect, check=check_detect,
    right=[by_masks, by_chance, lambda pictures: pictures[:, 0] != pictures[:, 1],
           lambda pictures: [[max(a, b), min(a, b)] for a, b in pictures.tolist()]],
    hints=["A unit on a and b fails. What would it have to see besides them, so that a line is enough?",
           "The gate of 1943 at the beginning of the chapter has two units before the last one. What do they see?",
           "With a, b and a detector that is on only if both are, the weights 2, 2 and -4 and the constant -1 would do."],
    wrong=[(lambda pictures: pictures, "weighted sums"), (lambda pictures: pictures.sum(1), "weighted sums"),
           (lambda pictures: torch.stack([pictures[:, 0] + pictures[:, 1], 1 - pictures[:, 0]], 1), "weighted sums"),
           (lambda pictures: pictures.prod(1), "all your detectors answer the same"),
           (lambda pictures: (pictures.sum(1) > 0).float(), "all your detectors answer the same"),
           (lambda pictures: torch.ones(len(pictures), 3), "all your detectors answer the same"),
           (lambda pictures: torch.tensor([0.0, 1, 1, 0]), "its place in the list"),
           (lambda pictures: torch.rand(len(pictures), 5), "wiring of a detector is fixed"),
           (lambda pictures: pictures.sum(1).exp(), "Still no weights"), (lambda pictures: 1, "a row of numbers")],
    explanation="The unit and its rule are the same as before; only the layer in front is another. Somebody had to know what to "
                "detect, or to put enough random detectors there."))


# 01.7 change: a line that keeps its distance
def keep_distance(points: Tensor, labels: Tensor) -> Tensor:
    """Rosenblatt's rule, which also corrects points that are right by too little. points (n, d), labels (n,)."""
    weights = torch.zeros(points.shape[1])
    for _ in range(200):
        for point, label in zip(points, labels):
            if label * (weights @ point) <= 10:  # 10 times |x|² for these points: many corrections long
                weights = weights + label * point
    return weights


def with_threshold(threshold: float, points: Tensor, labels: Tensor) -> Tensor:
    """The rule with another threshold: right where it is large enough, else a known wrong answer."""
    weights = torch.zeros(points.shape[1])
    for _ in range(200):
        for point, label in zip(points, labels):
            if label * (weights @ point) <= threshold:
                weights = weights + label * point
    return weights


def first_line(points: Tensor, labels: Tensor) -> Tensor:
    """A known wrong answer, the one that the chapter delivers: it rests at the first line without a mistake."""
    return with_threshold(0, points, labels)


def widest(points: Tensor, labels: Tensor) -> Tensor:
    """Another right answer, without the rule: towards the nearest mixture of the turned points, as in margin()."""
    from scipy.optimize import nnls
    turned = (labels[:, None] * points).double().cpu().numpy().T
    shares, _ = nnls(np.vstack([turned, np.ones(len(labels))]), np.append(np.zeros(len(turned)), 1.0))
    return torch.as_tensor(turned @ shares)


def distance(weights: Tensor, points: Tensor, labels: Tensor) -> float:
    """How far the nearest point is from the plane of these weights; below zero on the wrong side."""
    return float((labels * (points @ direction(weights))).min())


def two_clouds(seed: int) -> tuple[Tensor, Tensor]:
    """40 unit vectors (40, 4), 0.15 or more from a random plane through the origin, and their sides (40,)."""
    generator = torch.Generator().manual_seed(seed)
    normalize = torch.nn.functional.normalize
    normal = normalize(torch.randn(4, generator=generator), dim=0)
    points = normalize(torch.randn(400, 4, generator=generator))
    points = points[(points @ normal).abs() > 0.15][:40]
    return points, torch.sign(points @ normal)


def check_distance(function) -> None:  # noqa: ANN001
    """On three sets of points the plane found has at least half of the best margin."""
    for seed in (1, 2, 3):
        points, labels = two_clouds(seed)
        found = as_weights(with_copies(function, points, labels), 4)
        assert found.abs().max() > 0, "All weights are zero: that is no line at all."
        before = first_line(points, labels)
        share = distance(found, points, labels) / distance(widest(points, labels), points, labels)
        assert distance(-found, points, labels) <= 0, "The answers are turned around: +1 and -1 are exchanged."
        assert share >= 0.5 or (direction(found) - direction(before)).abs().max() > 1e-3, \
            "It is the same line as without your change. A longer step or longer weights do not turn it: " \
            "look at the condition that decides when a point is corrected."
        assert share > 0, "Some points are on the wrong side of the line when it ends."
        assert share >= 0.5, f"The nearest point has {100 * share:.0f} % of the best margin, and half of it is asked for. " \
                             "Which points should be corrected although they are right?"


bank(Exercise(
    "01.7", kind="change", minutes=10, level="medium", reference=keep_distance, check=check_distance,
    right=[widest, lambda points, labels: with_threshold(3, points, labels).tolist()],
    wrong=[(first_line, "same line"), (lambda points, labels: -keep_distance(points, labels), "exchanged"),
           (lambda points, labels: 100 * first_line(points, labels), "same line"),
           (lambda points, labels: with_threshold(0.1, points, labels), "half of it is asked for"),
           (lambda points, labels: with_threshold(-1, points, labels), "All weights are zero"),
           (lambda points, labels: labels[0] * points[0], "wrong side"),
           (lambda points, labels: labels, "4 numbers")],
    hints=["When does the rule leave a point alone, and how near to the line may that point be?",
           "label * (weights @ point) says by how much a point is right. Zero is not the only number to compare it with.",
           "Each correction adds 1 to that number for the point at hand, since its length is 1. Ask for several times as much."],
    explanation="Points that are right by too little go on correcting, until all are right by a good deal: the line moves away "
                "from the nearest ones."))
