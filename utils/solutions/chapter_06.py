"""The exercises of chapter 06, generative adversarial networks."""
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from utils.device import lab
from utils.exercises import Exercise, NotDone, bank, called, moved


def numbers(answer, count):
    """The parts of a prediction as floats. A part that is still `...` counts as not done."""
    parts = list(answer) if isinstance(answer, tuple | list) or getattr(answer, "ndim", 0) else [answer]
    if any(part is ... or part is None for part in parts):
        raise NotDone
    assert len(parts) == count, f"{count} numbers are asked for, not {len(parts)}."
    for part in parts:
        assert hasattr(part, "__float__"), f"{part!r} is no number; {count} numbers are asked for."
        assert math.isfinite(float(part)), f"{part} is no finite number."
    return [float(part) for part in parts]


def one_number(got):
    """What a learner's function returned, as a float. Raises AssertionError for a row of numbers."""
    got = as_tensor(got)
    assert got.numel() == 1, f"one number is asked for, and these are {got.numel()}: take the mean."
    return float(got)


def as_tensor(got):
    """A tensor without a gradient, also of an array, a number, or a list of numbers or of tensors."""
    if isinstance(got, tuple | list) and got and all(isinstance(part, torch.Tensor) for part in got):
        got = torch.stack(list(got))
    return torch.as_tensor(got).detach()


def check_equilibrium(answer):
    """What the best discriminator answers to a perfect generator, and its loss."""
    chance, loss = numbers(answer, 2)
    assert chance != 1, "D cannot be sure of anything: fakes and data have the same density everywhere."
    assert chance != 0, "D cannot call everything fake: half of what it sees is real."
    assert 0 < chance < 1, "D answers with a probability, a number from 0 to 1."
    assert math.isclose(chance, 0.5), f"with q = p, p / (p + q) is not {chance:g}."
    assert loss >= 0, "the loss is −V, and no logarithm of a chance is above 0: the sign is turned."
    assert not math.isclose(loss, math.log(2), rel_tol=5e-3), \
        "log 2 is the loss of one kind of picture; D pays it for the real ones and for the fakes."
    assert not math.isclose(loss, 2, rel_tol=5e-3), "this is in bits; the chapter's logarithm is the natural one."
    assert loss != 0, "a loss of 0 is a D that is always sure and always right."
    assert not math.isclose(loss, math.log10(4), rel_tol=5e-3), \
        "this is the logarithm to base ten; the chapter's is the natural one."
    assert math.isclose(loss, math.log(4), abs_tol=0.015), \
        f"D pays −log D for the real pictures and −log(1 − D) for the fakes, and with your D that is not {loss:g}."


bank(Exercise(
    "06.1", kind="predict", minutes=2, level="easy", reference=(0.5, math.log(4)), check=check_equilibrium,
    right=[(0.5, 1.386), (1 / 2, 2 * math.log(2)), [0.5, 1.39], torch.tensor([0.5, 1.3863]), (0.5, 1.4)],
    wrong=[((1, 0), "same density"), ((0.5, 0.693), "one kind"), ((0.5, 0), "always right"),
           ((0.5, -1.386), "sign"), ((0, 1.386), "half of what it sees"), ((50, 1.386), "from 0 to 1"),
           ((0.5, 2), "in bits"), (0.5, "2 numbers"), ((0.5, 0.602), "base ten"), ((0.5, 0.25), "for the fakes"),
           ((0.5, math.nan), "no finite number"), (("1/2", "log 4"), "is no number"), ((0.4, 1.386), "q = p")],
    hints=["Put q = p into p / (p + q).",
           "The loss is −log D for the real ones and −log(1 − D) for the fakes, added. Put your first number into both."],
    explanation="½, and log 4 = 1.386. But a D that has learned nothing says the same, so the number proves nothing."))


def generator_loss(logits):
    """logits (B, 1) that D gives to fakes. Returns the mean of -log D."""
    return F.softplus(-logits).mean()


def loss_by_cross_entropy(logits):
    """Another way: the cross-entropy against the label "real"."""
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def slope_of(answer, logits):
    """The slope of a learner's loss at each logit, like the logits; None where none comes back."""
    logits = logits.clone().requires_grad_()
    try:
        called(answer, logits).sum().backward()
    except (RuntimeError, AttributeError, TypeError):  # a plain number, an array, a tensor cut off by detach
        return None
    return logits.grad


def check_generator_loss(answer):
    """-log D from logits, at ordinary and at extreme values, and its slope at both."""
    logits, distant = torch.tensor([[-3.0], [0.0], [2.0]]), torch.full((2, 1), -200.0)
    got, wanted = one_number(called(answer, logits)), float(F.softplus(-logits).mean())
    assert not math.isclose(got, float(-F.softplus(logits).mean()), rel_tol=1e-4), \
        "this is still log(1 − D), whose slope vanishes where D is sure."
    assert not math.isclose(got, float(F.softplus(logits).mean()), rel_tol=1e-4), \
        "this is −log(1 − D), D's own loss: it would teach G to be found out."
    assert not math.isclose(got, -wanted, rel_tol=1e-4), "the sign is turned: lowering log D makes the fakes worse."
    assert not math.isclose(got, 3 * wanted, rel_tol=1e-4), "this is the sum over the batch; take the mean."
    assert math.isclose(got, wanted, rel_tol=1e-4), f"for logits −3, 0 and 2 it is {wanted:.3f}, not {got:.3f}."
    far = one_number(called(answer, distant))
    assert math.isfinite(far), \
        f"at a logit of −200 it is {far}: sigmoid is 0 there and log 0 infinite, and exp(200) is too large. Use softplus."
    assert math.isclose(far, 200, rel_tol=1e-3), f"at a logit of −200 it should be 200, not {far:.3f}."
    for name, places in (("−3, 0.5 and 2", torch.tensor([[-3.0], [0.5], [2.0]])), ("−200", distant)):
        slope = slope_of(answer, places)
        assert slope is not None, \
            "the number is right, but no slope comes back to G: return a tensor, without item() or detach()."
        assert torch.allclose(slope, -torch.sigmoid(-places) / len(places), atol=1e-4), \
            f"the number is right, but not the slope that comes back to G at {name}: {slope.flatten().tolist()}."


bank(Exercise(
    "06.2", kind="change", minutes=5, level="medium", reference=generator_loss, check=check_generator_loss,
    right=[loss_by_cross_entropy, lambda logits: -F.logsigmoid(logits).mean(),
           lambda logits: F.softplus(-logits.cpu().double()).mean(0),
           lambda logits: (torch.relu(-logits) + torch.log1p(torch.exp(-logits.abs()))).mean(),
           lambda logits: sum(F.softplus(-logit) for logit in logits) / len(logits)],
    wrong=[(lambda logits: -F.softplus(logits).mean(), "still log(1 − D)"),
           (lambda logits: F.softplus(logits).mean(), "found out"),
           (lambda logits: F.logsigmoid(logits).mean(), "sign is turned"),
           (lambda logits: F.softplus(-logits).sum(), "take the mean"),
           (lambda logits: -logits.sigmoid().log().mean(), "log 0"),
           (lambda logits: torch.log(1 + torch.exp(-logits)).mean(), "too large"),
           (lambda logits: -F.softplus(-logits).mean(), "sign is turned"),
           (lambda logits: F.softplus(-logits), "one number is asked for"),
           (lambda logits: F.softplus(-logits).mean().item(), "no slope"),
           (lambda logits: F.softplus(-logits.detach()).mean(), "no slope"),
           (lambda logits: F.softplus(-logits.detach().cpu()).numpy().mean(), "no slope"),
           (lambda logits: F.softplus(-logits.detach()).mean() + 0 * logits.sum(), "not the slope"),
           (lambda logits: torch.where(logits < -50, -logits, -logits.sigmoid().log()).mean(), "at −200")],
    hints=["With D = sigmoid(logit), −log D is softplus(−logit), as where the chapter introduced the logit.",
           "Two signs of the line change: the one inside softplus and the one before it."],
    explanation="At a logit of −200 the slope is still −1: where G is worst it is pulled hardest."))


def distance_on_a_line(some, others):
    """The Wasserstein distance of two sets of n numbers."""
    return (some.sort().values - others.sort().values).abs().mean()


def distance_by_search(some, others):
    """Another way: the best of all pairings, as in two dimensions."""
    from scipy.optimize import linear_sum_assignment
    ways = (some[:, None] - others[None]).abs().cpu().numpy()
    return torch.tensor(ways[linear_sum_assignment(ways)].mean())


def distance_by_shares(some, others):
    """Another way: between two neighbouring numbers, the share that has to pass from one side to the other."""
    every = torch.cat([some, others]).sort().values  # the bounds of the gaps
    shares = [(every[:-1, None] >= points).float().mean(1) for points in (some, others)]
    return float(((shares[0] - shares[1]).abs() * every.diff()).sum())


def pairing_sets():
    """Three pairs of sets: small unsorted ones that mislead a greedy pairing, two sides of 0, and 50 random numbers."""
    draw = torch.Generator().manual_seed(0)
    return [(torch.tensor([5.0, 8.0, 1.0, 6.0]), torch.tensor([1.0, 7.0, 12.0, 2.0])),
            (torch.tensor([-1.0, 1.0]), torch.tensor([0.0, 0.0])),
            (torch.randn(50, generator=draw), 0.5 + 2 * torch.randn(50, generator=draw))]


def pairing_in_turn(some, others):
    """A mistake: each number in turn takes the nearest one that is free."""
    free, way = others.tolist(), 0.0
    for place in some.tolist():
        taken = min(free, key=lambda other: abs(other - place))
        free.remove(taken)
        way += abs(taken - place)
    return way / len(some)


def pairing_by_turning(some, others):
    """A mistake: the best of a few pairings only, those that turn one set round."""
    return min(float((some - others.roll(turn)).abs().mean()) for turn in range(len(some)))


def sorted_in_place(some, others):
    """A mistake: the sets of the caller are changed."""
    some.copy_(some.sort().values)
    others.copy_(others.sort().values)
    return (some - others).abs().mean()


def check_small_distance(got, some, others):
    """The distance of the first pair of sets, by hand; got: one number."""
    def is_like(value):
        return math.isclose(got, float(value), rel_tol=1e-4)

    ways = some.sort().values - others.sort().values
    assert not is_like((some - others).abs().mean()), \
        "this pairs them as they stand; the smallest should go to the smallest."
    assert not is_like((some.sort().values - others).abs().mean()) \
        and not is_like((some - others.sort().values).abs().mean()), "only one of the two sets is in order; both must be."
    assert not is_like(ways.abs().sum()), "this is the sum of the ways; the distance is their mean."
    assert not any(map(is_like, (ways.square().mean(), ways.square().mean().sqrt(), ways.square().sum(), ways.norm()))), \
        "this squares the ways; the Wasserstein distance adds them as they are."
    assert not is_like((some.mean() - others.mean()).abs()), \
        "this is the difference of the two means: ways to the left and to the right must not cancel."
    assert not is_like(pairing_in_turn(some, others)) and not is_like(pairing_in_turn(others, some)), \
        "this lets each number take the nearest free one, and leaves a long way to the last."
    assert got >= 0, "a distance is not negative: take the absolute value of each way."
    assert is_like(ways.abs().mean()), \
        f"for 5, 8, 1, 6 and 1, 7, 12, 2 the mean way of the best pairing is {ways.abs().mean():.0f}, not {got:.3f}."


def check_distance(answer):
    """Against the best pairing, on sets in which order, sign and number matter."""
    for number, (some, others) in enumerate(pairing_sets()):
        ways = (some.double().sort().values - others.double().sort().values).abs()
        given = [points.to(lab.device, copy=True) for points in (some, others)]
        got = one_number(called(answer, *given))
        assert all(torch.equal(mine.cpu(), points) for mine, points in zip(given, (some, others))), \
            "it changes the sets that it is given; the caller still needs them as they were. Work on sorted copies."
        if number == 0:
            check_small_distance(got, some, others)
        assert number != 1 or math.isclose(got, 1.0, rel_tol=1e-4), \
            f"from −1 and 1 to 0 and 0 the mean way is 1, not {got:.3f}: ways to the left and right must not cancel."
        assert math.isclose(got, float(ways.mean()), rel_tol=1e-4), \
            f"on two sets of 50 random numbers the mean way of the best pairing is {ways.mean():.4f}, not {got:.4f}."


bank(Exercise(
    "06.3", kind="build", minutes=10, level="medium", reference=distance_on_a_line, check=check_distance,
    right=[distance_by_search, distance_by_shares,
           lambda some, others: sum(abs(a - b) for a, b in zip(sorted(some.tolist()), sorted(others.tolist()))) / len(some),
           lambda some, others: F.l1_loss(*(points.sort(descending=True)[0] for points in (some, others)))],
    wrong=[(lambda some, others: (some - others).abs().mean(), "as they stand"),
           (lambda some, others: (some.sort().values - others.sort().values).abs().sum(), "their mean"),
           (lambda some, others: (some.sort().values - others.sort().values).square().mean().sqrt(), "squares"),
           (lambda some, others: (some.sort().values - others.sort().values).mean(), "not negative"),
           (lambda some, others: (some.mean() - others.mean()).abs(), "cancel"),
           (lambda some, others: (some.sort().values - others.sort().values).square().mean(), "squares"),
           (lambda some, others: (some.sort().values - others).abs().mean(), "only one"),
           (lambda some, others: (some - others.sort().values).abs().mean(), "only one"),
           (lambda some, others: (some.sort().values - others.sort().values).abs(), "take the mean"),
           (lambda some, others: torch.cdist(some[:, None], others[:, None]).amin(1).mean(), "mean way"),
           (pairing_in_turn, "nearest free one"), (lambda some, others: pairing_in_turn(others, some), "nearest free one"),
           (lambda some, others: pairing_in_turn(some.sort().values, others), "nearest free one"),
           (lambda some, others: (some.sort().values - others.sort().values).abs().median(), "mean way"),
           (pairing_by_turning, "mean way"), (sorted_in_place, "changes the sets")],
    hints=["Put both sets in order first: x.sort() gives two things, of which .values are the numbers of x in order.",
           "Now the two rows stand opposite each other, number by number. A way has a length, to whichever side it leads; "
           "the distance is the mean of these lengths."],
    explanation="On a line sorting is the best pairing, so the distance of two shifted rows is the shift, at every shift."))


def request(z, labels):
    """z (B, inputs) and labels (B,) -> (B, inputs + 10): noise, then the label as ten numbers."""
    return torch.cat([z, F.one_hot(labels, 10).to(z.dtype)], dim=1)


def request_by_index(z, labels):
    """Another way: a row of the identity matrix for each label."""
    return torch.hstack([z, torch.eye(10, device=z.device)[labels]])


def request_in_place(z, labels):
    """Another way: zeros, then a 1 in the right place."""
    whole = torch.zeros(len(z), z.shape[1] + 10, device=z.device)
    whole[:, :z.shape[1]] = z
    whole[torch.arange(len(z)), z.shape[1] + labels] = 1
    return whole


def check_request(answer):
    """Shape, type, the noise untouched and the right place set."""
    noise = torch.rand(5, 100, generator=torch.Generator().manual_seed(0))
    for z, labels in ((torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]), torch.tensor([7, 0, 9])),
                      (noise, torch.tensor([2, 0, 5, 6, 2]))):
        got = as_tensor(called(answer, z.clone(), labels.clone()))
        count, width = z.shape
        assert tuple(got.shape) != (count, width + 1), \
            "the label as one number says that a 9 is nine times a 1; give it ten places."
        assert tuple(got.shape) != (count, width + 7), \
            "among labels up to 6 it makes only seven places: say how many classes there are."
        assert tuple(got.shape) == (count, width + 10), \
            f"{count} requests of {width} + 10 numbers have the shape ({count}, {width + 10}), not {tuple(got.shape)}."
        assert got.is_floating_point(), "these are integers; a linear layer wants floats: .float() makes them."
        assert torch.allclose(got[:, :width].float(), z, atol=1e-3), "the first numbers should be the noise, unchanged."
        marks = got[:, width:]
        assert ((marks == 0) | (marks == 1)).all() and (marks.sum(1) == 1).all(), "exactly one of the ten numbers is 1."
        assert torch.equal(marks.argmax(1), labels), "the 1 stands in another place than the label says."


bank(Exercise(
    "06.4", kind="build", minutes=10, level="easy", reference=request, check=check_request,
    right=[request_by_index, request_in_place, lambda z, labels: torch.cat([z, F.one_hot(labels, 10)], -1),
           lambda z, labels: torch.cat([z, F.one_hot(labels, 10)], 1).cpu().numpy(),
           lambda z, labels: [row + [float(place == label) for place in range(10)]
                              for row, label in zip(z.tolist(), labels.tolist())],
           lambda z, labels: [torch.cat([row, F.one_hot(label, 10)]) for row, label in zip(z, labels)]],
    wrong=[(lambda z, labels: torch.cat([z, labels[:, None].float()], 1), "nine times"),
           (lambda z, labels: torch.cat([F.one_hot(labels, 10).float(), z], 1), "first numbers"),
           (lambda z, labels: torch.cat([z, F.one_hot(labels, 11).float()], 1), "(3, 12)"),
           (lambda z, labels: torch.cat([z, F.one_hot((labels + 1) % 10, 10).float()], 1), "another place"),
           (lambda z, labels: torch.cat([z, F.one_hot(labels).float()], 1), "how many classes"),
           (lambda z, labels: torch.cat([z[:, :90], F.one_hot(labels, 10).float()], 1), "(5, 110)"),
           (lambda z, labels: torch.cat([z, F.one_hot(labels[:1], 10).float().expand(len(z), -1)], 1), "another place"),
           (lambda z, labels: torch.cat([z.long(), F.one_hot(labels, 10)], 1), "integers")],
    hints=["F.one_hot makes such rows of ten from labels, if it is told that there are ten classes. What is their shape?",
           "They hold integers: .float() turns them into floats. torch.cat, with dim=1, sets two blocks side by side, in the "
           "order in which you list them."],
    explanation="D must get the label too, or it could not tell that a good seven is the wrong answer to a request for a two."))


def check_collapsed(answer):
    """What the best D says on a hill with too many fakes, and on one with none."""
    crowded, empty = numbers(answer, 2)
    assert 0 <= crowded <= 1 and 0 <= empty <= 1, "D answers with a probability, a number from 0 to 1."
    assert not math.isclose(crowded, 0.5), "½ needs as many fakes as real points on the hill; here the fakes crowd."
    assert not math.isclose(crowded, 0.8, rel_tol=5e-3), "this is the chance that such a point is a fake; D says how probably it is real."
    assert not math.isclose(crowded, 0.25, rel_tol=5e-3), \
        "this is p / q, or two hills of eight; D compares p with p + q at the place of the point."
    assert crowded != 0, "a fake that sits on a hill lies where real points lie too, so D cannot be sure."
    assert crowded != 1, "the point looks perfect, but so many fakes lie there that D must doubt it."
    assert math.isclose(crowded, 0.2, rel_tol=5e-3), f"which share of the data lies on such a hill, and which of the fakes? {crowded:g} is not p / (p + q)."
    assert empty != 0, "1 is \"real\", 0 is \"fake\": on the other six hills every point is real."
    assert math.isclose(empty, 1, rel_tol=5e-3), f"how many fakes lie on the other six hills? {empty:g} is not p / (p + q) there."


bank(Exercise(
    "06.5", kind="predict", minutes=3, level="medium", reference=(0.2, 1), check=check_collapsed,
    right=[[1 / 5, 1.0], torch.tensor([0.2, 1.0]), (torch.tensor(0.2), 1)],
    wrong=[((0.5, 1), "the fakes crowd"), ((0.8, 1), "is a fake"), ((0.25, 1), "p / q"), ((0, 1), "cannot be sure"),
           ((1, 1), "must doubt"), ((0.2, 0), "every point is real"), ((0.2, 0.5), "how many fakes"), ((20, 100), "probability"),
           ((0.3, 1), "which share of the data")],
    hints=["The width is the same, so on one hill p and q differ only by how many points lie there: which share of the data, which share of the fakes?",
           "An eighth of the data and half of the fakes lie on a crowded hill, an eighth and none on each of the others. Put them into p / (p + q)."],
    explanation="The best D does notice the crowd, yet it gives the same answer all over the hill: no slope leads from there to an empty one."))


def line_critic(x):
    """x (n,), places on the line. A roof: highest in the middle of the real points, falling by 1 on both sides."""
    return -x.abs()


def critic_by_parts(x):
    """Another way: flat among fakes and real points alike where nothing is to be gained, and lifted by 7."""
    return 7 + torch.minimum(3.5 - x, 3.5 + x).clamp(max=3.5)


def row_of(answer, points):
    """A learner's f of points (n,), as double numbers. Raises AssertionError where f asks all points at once."""
    try:
        got = called(answer, points)
    except RuntimeError as error:
        assert "ambiguous" not in str(error), \
            "if, min and max of Python ask one number, and x is a row of them: torch.where(x < 0, this, that) asks each."
        raise
    return as_tensor(got).double().flatten()


def check_critic(answer):
    """The slope nowhere above 1, and the gap as large as the Wasserstein distance."""
    real = torch.linspace(-0.5, 0.5, 101)
    fake = torch.cat([real[1:] - 3, real[1:] + 3])
    draw = torch.Generator().manual_seed(0)  # places at uneven steps, so that no jump falls between them unseen
    places = torch.linspace(-5, 5, 8001) + 0.0003 * (2 * torch.rand(8001, generator=draw) - 1)
    says = row_of(answer, places.clone())
    assert len(says) == 8001, f"one number for each place: 8001 places gave {len(says)}."
    assert says.isfinite().all(), "some of its answers are no finite numbers."
    assert says.max() - says.min() > 1e-4, "it says the same everywhere: a constant tells nobody where the real points are."
    for stride in (40, 1):  # large steps see through rounding, small ones find narrow jumps
        steps = places[::stride].double().diff()
        slopes = says[::stride].diff() / steps
        steepest = slopes.abs().argmax()
        assert (slopes.abs() < 1.005 + 1e-6 * says.abs().max() / steps).all(), \
            f"near x = {places[::stride][steepest]:.2f} its slope is {slopes[steepest]:.2f}: " \
            "steeper than 1, and the gap is no distance any more."
    means = [row_of(answer, points.clone()).mean() for points in (real, fake)]
    gap, distance = float(means[0] - means[1]), float(fake.abs().mean() - real.abs().mean())
    assert gap > -0.05, f"the gap is {gap:.2f}, below zero: it says more of the fakes than of the real points."
    assert gap > 0.05, "the gap is 0: what the fakes on one side add, those on the other take away. Both sides are wrong places."
    assert gap > 0.98 * distance, \
        f"the gap is {gap:.2f}, the distance {distance:.2f}: on some way from the real points to fakes it falls by less than 1 a step."


bank(Exercise(
    "06.6", kind="build", minutes=8, level="medium", reference=line_critic, check=check_critic,
    right=[critic_by_parts, lambda x: torch.where(x < 0, x, -x), lambda x: -(x**2 + 1e-6).sqrt(),
           lambda x: [-abs(place) for place in x.tolist()], lambda x: 1000 - x.abs()[:, None], lambda x: -x.abs_(),
           lambda x: -np.abs(x.cpu().numpy()), lambda x: -0.99 * x.abs().clamp(max=3.5)],
    wrong=[(lambda x: -x**2, "steeper than 1"), (lambda x: -2 * x.abs(), "steeper than 1"),
           (lambda x: (x.abs() < 1.5).float(), "steeper than 1"), (lambda x: x.abs(), "below zero"),
           (lambda x: x, "on one side add"), (lambda x: torch.zeros_like(x), "a constant"), (lambda x: x if x < 0 else -x, "torch.where"),
           (lambda x: 1000 - 1.2 * x.abs(), "steeper than 1"), (lambda x: -1.01 * x.abs(), "1.01: steeper than 1"), (lambda x: -x.abs() + 5 * ((x.abs() - 1.005).abs() < 0.004), "steeper"),
           (lambda x: -x.clamp(min=0), "by less than 1"), (lambda x: -x.abs().tanh(), "by less than 1"),
           (lambda x: -x.abs() / 2, "by less than 1"), (lambda x: -x.abs().mean(), "one number for each")],
    hints=["It should say most where the real points are, and less the farther a point lies from them, to the left and to the right.",
           "From 0 outwards it may fall by 1 a step and no faster: which function of x does that on both sides? Think of x.abs()."],
    explanation="Such a roof has the slope 1 at every fake, near or far: the critic is never flat where G needs a direction."))


def train_judge(real, fake):
    """real, fake (n, 1). Returns a function: points (m, 1) -> the chance (m, 1) that each is real."""
    net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)).to(real.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        loss = F.softplus(-net(real)).mean() + F.softplus(net(fake)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return lambda x: net(x).sigmoid()


def judge_by_bells(real, fake):
    """Another way, without a net: the two densities as piles of narrow bells."""
    def density(x, points):
        return torch.exp(-((x - points.T) / 0.2) ** 2 / 2).mean(1, keepdim=True)
    return lambda x: density(x, real) / (density(x, real) + density(x, fake) + 1e-12)


def judge_by_neighbours(real, fake):
    """Another way: the share of real ones among the hundred nearest points."""
    def judge(x):
        nearest = (x - torch.cat([real, fake]).T).abs().topk(100, largest=False).indices
        return (nearest < len(real)).float().mean(1)
    return judge


def trained(real, fake, net, loss):
    """A net after 150 steps down a loss of its logits on real and fake points."""
    net, optimizer = net.to(real.device), torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        loss(net(real), net(fake)).backward()
        optimizer.step()
    return net


def both_kinds(real, fake):
    """The loss of D: cross-entropy of both kinds, from logits."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def judge_as_module(real, fake):
    """Another way: a module with two hidden layers that ends in a sigmoid."""
    net = trained(real, fake, nn.Sequential(nn.Linear(1, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1)),
                  both_kinds)
    return nn.Sequential(net, nn.Sigmoid())


def judge_by_squares(real, fake):
    """Another way: least squares against 1 and 0 instead of chances; its answers leave 0 to 1 by a hair."""
    net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    net = trained(real, fake, net, lambda real, fake: (real - 1).square().mean() + fake.square().mean())
    return lambda x: net(x).clamp(-0.04, 1.04)


def one_border(real, fake):
    """A mistake: one linear layer, which can draw one border only."""
    return nn.Sequential(trained(real, fake, nn.Linear(1, 1), both_kinds), nn.Sigmoid())


def turned_round(real, fake):
    """A mistake: the labels are exchanged."""
    return train_judge(fake, real)


def logits_only(real, fake):
    """A mistake: logits instead of chances."""
    return trained(real, fake, nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)), both_kinds)


def layers_for_many_games(real, fake):
    """A mistake: layers that want (games, B, inputs), as the chapter's for many games side by side."""
    torch.baddbmm(torch.zeros(1, 1, 1), real, torch.zeros(1, 1, 1))


def straight_line(real, fake):
    """A mistake: a straight line, about the one of least squares, which leaves 0 to 1 far out."""
    return lambda x: 0.65 - 0.2 * x


def untrained(real, fake):
    """A mistake: a net that has seen nothing."""
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1), nn.Sigmoid()).to(real.device)


def judged(answer, mean, spread):
    """Train a judge for one game. Returns places (m,), its chances, the formula's and the weight p + q, each (m,)."""
    draw = torch.Generator().manual_seed(0)
    bell = torch.special.ndtri((torch.arange(1000) + 0.5) / 1000)[:, None]
    real, fake = (centre + width * bell[torch.randperm(1000, generator=draw)] for centre, width in ((0, 1), (mean, spread)))
    x = torch.linspace(-3, 4.5, 151)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            judge = called(answer, real, fake)
            assert callable(judge), "train_judge should return a function (or a net), the trained judge itself."
            got = as_tensor(called(moved(judge, lab.device), x[:, None])).float().flatten()
        except RuntimeError as error:
            assert "batch1" not in str(error) and "3D tensor" not in str(error), \
                "the chapter's net makes layers for many games at once; for one game build it with nn.Sequential and nn.Linear."
            raise
    assert len(got) == 151, f"the judge should give one chance for each point: 151 points gave {len(got)} numbers."
    p, q = (torch.exp(-((x - centre) / width) ** 2 / 2) / width for centre, width in ((0, 1), (mean, spread)))
    return x, got, p / (p + q), (p + q) / (p + q).sum()


def check_judge(answer):
    """Against p / (p + q), for fakes beside the data and for fakes that are too narrow."""
    x, got, wanted, weight = judged(answer, 1.5, 1.0)
    assert got.isfinite().all(), "some of its answers are no finite numbers."
    words = f"no chances: its answers go from {got.min():.3f} to {got.max():.3f}."
    assert got.min() < 0 or got.max() < 1.5, f"{words} A chance is 1 at most, no percentage and not p / q."
    assert got.min() > -0.5 and got.max() < 1.5, f"{words} A logit becomes one with sigmoid."
    assert got.min() >= -0.05 and got.max() <= 1.05, f"{words} A chance does not leave 0 to 1; clamp would keep it there."
    assert got.max() - got.min() > 0.1, "it says the same of every point: it has learned nothing."
    assert got.min() < 0.49 or got.max() > 0.74, \
        f"its answers go from {got.min():.2f} to {got.max():.2f} only, as if sigmoid were used twice."
    assert ((1 - got - wanted).abs() * weight).sum() > 0.05, "turned round: it is sure of \"real\" where the fakes lie."
    between = got[(x > 0.2) & (x < 1.3)]
    assert ((between > 0.05) & (between < 0.95)).float().mean() > 0.5, \
        "between the two bells both kinds are frequent, and it is sure all the same: a chance is asked, not a verdict."
    missed = float(((got - wanted).abs() * weight).sum())
    assert missed < 0.05, f"with the fakes beside the data its answers miss p / (p + q) by {missed:.2f} on average (0.05 may be): train it longer, or differently."
    x, got, wanted, weight = judged(answer, 0.0, 0.4)
    sides = [got[(x > place - 0.2) & (x < place + 0.2)].mean() for place in (-1.8, 1.8)]
    assert min(sides) > 0.7, \
        "with fakes too narrow, real points lie on both sides of them, and it does not say \"real\" there: one border is not enough."
    missed = float(((got - wanted).abs() * weight).sum())
    assert missed < 0.05, f"with too narrow fakes its answers miss p / (p + q) by {missed:.2f} on average (0.05 may be): train it longer, or differently."


bank(Exercise(
    "06.7", kind="build", minutes=15, level="medium", reference=train_judge, check=check_judge,
    right=[judge_by_bells, judge_by_neighbours, judge_as_module, judge_by_squares],
    wrong=[(one_border, "one border"), (turned_round, "turned round"), (logits_only, "with sigmoid"),
           (untrained, "train it longer"), (layers_for_many_games, "nn.Sequential"), (straight_line, "clamp"),
           (lambda real, fake: lambda x: torch.full_like(x, 0.5), "learned nothing"),
           (lambda real, fake: lambda x: 100 * train_judge(real, fake)(x), "no percentage"),
           (lambda real, fake: lambda x: train_judge(real, fake)(x).sigmoid(), "used twice"),
           (lambda real, fake: lambda x: 1 / (1 / train_judge(real, fake)(x) - 1), "not p / q"),
           (lambda real, fake: lambda x: (train_judge(real, fake)(x) > 0.5).float(), "not a verdict"),
           (lambda real, fake: lambda x: torch.exp(-x**2 / 2), "beside the data"),
           (lambda real, fake: train_judge(real, fake)(real), "trained judge itself"),
           (lambda real, fake: lambda x: train_judge(real, fake)(x).mean(), "one chance for each")],
    hints=["The loss is D's in two_player_step; there is no G here, so real and fake stay as they are. Which net can say \"real\" on both sides of the fakes?",
           "A small net with one hidden layer of some thirty units and Tanh or ReLU; the loss with softplus of the judges of "
           "four bell curves; some hundred steps of Adam at a rate of about 0.05.",
           "Such a net gives logits, and chances are asked: return a function of the points that turns the first into the second."],
    explanation="Whatever the design, a good judge ends at p / (p + q): the formula is about the task, not about the net."))


def repair(points, chances):
    """points (n, 2), chances (n,) of the best D. Returns points (m, 2) in the shares of the data."""
    weights = chances / (1 - chances)  # p / q: how much too rare such a point is
    return points[torch.multinomial(weights, 4000, replacement=True)]


def repair_by_refusal(points, chances):
    """Another way: keep a point with a chance that is proportional to p / q."""
    ratio = chances / (1 - chances)
    return points[torch.rand_like(ratio) < ratio / ratio.max()]


def repair_by_steps(points, chances):
    """Another way, without chance: walk along the summed weights in equal steps."""
    ends = (chances / (1 - chances)).cumsum(0)
    steps = (torch.arange(2000, device=points.device) + 0.5) / 2000 * ends[-1]
    return points[torch.searchsorted(ends, steps)]


def crowded_ring(counts):
    """Fakes (n, 2) with these counts on the eight hills, the hill of each, and the best D's chances, both (n,)."""
    angle = torch.arange(8) * torch.pi / 4
    hill = torch.arange(8).repeat_interleave(torch.tensor(counts))
    draw = torch.Generator().manual_seed(0)
    hill = hill[torch.randperm(len(hill), generator=draw)]
    points = 2 * torch.stack([angle.cos(), angle.sin()], 1)[hill] + 0.02 * torch.randn(len(hill), 2, generator=draw)
    own = torch.tensor(counts) / sum(counts)
    return points, hill, (0.125 / (0.125 + own))[hill]


def shares_after(answer, points, hill, chances):
    """The shares (8,) of the hills among the points that a learner's repair chose; none of them may be new."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        got = as_tensor(called(answer, points.clone(), chances.clone()))
    assert got.ndim == 2 and got.shape[1] == 2, f"points (m, 2) are asked for, not the shape {tuple(got.shape)}."
    assert len(got) >= 1000, f"at least 1,000 points are asked for, not {len(got)}."
    known, order = points.view(torch.int64).flatten().sort()  # the two numbers of a point as one
    chosen = got.float().contiguous().view(torch.int64).flatten()
    place = torch.searchsorted(known, chosen).clamp(max=len(known) - 1)
    assert (known[place] == chosen).all(), "some of these points G never drew: choose among the points that you are given."
    return hill[order[place]].bincount(minlength=8) / len(got)


def check_repair(answer):
    """The shares of the hills after the repair of two crowds; and only points that G drew."""
    counts = [500 * number for number in range(1, 9)]
    own = torch.tensor(counts) / sum(counts)
    shares = shares_after(answer, *crowded_ring(counts))
    words = ", ".join(f"{100 * share:.0f}" for share in shares)
    assert (shares - own).abs().max() > 0.02, f"the hills have {words} percent: still the shares of G."
    assert shares[7] < 0.235, f"the hills have {words} percent: what G draws too often is drawn still more often."
    assert shares.min() > 0.01, \
        f"the hills have {words} percent, some are gone: a point below ½ is not a bad point, there are only too many of its kind."
    assert shares[0] < shares[7] + 0.1, f"the hills have {words} percent: now the rare ones crowd. You went too far."
    leaning = own / (0.125 + own)  # the shares that the weights D would give
    assert (shares - leaning / leaning.sum()).abs().max() > 0.025, \
        f"the hills have {words} percent, better and not even: D is p / (p + q), and the points come with density q, not p + q."
    assert (shares - 0.125).abs().max() < 0.05, f"each hill should have about 12.5 percent; yours have {words}."
    shares = shares_after(answer, *crowded_ring([2700, 2800, 2900, 250, 3000, 3100, 3200, 3300]))
    words = ", ".join(f"{100 * share:.0f}" for share in shares)
    assert (shares - 0.125).abs().max() < 0.05, \
        f"one crowd is mended, another not: with about twelve times fewer points on one hill than on each other, they have {words} percent."


bank(Exercise(
    "06.8", kind="build", minutes=15, level="hard", reference=repair, check=check_repair,
    right=[repair_by_refusal, repair_by_steps, lambda points, chances: list(repair(points, chances)[:1200]),
           lambda points, chances: repair(points, chances).cpu().double().numpy(),
           lambda points, chances: points[torch.multinomial(1 / (1 / chances - 1), 1000)]],
    wrong=[(lambda points, chances: points, "still the shares of G"),
           (lambda points, chances: points[chances > 0.5], "some are gone"),
           (lambda points, chances: points[torch.multinomial(chances, 4000, replacement=True)], "not p + q"),
           (lambda points, chances: points[torch.rand_like(chances) < chances], "not p + q"),
           (lambda points, chances: points[torch.multinomial(1 - chances, 4000, replacement=True)], "still more often"),
           (lambda points, chances: points[torch.multinomial((chances / (1 - chances)) ** 2, 4000, replacement=True)], "too far"),
           (lambda points, chances: torch.multinomial(chances, 4000, replacement=True), "points (m, 2)"),
           (lambda points, chances: points[chances.topk(500).indices], "at least 1,000"),
           (lambda points, chances: points[:4000] + 0.01, "never drew"),
           (lambda points, chances: points[torch.multinomial(chances**2, 4000, replacement=True)], "another not"),
           (lambda points, chances: points[torch.multinomial((chances / (1 - chances)).sqrt(), 4000, replacement=True)], "not even")],
    hints=["A hill that has twice its share should lose half of its points. By which number would you multiply how often a point is drawn?",
           "By p / q, what the data have there against what G has. D* is p / (p + q): solve it for p / q.",
           "1 / D is (p + q) / p: take 1 away, and turn the fraction over. torch.multinomial draws the numbers of points with "
           "such weights, the same one more than once if replacement=True."],
    explanation="A perfect D knows how wrong G is at every point that G draws. A hill that G never draws no weight brings back."))
