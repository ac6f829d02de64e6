"""Exercises of chapter 00, the prologue: the course's answers, the checks, and known mistakes."""
import re
from itertools import product

import numpy as np

from utils.exercises import Exercise, NotDone, as_number, bank, called

CUBE = np.array(list(product((0, 1), repeat=3)))


# 00.1 predict: the threshold of a majority
def check_threshold(threshold: float) -> None:
    """Two of three is most; any threshold above 1 and up to 2 gives the same unit."""
    threshold = as_number(threshold)
    assert threshold > 0, "With this threshold the unit fires for no input at all: it always fires."
    assert threshold > 1, "One input is enough for this threshold: that is an or."
    assert threshold <= 3, "Three inputs of weight 1 never reach this threshold."
    assert threshold <= 2, "Only all three together reach this threshold: that is an and."


bank(Exercise(
    "00.1", kind="predict", minutes=3, level="easy", reference=2, check=check_threshold, right=[2.0, 1.5, np.int64(2)],
    hints=["How many of three inputs are 'most' of them?", "The sum is the number of inputs that are on."],
    wrong=[(3, "that is an and"), (1, "that is an or"), (0, "always fires"), (4, "never reach"), ("two", "one number")],
    explanation="Two of three: the sum counts the inputs that are on, and 2 or 3 reach the threshold 2."))


# 00.2 change: a rule for dreams
DREAM = (r"\bi dreamed (?:of|about) (.+)", "What does {} mean to you?")


def check_rule(rule: tuple[str, str]) -> None:
    """The pattern finds dreams and nothing else; the answer repeats what was dreamed of."""
    assert isinstance(rule, tuple | list) and len(rule) == 2 and isinstance(rule[1], str) \
        and isinstance(rule[0], str | re.Pattern), "A rule is a pair of texts: a pattern and an answer."
    pattern, answer = rule
    if (pattern, answer) == ("...", "..."):
        raise NotDone
    found = re.search(pattern, "i dreamed of the sea")
    assert found, "The pattern does not find \"i dreamed of the sea\" (the sentence comes in small letters)."
    assert not re.search(pattern, "i need a holiday"), "The pattern finds every sentence, and the other rules never get a turn."
    assert found.groups(), "The pattern catches nothing: put (.+) where the dream stands."
    assert "{" in answer, "The answer does not repeat what was caught: write {} where it belongs."
    said = answer.format(*found.groups())
    caught = [str(group) for group in found.groups()]
    assert not any("dreamed" in group for group in caught), \
        "The brackets catch the whole sentence: they belong around the dream only."
    assert "of the sea" not in caught, "The brackets catch the \"of\" as well: they belong around the dream only."
    assert "the sea" in said, f"The reply is {said!r}: the dream is not in it."
    other = re.search(pattern, "last night i dreamed of a red house")
    assert other and "a red house" in answer.format(*other.groups()), "The rule serves this one dream only: catch any."


bank(Exercise(
    "00.2", kind="change", minutes=5, level="medium", reference=DREAM, check=check_rule,
    right=[(r"dreamed of (.*)", "What does {} mean to you?"), [r"\bi dreamed \w+ (.+)", "{}? Tell me more."],
           (re.compile(r"i dreamed of (?P<dream>.+)"), "How often have you dreamed of {0}?")],
    wrong=[((r"i dreamed of the sea", "What does the sea mean to you?"), "catches nothing"),
           ((r"(i dreamed of .+)", "Why {}?"), "whole sentence"), ((r"(.+)", "What does {} mean to you?"), "never get a turn"),
           ((r"i dreamed of (the sea)", "What does {} mean to you?"), "one dream only"),
           ((r"I dreamed of (.+)", "What does {} mean?"), "small letters"),
           ((r"i dreamed of (.+)", "Do you dream often?"), "does not repeat"), ("i dreamed", "pair of texts"),
           ((r"i dreamed (.+)", "What does {} mean to you?"), "the \"of\" as well")],
    hints=["Look at the rule for \"i feel\": what does its pattern catch, and where does its answer put it?",
           "Words outside the brackets must be there and are dropped; what stands in (.+) is caught.",
           "The pattern names \"i dreamed of\" and then catches; the answer has {} where the dream is repeated."],
    explanation="A pattern with one pair of brackets, an answer with one {}. The rule knows no more of dreams than of soup."))


# 00.3 build: parity of three from threshold units
def unit(inputs: np.ndarray, weights: list, threshold: float) -> np.ndarray:
    """The chapter's threshold unit."""
    return (np.asarray(inputs) @ np.asarray(weights) >= threshold).astype(int)


def parity(inputs: np.ndarray) -> np.ndarray:
    """Hidden unit k fires if at least k inputs are on; the top adds the first and third, subtracts the second."""
    hidden = np.stack([unit(inputs, [1, 1, 1], k) for k in (1, 2, 3)], axis=1)
    return unit(hidden, [1, -1, 1], 1)


def check_parity(function) -> None:  # noqa: ANN001
    """All eight rows, with the tables that near misses give."""
    answer = np.asarray(called(function, CUBE.copy()))
    on = CUBE.sum(1)
    assert answer.shape == (8,), f"Eight rows should give eight answers; the shape is {answer.shape}."
    assert set(answer.tolist()) <= {0, 1}, "A unit answers 0 or 1."
    assert (answer != (on % 2 == 0)).any(), "This is the opposite: it fires for an even number."
    assert (answer != (on >= 1)).any(), "It fires as soon as one input is on: the second hidden unit must take that back."
    assert (answer != (on == 1)).any(), "With three on it is silent: the third hidden unit must bring the answer back."
    wrong = CUBE[answer != on % 2]
    assert not len(wrong), f"For {''.join(map(str, wrong[0]))} it gives {answer[answer != on % 2][0]}."


bank(Exercise(
    "00.3", kind="build", minutes=10, level="medium", reference=parity, check=check_parity,
    right=[lambda inputs: np.asarray(inputs).sum(1) % 2],
    wrong=[(lambda inputs: unit(inputs, [1, 1, 1], 1), "as soon as one"),
           (lambda inputs: 1 - parity(inputs), "opposite"),
           (lambda inputs: parity(inputs) * (np.asarray(inputs).sum(1) < 3), "With three on"),
           (lambda inputs: unit(inputs, [1, 1, 1], 2), "For 001"), (lambda inputs: 1, "eight answers")],
    hints=["Give the hidden units the thresholds 1, 2 and 3. What must the last unit add, and what subtract?",
           "Stack the three hidden answers beside each other: np.stack([...], axis=1) has the shape (n, 3).",
           "With one on, hidden is 100; with two 110; with three 111. Weights 1, -1, 1 make 1, 0, 1 of them."],
    explanation="Layered threshold units of 1943 compute parity; chapter 1 shows that each hidden unit has to see all inputs."))


# 00.4 build: forget one memory
def store(memories: np.ndarray) -> np.ndarray:
    """The chapter's reading of Hebb's rule."""
    signs = 2 * memories - 1
    weights = signs.T @ signs
    np.fill_diagonal(weights, 0)
    return weights


def forget(weights: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """What one memory added, taken away."""
    return weights - store(memory[None])


def check_forget(function) -> None:  # noqa: ANN001
    """Storing three and forgetting the last gives the weights of two."""
    memories = np.random.RandomState(0).randint(0, 2, (3, 12)).astype(float)
    weights, last = store(memories), memories[2]
    left = np.asarray(called(function, weights.copy(), last.copy()))
    signs = 2 * last - 1
    assert left.shape == (12, 12), f"It returns weights of the shape (12, 12), not {left.shape}."
    assert not np.allclose(left, weights), "The weights are as they were."
    assert not np.allclose(left, weights + store(last[None])), "This stores the memory once more: it has to be subtracted."
    assert not np.allclose(left, weights - np.outer(signs, signs)), \
        "The diagonal is no longer zero: store() never puts anything there."
    assert not np.allclose(left, weights - np.outer(last, last) + np.diag(last)) \
        and not np.allclose(left, weights - np.outer(last, last)), "The products are of -1 and +1, not of 0 and 1."
    assert np.allclose(left, store(memories[:2])), "These are not the weights of the other memories."


bank(Exercise(
    "00.4", kind="build", minutes=10, level="medium", reference=forget, check=check_forget,
    right=[lambda weights, memory: weights - np.outer(2 * memory - 1, 2 * memory - 1) + np.eye(len(memory))],
    wrong=[(lambda weights, memory: weights + store(memory[None]), "once more"),
           (lambda weights, memory: weights - np.outer(2 * memory - 1, 2 * memory - 1), "diagonal"),
           (lambda weights, memory: weights - np.outer(memory, memory), "not of 0 and 1"),
           (lambda weights, memory: 0 * weights, "other memories"), (lambda weights, memory: weights, "as they were")],
    hints=["Storing adds a table of products. What does store give for the one memory alone?",
           "Storing adds one table of products for each memory: what was added can be subtracted.",
           "store(memory[None]) is the table of one memory; memory[None] has the shape (1, d)."],
    explanation="Weights are sums over the memories, so one can be subtracted, if you still have it."))


# 00.5 predict: the hidden units of a table of ten inputs
def check_rows(units: float) -> None:
    """Half of the 2**10 rows have an odd number of ones."""
    units = as_number(units)
    assert units != 2**10, "That is every row of the table: only rows whose answer is 1 get a unit."
    assert units != 2**10 - 1, "That is every row but one, as for an \"or\": how many rows of parity answer 1?"
    assert units not in (10, 5), "That is of the size of the inputs, as in 00.3: here each row has a unit of its own."
    assert units not in (20, 100), "The rows are not 10 + 10 or 10 × 10: each further input doubles their number."
    assert units in (256, 512) or units != 2**round(np.log2(max(units, 1))), "That many rows belong to another number of inputs."
    assert units == 512, "Count the rows of the table, then those with an odd number of ones among them."


bank(Exercise(
    "00.5", kind="predict", minutes=3, level="medium", reference=512, check=check_rows, right=[512.0, 2**9],
    hints=["How many rows has the table of two inputs, of three, of ten?",
           "Flip the last input of a row: its parity flips too. So the rows come in pairs.",
           "One row of each pair answers 1, and ten inputs have 2**10 rows."],
    wrong=[(1024, "every row"), (10, "a unit of its own"), (100, "doubles"), (1023, "as for an"), (64, "another number"),
           (500, "Count the rows"), ("many", "one number"), (256, "Count the rows")],
    explanation="Half of the 1,024 rows. Units that count, as in 00.3, need 10: that two layers can do "
                "everything says nothing of how many units it takes."))


# 00.6 build: a trend through all points
def doubling(systems: dict) -> float:
    """Months for one doubling, from the straight line through the logarithms of all systems."""
    years, operations = np.array(list(systems.values()), dtype=float).T
    slope = np.polyfit(years, np.log2(operations), 1)[0]  # doublings a year
    return 12 / slope


def by_ends(systems: dict) -> float:
    """A known wrong answer: the first and the last system only."""
    (start, before), (end, after) = min(systems.values()), max(systems.values())
    return 12 * (end - start) / np.log2(after / before)


def by_steps(systems: dict) -> float:
    """A known wrong answer: the mean of the doublings from each system to the next."""
    rows = sorted(systems.values())
    pairs = zip(rows, rows[1:])
    return float(np.mean([12 * (end - start) / np.log2(after / before) for (start, before), (end, after) in pairs]))


def line(systems: dict, scale=lambda operations: operations) -> float:  # noqa: ANN001
    """A known wrong answer: the slope of a line through the operations on another scale."""
    years, operations = np.array(list(systems.values()), dtype=float).T
    return float(np.polyfit(years, scale(operations), 1)[0])


def check_doubling(function) -> None:  # noqa: ANN001
    """Exact on an exact law, and the line of least squares where the points scatter."""
    years = np.array([2004, 2000, 2007, 2001, 2012])
    law = {f"{k}": (int(year), 1e9 * 2 ** (12 * (year - 2000) / 9)) for k, year in enumerate(years)}
    off = dict(zip(law, (1.0, 6.0, 0.4, 0.3, 2.5)))
    scattered = {name: (year, operations * off[name]) for name, (year, operations) in law.items()}
    exact = as_number(called(function, dict(law)))
    assert np.isfinite(exact) and exact > 0, f"All these systems grow, and the answer is {exact}: a time above zero is asked for."
    for other, said in ((9 / 12, "That is in years; the answer is in months."),
                        (12 / 9, "That is how many doublings fit into a year: months for one doubling is the other way round."),
                        (1 / 9, "That is how many doublings fit into a month: turn it round."),
                        (9 / np.log(2), "That is the time to grow by the factor e: use the logarithm to base 2."),
                        (9 / np.log10(2), "That is the time to grow by the factor ten: use the logarithm to base 2."),
                        (12 / line(law), "The line goes through the operations themselves: take their logarithm first.")):
        assert abs(exact / other - 1) > 1e-4, said
    assert abs(exact / 9 - 1) < 1e-4, f"These systems double every 9 months exactly; the answer is {exact:.3g}."
    found = as_number(called(function, dict(scattered)))
    assert abs(found / by_ends(scattered) - 1) > 1e-4, "Only two of the systems decide this: every one should have a say."
    assert abs(found / by_steps(scattered) - 1) > 1e-4, \
        "A mean of the steps from one to the next: neighbours that are close in time get the most say. Fit one line."
    assert abs(found / doubling(scattered) - 1) < 1e-3, "On scattered systems this is not the line of least squares."


def by_sums(systems: dict) -> float:
    """Another right answer: the slope from sums, without polyfit."""
    rows = [(year, np.log(operations)) for year, operations in systems.values()]
    year, height = (sum(column) / len(rows) for column in zip(*rows))
    slope = sum((x - year) * (y - height) for x, y in rows) / sum((x - year) ** 2 for x, _ in rows)
    return 12 * np.log(2) / slope


bank(Exercise(
    "00.6", kind="build", minutes=10, level="medium", reference=doubling, check=check_doubling, right=[by_sums],
    hints=["What grows by a fixed factor in a fixed time is a straight line once you take the logarithm.",
           "The cell on ImageNet fits such a line: np.polyfit(x, y, 1)[0] is the slope of y over x.",
           "With base 2 the slope is doublings a year. How many months does one of them take?"],
    wrong=[(by_ends, "Only two"), (by_steps, "Fit one line"), (lambda systems: doubling(systems) / 12, "in years"),
           (lambda systems: 12 / doubling(systems), "into a year"), (lambda systems: 1 / doubling(systems), "into a month"),
           (lambda systems: 12 / line(systems, np.log), "factor e"),
           (lambda systems: 12 / line(systems, np.log10), "factor ten"), (lambda systems: 12 / line(systems), "themselves"),
           (lambda systems: -doubling(systems), "above zero"), (lambda systems: 20.0, "exactly"),
           (lambda systems: [by_ends(systems)], "one number")],
    explanation="A line through all the points lets nobody pick a pair. Which points there are is still a choice."))


# 00.7 build: why the memory comes to rest
def height(weights: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Minus the weights between all pairs of cells that are both on. weights (d, d), states (n, d) to (n,)."""
    return -((states @ weights) * states).sum(1) / 2


def by_pairs(weights: np.ndarray, states: np.ndarray) -> list:
    """Another right answer: pair after pair, on another scale."""
    size = len(weights)
    return [100 - sum(3 * weights[i, j] for i in range(size) for j in range(i) if state[i] and state[j]) for state in states]


def switches(weights: np.ndarray, states: np.ndarray, generator: np.random.RandomState) -> tuple:
    """States before and after each switch of one cell on the way to rest, (k, d) both, and whether its sum was not 0."""
    before, after, strict = [], [], []
    for state in states:
        for cell in generator.permutation(np.tile(np.arange(len(weights)), 3)):
            total = state @ weights[:, cell]
            new = state.copy()
            new[cell] = total > 0
            if new[cell] != state[cell]:
                before.append(state), after.append(new), strict.append(total != 0)
            state = new
    return np.array(before), np.array(after), np.array(strict)


def alike(found: np.ndarray, other: np.ndarray) -> float:
    """The correlation of two lists of numbers: 1 or -1 if they are the same but for scale and shift."""
    return float(np.corrcoef(found, other)[0, 1])


def check_height(function) -> None:  # noqa: ANN001
    """No switch raises it, and every switch with a reason lowers it: of stored weights and of any symmetric ones."""
    generator = np.random.RandomState(0)
    drawn = generator.normal(size=(14, 14))
    np.fill_diagonal(drawn, 0)
    for weights in (store(generator.randint(0, 2, (3, 14)).astype(float)), drawn + drawn.T):
        before, after, strict = switches(weights, generator.randint(0, 2, (12, 14)).astype(float), generator)
        start = np.asarray(called(function, weights.copy(), before.copy()), dtype=float)
        end = np.asarray(called(function, weights.copy(), after.copy()), dtype=float)
        assert start.size == len(before), f"It returns one number for each state, {len(before)} here; the shape is {start.shape}."
        start, end = start.reshape(-1), end.reshape(-1)
        assert np.isfinite(start).all() and np.isfinite(end).all(), "Some of the numbers are not finite."
        assert np.ptp(np.concatenate([start, end])) > 1e-9, "It is the same for every state: it has to fall when a cell switches."
        signs = 2 * before - 1
        assert alike(start, height(weights, before)) > -0.999, "It rises with every switch: turn it around."
        assert abs(alike(start, ((signs @ weights) * signs).sum(1))) < 0.999, \
            "You count a cell that is off as -1; settle() adds up the weights of the cells that are on, 1, and leaves out the others."
        assert abs(alike(start, (before @ weights).sum(1))) < 0.999, \
            "This adds up weights from lit cells to all cells: only a weight between two lit cells should count."
        wrong = np.flatnonzero((end > start + 1e-9) | (strict & (end > start - 1e-9)))
        assert not len(wrong), (f"{len(wrong)} of {len(start)} switches do not lower it; in one of them it goes from "
                                f"{start[wrong[0]]:.3g} to {end[wrong[0]]:.3g}.")


bank(Exercise(
    "00.7", kind="build", minutes=15, level="hard", reference=height, check=check_height,
    right=[by_pairs, lambda weights, states: -np.einsum("ni,ij,nj->n", states, weights, states)[:, None]],
    hints=["settle() switches a cell on if the weights from the lit cells to it add up to more than zero. "
           "How could the number fall by just this sum?",
           "When a cell switches on, only the weights between it and the lit cells are new. Give each pair of lit cells a say.",
           "Add up the weights over all pairs of lit cells, and put a minus before it. "
           "(states @ weights) has the sum of every cell, lit or not; pick those of the lit ones."],
    wrong=[(lambda weights, states: -height(weights, states), "turn it around"),
           (lambda weights, states: np.zeros(len(states)), "same for every state"),
           (lambda weights, states: -(((2 * states - 1) @ weights) * (2 * states - 1)).sum(1), "as -1"),
           (lambda weights, states: -(states @ weights).sum(1), "between two lit cells"),
           (lambda weights, states: states.sum(1), "do not lower it"),
           (lambda weights, states: -((states @ weights) * states), "one number for each state"),
           (lambda weights, states: -(np.maximum(states @ weights, 0) * states).sum(1), "do not lower it"),
           (lambda weights, states: height(weights, states).sum(), "one number for each state")],
    explanation="Each switch lowers the sum over pairs by what the cell was told. There are finitely many states, so it must "
                "come to rest: in a valley of this landscape, which need not be a stored memory."))
