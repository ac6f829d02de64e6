"""The exercises of chapter 06, generative adversarial networks."""
import math

import torch
from torch.nn import functional as F

from utils.exercises import Exercise, NotDone, bank, called


def check_equilibrium(answer):
    """What the best discriminator answers to a perfect generator, and its loss."""
    if any(part is ... for part in answer):
        raise NotDone
    chance, loss = answer
    assert chance != 1, "D cannot be sure of anything: fakes and data have the same density everywhere."
    assert chance != 0, "D cannot call everything fake: half of what it sees is real."
    assert math.isclose(chance, 0.5), f"p / (p + q) with p = q is not {chance}."
    assert loss >= 0, "the loss is −V, and V is −log 4: the sign is turned."
    assert not math.isclose(loss, math.log(2), rel_tol=5e-3), \
        "log 2 is the loss of one kind of picture; D pays it for the real ones and for the fakes."
    assert loss != 0, "a loss of 0 is a D that is always sure and always right."
    assert math.isclose(loss, math.log(4), rel_tol=5e-3), f"−log ½ − log ½ is not {loss}."


bank(Exercise(
    "06.1", kind="predict", minutes=2, level="easy", reference=(0.5, math.log(4)), check=check_equilibrium,
    right=[(0.5, 1.386), (1 / 2, 2 * math.log(2))],
    wrong=[((1, 0), "same density"), ((0.5, 0.693), "one kind"), ((0.5, 0), "always right"),
           ((0.5, -1.386), "sign"), ((0, 1.386), "half of what it sees")],
    hints=["Put q = p into p / (p + q).", "The loss is −log D(real) − log(1 − D(fake)), both with D = ½."],
    explanation="½, and log 4 = 1.386. But a D that has learned nothing says the same, so the number proves nothing."))


def generator_loss(logits):
    """logits (B, 1) that D gives to fakes. Returns the mean of -log D."""
    return F.softplus(-logits).mean()


def loss_by_cross_entropy(logits):
    """Another way: the cross-entropy against the label "real"."""
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def check_generator_loss(answer):
    """-log D from logits, at ordinary and at extreme values."""
    logits = torch.tensor([[-3.0], [0.0], [2.0]])
    got, wanted = float(called(answer, logits)), float(F.softplus(-logits).mean())
    assert not math.isclose(got, float(-F.softplus(logits).mean()), rel_tol=1e-4), \
        "this is still log(1 − D), whose slope vanishes where D is sure."
    assert not math.isclose(got, float(F.softplus(logits).mean()), rel_tol=1e-4), \
        "this is −log(1 − D), D's own loss: it would teach G to be found out."
    assert not math.isclose(got, -wanted, rel_tol=1e-4), "the sign is turned: lowering log D makes the fakes worse."
    assert not math.isclose(got, 3 * wanted, rel_tol=1e-4), "this is the sum over the batch; take the mean."
    assert math.isclose(got, wanted, rel_tol=1e-4), f"for logits −3, 0 and 2 it is {wanted:.3f}, not {got:.3f}."
    far = float(called(answer, torch.full((2, 1), -200.0)))
    assert math.isfinite(far), f"at a logit of −200 it is {far}: sigmoid is 0 there, and log 0 is infinite. Use softplus."
    assert math.isclose(far, 200, rel_tol=1e-3), f"at a logit of −200 it should be 200, not {far:.3f}."


bank(Exercise(
    "06.2", kind="change", minutes=5, level="medium", reference=generator_loss, check=check_generator_loss,
    right=[loss_by_cross_entropy, lambda logits: -F.logsigmoid(logits).mean()],
    wrong=[(lambda logits: -F.softplus(logits).mean(), "still log(1 − D)"),
           (lambda logits: F.softplus(logits).mean(), "found out"),
           (lambda logits: F.logsigmoid(logits).mean(), "sign is turned"),
           (lambda logits: F.softplus(-logits).sum(), "take the mean"),
           (lambda logits: -logits.sigmoid().log().mean(), "log 0")],
    hints=["−log sigmoid(a) is softplus(−a).", "One sign inside softplus, one before it."],
    explanation="At a logit of −200 the slope is still −1: where G is worst it is pulled hardest."))


def distance_on_a_line(some, others):
    """The Wasserstein distance of two sets of n numbers."""
    return (some.sort().values - others.sort().values).abs().mean()


def distance_by_search(some, others):
    """Another way: the best of all pairings, as in two dimensions."""
    from scipy.optimize import linear_sum_assignment
    ways = (some[:, None] - others[None]).abs().numpy()
    return torch.tensor(ways[linear_sum_assignment(ways)].mean())


def check_distance(answer):
    """Against the best pairing, on sets in which order, sign and number matter."""
    some, others = torch.tensor([3.0, 0.0, 5.0]), torch.tensor([1.0, 4.0, 9.0])
    got = float(called(answer, some.clone(), others.clone()))
    assert not math.isclose(got, float((some - others).abs().mean()), rel_tol=1e-4), \
        "this pairs them as they stand; the smallest should go to the smallest."
    assert not math.isclose(got, 6.0, rel_tol=1e-4), "this is the sum of the ways; the distance is their mean."
    assert not math.isclose(got, 6.0**0.5, rel_tol=1e-4) and not math.isclose(got, 6.0, rel_tol=1e-4), \
        "this squares the ways; the Wasserstein distance adds them as they are."
    assert got >= 0, "a distance is not negative: take the absolute value of each way."
    assert math.isclose(got, 2.0, rel_tol=1e-4), f"0 to 1, 3 to 4 and 5 to 9 make 2 on average, not {got:.3f}."
    both_sides = float(called(answer, torch.tensor([-1.0, 1.0]), torch.tensor([0.0, 0.0])))
    assert math.isclose(both_sides, 1.0, rel_tol=1e-4), \
        f"from −1 and 1 to 0 and 0 the mean way is 1, not {both_sides:.3f}: ways to the left and right must not cancel."


bank(Exercise(
    "06.3", kind="build", minutes=10, level="medium", reference=distance_on_a_line, check=check_distance, right=[distance_by_search],
    wrong=[(lambda some, others: (some - others).abs().mean(), "as they stand"),
           (lambda some, others: (some.sort().values - others.sort().values).abs().sum(), "their mean"),
           (lambda some, others: (some.sort().values - others.sort().values).square().mean().sqrt(), "squares"),
           (lambda some, others: (some.mean() - others.mean()).abs(), "cancel")],
    hints=["x.sort().values are the numbers in order.", "Subtract the two sorted rows, take abs(), then mean()."],
    explanation="On a line sorting is the best pairing, so the distance of two shifted rows is the shift, at every shift."))


def request(z, labels):
    """z (B, inputs) and labels (B,) -> (B, inputs + 10): noise, then the label as ten numbers."""
    return torch.cat([z, F.one_hot(labels, 10).to(z.dtype)], dim=1)


def request_by_index(z, labels):
    """Another way: a row of the identity matrix for each label."""
    return torch.hstack([z, torch.eye(10)[labels]])


def check_request(answer):
    """Shape, type, the noise untouched and the right place set."""
    z, labels = torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]), torch.tensor([7, 0, 9])
    got = called(answer, z.clone(), labels)
    assert tuple(got.shape) != (3, 3), "the label as one number says that a 9 is nine times a 1; give it ten places."
    assert tuple(got.shape) == (3, 12), f"three requests of 2 + 10 numbers have the shape (3, 12), not {tuple(got.shape)}."
    assert got.is_floating_point(), "these are integers; a linear layer wants floats: F.one_hot(labels, 10).float()."
    assert torch.allclose(got[:, :2].float(), z), "the first numbers should be the noise, unchanged."
    marks = got[:, 2:]
    assert ((marks == 0) | (marks == 1)).all() and (marks.sum(1) == 1).all(), "exactly one of the ten numbers is 1."
    assert torch.equal(marks.argmax(1), labels), "the 1 stands in another place than the label says."


bank(Exercise(
    "06.4", kind="build", minutes=10, level="medium", reference=request, check=check_request, right=[request_by_index],
    wrong=[(lambda z, labels: torch.cat([z, labels[:, None].float()], 1), "nine times"),
           (lambda z, labels: torch.cat([F.one_hot(labels, 10).float(), z], 1), "first numbers"),
           (lambda z, labels: torch.cat([z, F.one_hot(labels, 11).float()], 1), "(3, 12)"),
           (lambda z, labels: torch.cat([z, F.one_hot((labels + 1) % 10, 10).float()], 1), "another place")],
    hints=["F.one_hot(labels, 10) has the shape (B, 10).", "torch.cat([z, ...float()], dim=1)."],
    explanation="D must get the label too, or it could not tell that a good seven is the wrong answer to a request for a two."))
