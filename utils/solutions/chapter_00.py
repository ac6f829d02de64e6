"""Exercises of chapter 00, the prologue: the course's answers, the checks, and known mistakes."""
import re
from itertools import product

import numpy as np

from utils.exercises import Exercise, NotDone, bank, called

CUBE = np.array(list(product((0, 1), repeat=3)))


# 00.1 predict: the threshold of a majority
def check_threshold(threshold: float) -> None:
    """Two of three is most; any threshold above 1 and up to 2 gives the same unit."""
    assert isinstance(threshold, int | float) and not isinstance(threshold, bool), \
        f"The threshold is one number; this is {type(threshold).__name__}."
    assert threshold > 0, "With this threshold the unit fires for no input at all: it always fires."
    assert threshold > 1, "One input is enough for this threshold: that is an or."
    assert threshold <= 3, "Three inputs of weight 1 never reach this threshold."
    assert threshold <= 2, "Only all three together reach this threshold: that is an and."


bank(Exercise(
    "00.1", kind="predict", minutes=2, level="easy", reference=2, check=check_threshold, right=[2.0, 1.5],
    hints=["How many of three inputs are 'most' of them?", "The sum is the number of inputs that are on."],
    wrong=[(3, "that is an and"), (1, "that is an or"), (0, "always fires"), (4, "never reach"), ("two", "one number")],
    explanation="Two of three: the sum counts the inputs that are on, and 2 or 3 reach the threshold 2."))


# 00.2 change: a rule for dreams
DREAM = (r"\bi dreamed (?:of|about) (.+)", "What does {} mean to you?")


def check_rule(rule: tuple[str, str]) -> None:
    """The pattern finds dreams and nothing else; the answer repeats what was dreamed of."""
    assert isinstance(rule, tuple | list) and len(rule) == 2 and all(isinstance(part, str) for part in rule), \
        "A rule is a pair of texts: a pattern and an answer."
    pattern, answer = rule
    if (pattern, answer) == ("...", "..."):
        raise NotDone
    found = re.search(pattern, "i dreamed of the sea")
    assert found, "The pattern does not find \"i dreamed of the sea\" (the sentence comes in small letters)."
    assert not re.search(pattern, "i need a holiday"), "The pattern finds every sentence, and the other rules never get a turn."
    assert found.groups(), "The pattern catches nothing: put (.+) where the dream stands."
    said = answer.format(*found.groups())
    assert "{}" in answer, "The answer does not repeat what was caught: write {} where it belongs."
    assert "dreamed" not in said, "The brackets catch the whole sentence: they belong around the dream only."
    assert "the sea" in said, f"The reply is {said!r}: the dream is not in it."
    other = re.search(pattern, "last night i dreamed of a red house")
    assert other and "a red house" in answer.format(*other.groups()), "The rule serves this one dream only: catch any."


bank(Exercise(
    "00.2", kind="change", minutes=5, level="medium", reference=DREAM, check=check_rule,
    right=[(r"dreamed of (.*)", "What does {} mean to you?"), [r"\bi dreamed \w+ (.+)", "{}? Tell me more."]],
    wrong=[((r"i dreamed of the sea", "What does the sea mean to you?"), "catches nothing"),
           ((r"(i dreamed of .+)", "Why {}?"), "whole sentence"), ((r"(.+)", "What does {} mean to you?"), "never get a turn"),
           ((r"i dreamed of (the sea)", "What does {} mean to you?"), "one dream only"),
           ((r"I dreamed of (.+)", "What does {} mean?"), "small letters"),
           ((r"i dreamed of (.+)", "Do you dream often?"), "does not repeat"), ("i dreamed", "pair of texts")],
    hints=["The pattern finds \"i dreamed of\" and catches what follows with (.+).",
           "The answer has {} where the dream is repeated, as in \"How long have you felt {}?\"."],
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
    hints=["Stack the three hidden answers beside each other: np.stack([...], axis=1) has the shape (n, 3).",
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
    hints=["Storing adds one table of products for each memory: what was added can be subtracted.",
           "store(memory[None]) is the table of one memory; memory[None] has the shape (1, d)."],
    explanation="Weights are sums over the memories, so one can be subtracted, if you still have it."))
