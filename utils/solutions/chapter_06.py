"""The exercises of chapter 06, generative adversarial networks."""
import math

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
    return [float(part) for part in parts]


def check_equilibrium(answer):
    """What the best discriminator answers to a perfect generator, and its loss."""
    chance, loss = numbers(answer, 2)
    assert chance != 1, "D cannot be sure of anything: fakes and data have the same density everywhere."
    assert chance != 0, "D cannot call everything fake: half of what it sees is real."
    assert 0 < chance < 1, "D answers with a probability, a number from 0 to 1."
    assert math.isclose(chance, 0.5), f"p / (p + q) with p = q is not {chance:g}."
    assert loss >= 0, "the loss is −V, and V is −log 4: the sign is turned."
    assert not math.isclose(loss, math.log(2), rel_tol=5e-3), \
        "log 2 is the loss of one kind of picture; D pays it for the real ones and for the fakes."
    assert not math.isclose(loss, 2, rel_tol=5e-3), "this is in bits; the chapter's logarithm is the natural one."
    assert loss != 0, "a loss of 0 is a D that is always sure and always right."
    assert math.isclose(loss, math.log(4), rel_tol=5e-3), f"−log ½ − log ½ is not {loss:g}."


bank(Exercise(
    "06.1", kind="predict", minutes=2, level="easy", reference=(0.5, math.log(4)), check=check_equilibrium,
    right=[(0.5, 1.386), (1 / 2, 2 * math.log(2)), [0.5, 1.39], torch.tensor([0.5, 1.3863])],
    wrong=[((1, 0), "same density"), ((0.5, 0.693), "one kind"), ((0.5, 0), "always right"),
           ((0.5, -1.386), "sign"), ((0, 1.386), "half of what it sees"), ((50, 1.386), "from 0 to 1"),
           ((0.5, 2), "in bits"), (0.5, "2 numbers")],
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
    right=[loss_by_cross_entropy, lambda logits: -F.logsigmoid(logits).mean(),
           lambda logits: F.softplus(-logits.cpu().double()).mean().item()],
    wrong=[(lambda logits: -F.softplus(logits).mean(), "still log(1 − D)"),
           (lambda logits: F.softplus(logits).mean(), "found out"),
           (lambda logits: F.logsigmoid(logits).mean(), "sign is turned"),
           (lambda logits: F.softplus(-logits).sum(), "take the mean"),
           (lambda logits: -logits.sigmoid().log().mean(), "log 0")],
    hints=["D = sigmoid(logit), and −log sigmoid(a) is softplus(−a).", "One sign inside softplus, one before it."],
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


def check_distance(answer):
    """Against the best pairing, on sets in which order, sign and number matter."""
    some, others = torch.tensor([3.0, 0.0, 5.0]), torch.tensor([1.0, 4.0, 9.0])
    got = float(called(answer, some.clone(), others.clone()))
    assert not math.isclose(got, float((some - others).abs().mean()), rel_tol=1e-4), \
        "this pairs them as they stand; the smallest should go to the smallest."
    assert not math.isclose(got, 6.0, rel_tol=1e-4), "this is the sum of the ways; the distance is their mean."
    assert not math.isclose(got, 6.0**0.5, rel_tol=1e-4), \
        "this squares the ways; the Wasserstein distance adds them as they are."
    assert got >= 0, "a distance is not negative: take the absolute value of each way."
    assert math.isclose(got, 2.0, rel_tol=1e-4), f"0 to 1, 3 to 4 and 5 to 9 make 2 on average, not {got:.3f}."
    both_sides = float(called(answer, torch.tensor([-1.0, 1.0]), torch.tensor([0.0, 0.0])))
    assert math.isclose(both_sides, 1.0, rel_tol=1e-4), \
        f"from −1 and 1 to 0 and 0 the mean way is 1, not {both_sides:.3f}: ways to the left and right must not cancel."


bank(Exercise(
    "06.3", kind="build", minutes=10, level="medium", reference=distance_on_a_line, check=check_distance,
    right=[distance_by_search, distance_by_shares],
    wrong=[(lambda some, others: (some - others).abs().mean(), "as they stand"),
           (lambda some, others: (some.sort().values - others.sort().values).abs().sum(), "their mean"),
           (lambda some, others: (some.sort().values - others.sort().values).square().mean().sqrt(), "squares"),
           (lambda some, others: (some.sort().values - others.sort().values).mean(), "not negative"),
           (lambda some, others: (some.mean() - others.mean()).abs(), "cancel")],
    hints=["Put both sets in order first: x.sort().values are the numbers of x in order.",
           "Subtract the two sorted rows, take abs(), then mean()."],
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
    "06.4", kind="build", minutes=10, level="easy", reference=request, check=check_request,
    right=[request_by_index, request_in_place],
    wrong=[(lambda z, labels: torch.cat([z, labels[:, None].float()], 1), "nine times"),
           (lambda z, labels: torch.cat([F.one_hot(labels, 10).float(), z], 1), "first numbers"),
           (lambda z, labels: torch.cat([z, F.one_hot(labels, 11).float()], 1), "(3, 12)"),
           (lambda z, labels: torch.cat([z, F.one_hot((labels + 1) % 10, 10).float()], 1), "another place")],
    hints=["F.one_hot(labels, 10) has the shape (B, 10).",
           "It holds integers: make floats of them with .float(), then torch.cat([z, ...], dim=1)."],
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
    assert math.isclose(crowded, 0.2, rel_tol=5e-3), f"p and q are an eighth and a half there; {crowded:g} is not p / (p + q)."
    assert empty != 0, "1 is \"real\", 0 is \"fake\": on the other six hills every point is real."
    assert math.isclose(empty, 1, rel_tol=5e-3), f"no fake ever lies on the other six hills, q is 0 there: not {empty:g}."


bank(Exercise(
    "06.5", kind="predict", minutes=3, level="medium", reference=(0.2, 1), check=check_collapsed,
    right=[[1 / 5, 1.0], torch.tensor([0.2, 1.0]), (torch.tensor(0.2), 1)],
    wrong=[((0.5, 1), "the fakes crowd"), ((0.8, 1), "is a fake"), ((0.25, 1), "p / q"), ((0, 1), "cannot be sure"),
           ((1, 1), "must doubt"), ((0.2, 0), "every point is real"), ((0.2, 0.5), "q is 0"), ((20, 100), "probability"),
           ((0.3, 1), "an eighth and a half")],
    hints=["The width is the same, so on one hill p and q differ only by how many points lie there: which share of the data, which share of the fakes?",
           "An eighth of the data and half of the fakes lie on a crowded hill, an eighth and none on each of the others. Put them into p / (p + q)."],
    explanation="The best D does notice the crowd, yet it gives the same answer all over the hill: no slope leads from there to an empty one."))


def line_critic(x):
    """x (n,), places on the line. A roof: highest in the middle of the real points, falling by 1 on both sides."""
    return -x.abs()


def critic_by_parts(x):
    """Another way: flat among fakes and real points alike where nothing is to be gained, and lifted by 7."""
    return 7 + torch.minimum(3.5 - x, 3.5 + x).clamp(max=3.5)


def check_critic(answer):
    """The slope nowhere above 1, and the gap as large as the Wasserstein distance."""
    real = torch.linspace(-0.5, 0.5, 101)
    fake = torch.cat([real[1:] - 3, real[1:] + 3])
    places = torch.linspace(-5, 5, 401)
    says = torch.as_tensor(called(answer, places)).detach().double().flatten()
    assert len(says) == 401, f"one number for each place: 401 places gave {len(says)}."
    slopes = says.diff() / places.diff()
    steepest = slopes.abs().argmax()
    assert slopes.isfinite().all(), "some of its answers are no finite numbers."
    assert slopes.abs().max() < 1.01, \
        f"near x = {places[steepest]:.1f} its slope is {slopes[steepest]:.1f}: steeper than 1, and the gap is no distance any more."
    means = [torch.as_tensor(called(answer, points)).detach().double().mean() for points in (real, fake)]
    gap, distance = float(means[0] - means[1]), float(fake.abs().mean() - real.abs().mean())
    assert gap > -0.05, f"the gap is {gap:.2f}, below zero: it says more of the fakes than of the real points."
    assert gap > 0.05, "the gap is 0: what the fakes on one side add, those on the other take away. Both sides are wrong places."
    assert gap > 0.98 * distance, \
        f"the gap is {gap:.2f}, the distance {distance:.2f}: on some way from the real points to fakes it falls by less than 1 a step."


bank(Exercise(
    "06.6", kind="build", minutes=8, level="medium", reference=line_critic, check=check_critic,
    right=[critic_by_parts, lambda x: torch.where(x < 0, x, -x), lambda x: -(x**2 + 1e-6).sqrt(),
           lambda x: [-abs(place) for place in x.tolist()]],
    wrong=[(lambda x: -x**2, "steeper than 1"), (lambda x: -2 * x.abs(), "steeper than 1"),
           (lambda x: (x.abs() < 1.5).float(), "steeper than 1"), (lambda x: x.abs(), "below zero"),
           (lambda x: x, "on one side add"), (lambda x: torch.zeros_like(x), "gap is 0"),
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


def one_border(real, fake):
    """A mistake: one linear layer, which can draw one border only."""
    return nn.Sequential(trained(real, fake, nn.Linear(1, 1), both_kinds), nn.Sigmoid())


def turned_round(real, fake):
    """A mistake: the labels are exchanged."""
    return train_judge(fake, real)


def logits_only(real, fake):
    """A mistake: logits instead of chances."""
    return trained(real, fake, nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)), both_kinds)


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
        judge = called(answer, real, fake)
        assert callable(judge), "train_judge should return a function (or a net), the trained judge itself."
        got = torch.as_tensor(called(moved(judge, lab.device), x[:, None])).detach().float().flatten()
    assert len(got) == 151, f"the judge should give one chance for each point: 151 points gave {len(got)} numbers."
    p, q = (torch.exp(-((x - centre) / width) ** 2 / 2) / width for centre, width in ((0, 1), (mean, spread)))
    return x, got, p / (p + q), (p + q) / (p + q).sum()


def check_judge(answer):
    """Against p / (p + q), for fakes beside the data and for fakes that are too narrow."""
    x, got, wanted, weight = judged(answer, 1.5, 1.0)
    assert got.isfinite().all() and got.min() >= 0 and got.max() <= 1, \
        f"no chances: its answers go from {got.min():.1f} to {got.max():.1f}. A logit becomes one with sigmoid."
    assert got.max() - got.min() > 0.1, "it says the same of every point: it has learned nothing."
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
    right=[judge_by_bells, judge_by_neighbours, judge_as_module],
    wrong=[(one_border, "one border"), (turned_round, "turned round"), (logits_only, "with sigmoid"),
           (untrained, "train it longer"),
           (lambda real, fake: lambda x: torch.full_like(x, 0.5), "learned nothing"),
           (lambda real, fake: lambda x: (train_judge(real, fake)(x) > 0.5).float(), "not a verdict"),
           (lambda real, fake: lambda x: torch.exp(-x**2 / 2), "beside the data"),
           (lambda real, fake: train_judge(real, fake)(real), "trained judge itself"),
           (lambda real, fake: lambda x: train_judge(real, fake)(x).mean(), "one chance for each")],
    hints=["The loss is D's in two_player_step; there is no G here, so real and fake stay as they are. Which net can say \"real\" on both sides of the fakes?",
           "A net 1 → 32 → 1 with Tanh or ReLU, softplus(-net(real)).mean() + softplus(net(fake)).mean(), some hundred steps of Adam at a rate of about 0.05.",
           "The net gives logits; return lambda x: net(x).sigmoid()."],
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


def crowded_ring():
    """Fakes (18000, 2) with 500, 1000, ... 4000 points on the eight hills, their hills, and the best D's chances."""
    angle = torch.arange(8) * torch.pi / 4
    hill = torch.arange(8).repeat_interleave(500 * torch.arange(1, 9))
    draw = torch.Generator().manual_seed(0)
    hill = hill[torch.randperm(len(hill), generator=draw)]
    points = 2 * torch.stack([angle.cos(), angle.sin()], 1)[hill] + 0.02 * torch.randn(len(hill), 2, generator=draw)
    return points, hill, 0.125 / (0.125 + (hill + 1) / 36)


def check_repair(answer):
    """The shares of the hills after the repair; and only points that G drew."""
    points, hill, chances = crowded_ring()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        got = torch.as_tensor(called(answer, points.clone(), chances.clone())).detach()
    assert got.ndim == 2 and got.shape[1] == 2, f"points (m, 2) are asked for, not the shape {tuple(got.shape)}."
    assert len(got) >= 1000, f"at least 1,000 points are asked for, not {len(got)}."
    known = {tuple(point): int(number) for point, number in zip(points.tolist(), hill)}
    found = [known.get(tuple(point)) for point in got.float().tolist()]
    assert None not in found, "some of these points G never drew: choose among the points that you are given."
    own = torch.arange(1, 9) / 36
    shares = torch.tensor(found).bincount(minlength=8) / len(found)
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


bank(Exercise(
    "06.8", kind="build", minutes=15, level="hard", reference=repair, check=check_repair,
    right=[repair_by_refusal, repair_by_steps],
    wrong=[(lambda points, chances: points, "still the shares of G"),
           (lambda points, chances: points[chances > 0.5], "some are gone"),
           (lambda points, chances: points[torch.multinomial(chances, 4000, replacement=True)], "not p + q"),
           (lambda points, chances: points[torch.rand_like(chances) < chances], "not p + q"),
           (lambda points, chances: points[torch.multinomial(1 - chances, 4000, replacement=True)], "still more often"),
           (lambda points, chances: points[torch.multinomial((chances / (1 - chances)) ** 2, 4000, replacement=True)], "too far"),
           (lambda points, chances: torch.multinomial(chances, 4000, replacement=True), "points (m, 2)"),
           (lambda points, chances: points[chances.topk(500).indices], "at least 1,000"),
           (lambda points, chances: points[:4000] + 0.01, "never drew")],
    hints=["A hill that has twice its share should lose half of its points. By which number would you multiply how often a point is drawn?",
           "By p / q, what the data have there against what G has. D* is p / (p + q): solve it for p / q.",
           "p / q = D / (1 − D). torch.multinomial(weights, 4000, replacement=True) draws 4,000 numbers of points with these weights."],
    explanation="A perfect D knows how wrong G is at every point that G draws. A hill that G never draws no weight brings back."))
