"""The exercises of chapter 09, the epilogue."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from utils.device import lab
from utils.exercises import Exercise, NotDone, bank, called


def as_tensor(answer):
    """A tensor, or lists and tuples of numbers or tensors, as one tensor."""
    if isinstance(answer, list | tuple):
        return torch.stack([as_tensor(part) for part in answer])
    return torch.as_tensor(answer)


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
    "09.1", kind="predict", minutes=3, level="medium", reference=4.0, check=check_factor, right=[4, FACTOR],
    wrong=[((1 / 0.9) ** 0.076, "exponent is 1/0.076"), (10 ** (1 / 0.076), "nine tenths"), (0.25, "above 1"),
           (0.1 / 0.076, "exponential"), (10, "gives 0.839")],
    hints=["Write it down: nine tenths of the loss must be left, so factor ** -0.076 = 0.9.",
           "Take logarithms of both sides: -0.076 * log(factor) = log(0.9)."],
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
    got = as_tensor(called(answer, weight, down, up, 0.5)).float()
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
    hints=["F.linear(x, W) is x @ W.T; the layer's change of it is scale * (x @ down.T) @ up.T.",
           "Which product of up and down, of the shape of W, has down.T @ up.T for its transpose?"],
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
    hints=["The slope of log2 against the years counts doublings a year; months for one doubling are 12 over it.",
           "x = years - years.mean(), and y is the same for log2 of the values; the slope is the sum of x * y over the sum of x * x.",
           "Turned over and times 12: (x * x).sum() stands above, (x * y).sum() below."],
    explanation="6 months: two doublings a year. Over the logarithms every factor counts the same, small years and large."))


def check_hundredfold(answer):
    """Ten times the parameters and ten times the text cost a hundred times as much."""
    if any(part is ... for part in answer):
        raise NotDone
    n, d = (float(part) for part in answer)
    assert n * d < 9000, "that costs ten thousand times as much: the cost, 6 N D, is a product."
    assert n != 50 or d != 50, "two factors that are multiplied, not two shares that are added."
    assert abs(n * d - 100) < 1, f"{n:g} times the parameters and {d:g} times the text cost {n * d:g} times as much, not 100."
    assert n < 99, "that spends all on the network, as one did before 2022."
    assert d < 99, "that spends all on the text; by the rule the network doubles when the text does."
    assert abs(n - d) < 0.1, "by the rule both double together, so both factors are the same."


bank(Exercise(
    "09.5", kind="predict", minutes=3, level="easy", reference=(10, 10), check=check_hundredfold,
    right=[[10.0, 10.0], torch.tensor([10, 10])],
    wrong=[((100, 100), "ten thousand"), ((50, 50), "added"), ((100, 1), "all on the network"), ((1, 100), "all on the text"),
           ((20, 5), "both double"), ((2, 2), "cost 4 times")],
    hints=["The cost is 6 N D. If N is multiplied by n and D by d, by what is the cost multiplied?",
           "Whenever N doubles, D doubles: after any number of doublings both factors are the same."],
    explanation="Ten and ten. GPT-3's successors need not be a hundred times larger for a hundred times the bill, but they need ten times the text."))


def best_size(budget, floor, a, alpha, b, beta):
    """The N that makes floor + a / N**alpha + b / D**beta least when 6 N D is the budget."""
    sizes = torch.logspace(3, 16, 5000, dtype=torch.float64)
    losses = floor + a / sizes**alpha + b / (budget / (6 * sizes))**beta
    return sizes[losses.argmin()].item()


def best_by_formula(budget, floor, a, alpha, b, beta):
    """Another way: set the derivative along 6 N D = budget to zero."""
    return (alpha * a / (beta * b) * (budget / 6) ** beta) ** (1 / (alpha + beta))


def best_by_thirds(budget, floor, a, alpha, b, beta):
    """Another way: throw away the worse third of an interval of logarithms, again and again."""
    def loss(power):
        return floor + a / 10 ** (alpha * power) + b / (budget / (6 * 10**power)) ** beta

    low, high = 1.0, math.log10(budget)
    for _ in range(100):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return torch.tensor(10**low)


LAWS = (("the fit of 2024", (1.8172, 482.01, 0.3478, 2085.43, 0.3658)), ("the printed fit", (1.69, 406.4, 0.34, 410.7, 0.28)),
        ("a law of other constants", (1.0, 100.0, 0.5, 400.0, 0.5)))


def check_best_size(answer):
    """Judged by the loss: a size may be a little off, as the valley is flat, but not by a factor of two."""
    for name, law in LAWS:
        for budget in (5.76e23, 1e19):
            got = called(answer, budget, *law)
            assert not isinstance(got, list | tuple), "return one number, the parameters N; the pieces follow from it."
            got, best = float(got), best_by_formula(budget, *law)
            of = f"{name}, {budget:g} operations"
            assert got > 0 and math.isfinite(got), f"{of}: {got} is no number of parameters."
            assert not math.isclose(got, budget / 6 / best, rel_tol=0.05) or math.isclose(got, best, rel_tol=0.2), \
                f"{of}: that is the number of pieces D; asked is N."
            assert not math.isclose(got, budget / 6, rel_tol=0.01), f"{of}: so large a network can read one piece."
            assert not math.isclose(got, (budget / 120) ** 0.5, rel_tol=0.02) or math.isclose(got, best, rel_tol=0.2), \
                f"{of}: twenty pieces each is what came out for one fit and one budget; let the constants decide."
            loss, least = (expected(n, budget, *law) for n in (got, best))
            words = "larger networks that read less" if got < best else "smaller networks that read more"
            assert loss - least < 0.002 * (least - law[0]), \
                f"{of}: {got:.2g} parameters give {loss:.4f}, and {words} do better. Do you try sizes on both sides of the valley?"


def expected(n, budget, floor, a, alpha, b, beta):
    """The law's loss for n parameters that read what the budget leaves."""
    return floor + a / n**alpha + b / (budget / (6 * n)) ** beta


def without_budget(budget, floor, a, alpha, b, beta):
    """A wrong answer: the number of pieces does not fall when the network grows."""
    sizes = torch.logspace(9, 12.5, 500, dtype=torch.float64)
    return sizes[(floor + a / sizes**alpha + b / 300e9**beta).argmin()].item()


def in_the_chapters_range(budget, floor, a, alpha, b, beta):
    """A wrong answer: only sizes from 10**9 on, which do for large budgets."""
    sizes = torch.logspace(9, 12.5, 500, dtype=torch.float64)
    return sizes[expected(sizes, budget, floor, a, alpha, b, beta).argmin()].item()


bank(Exercise(
    "09.6", kind="build", minutes=10, level="medium", reference=best_size, check=check_best_size,
    right=[best_by_formula, best_by_thirds],
    wrong=[(without_budget, "smaller networks"), (in_the_chapters_range, "smaller networks"), (lambda *given: 70e9, "1e+19"),
           (lambda budget, *law: budget / 6 / best_size(budget, *law), "asked is N"),
           (lambda budget, *law: (budget / 120) ** 0.5, "twenty pieces"),
           (lambda budget, *law: (best_size(budget, *law), 1), "one number"),
           (lambda budget, *law: budget / 6, "one piece"), (lambda budget, *law: best_size(budget, *law) / 3, "larger networks")],
    hints=["A size N leaves D = budget / (6 N) pieces: with that, the loss depends on N alone.",
           "Try many sizes on a logarithmic scale, torch.logspace, from very small to very large; small budgets want small networks.",
           "argmin says which of the losses is least; return the size at that place, as one number."],
    explanation="Too small cannot learn the text, too large has no operations left to read it. The balance moves with the budget."))


def even_handed(scores, empty):
    """scores (N, 2) of blame and praise, empty (2,) the same without a review -> (N,), True for praise."""
    fair = scores - empty  # what the review adds to what the prompt says anyway
    return fair[:, 1] > fair[:, 0]


def even_handed_by_chances(scores, empty):
    """Another way: divide the chances by those of the empty review, as numbers 0 and 1."""
    return (scores.exp() / empty.exp()).argmax(1).tolist()


REVIEWS = {"nine of ten are praise": [2.0, 1.0, 0.5, 3.0, 1.5, 0.7, 2.5, 1.2, 0.6, -1.0], "all are blame": [-1.0, -0.5, -2.0],
           "one review": [0.8], "half and half": [1.0, -1.0, 0.4, -0.4, 2.0, -2.0]}


def leaning(pushes, lean):
    """Scores (N, 2) of reviews that push towards praise by so many nats, under a prompt that leans; and its empty review."""
    pushes = torch.tensor(pushes)
    both = -4 - torch.arange(len(pushes)) % 3  # how likely the two kinds of words are at all differs by review
    empty = torch.tensor([-5.0, -5.0 + lean])
    return torch.stack([both - pushes / 2, both + pushes / 2 + lean], 1), empty


def check_even_handed(answer):
    """Prompts that lean towards praise, towards blame, and not at all; the truth is known."""
    for lean in (0.0, 6.0, -6.0):
        towards = "leans to neither side" if not lean else f"leans to {'praise' if lean > 0 else 'blame'}"
        for name, pushes in REVIEWS.items():
            scores, empty = leaning(pushes, lean)
            got, truth = as_tensor(called(answer, scores.clone(), empty.clone())), torch.tensor(pushes) > 0
            words = f"The prompt {towards}, and of the reviews {name}:"
            assert tuple(got.shape) == truth.shape, f"one verdict for each review, {tuple(truth.shape)}, not {tuple(got.shape)}."
            assert ((got == 0) | (got == 1)).all(), "the verdict is True or False, or 1 or 0."
            got = got.bool()
            if torch.equal(got, truth):
                continue
            assert not torch.equal(got, ~truth), f"{words} every verdict is turned round; True is praise."
            assert not torch.equal(got, scores[:, 1] > scores[:, 0]), \
                f"{words} the lean still decides. What does the prompt say with no review in it, and is that taken away?"
            assert not torch.equal(got, scores[:, 1] > empty[1]), \
                f"{words} the score of praise alone depends on how likely such words are at all; compare it with that of blame."
            right = (got == truth).sum()
            raise AssertionError(f"{words} {right} of {len(truth)} verdicts are right. Each review is to be judged by itself.")


def by_the_median(scores, empty):
    """A wrong answer: half of the reviews must be praise."""
    margin = scores[:, 1] - scores[:, 0]
    return margin >= margin.median()


bank(Exercise(
    "09.7", kind="build", minutes=10, level="medium", reference=even_handed, check=check_even_handed, right=[even_handed_by_chances],
    wrong=[(lambda scores, empty: scores.argmax(1), "lean still decides"), (by_the_median, "by itself"),
           (lambda scores, empty: scores[:, 1] > empty[1], "compare it with that of blame"),
           (lambda scores, empty: (scores + empty).argmax(1), "taken away"),
           (lambda scores, empty: (scores - empty).argmin(1), "turned round"),
           (lambda scores, empty: (scores - empty).argmax(), "one verdict"),
           (lambda scores, empty: scores[:, 1] - scores[:, 0] - empty[1] + empty[0], "True or False")],
    hints=["`empty` is what the prompt says of a review that is not there: its lean, and nothing else.",
           "Log chances: to divide two chances is to subtract their logarithms. What does the review add to `empty`?",
           "Compare what it adds to praise with what it adds to blame."],
    explanation="What a prompt says without a review is its prejudice, and it can be measured and taken away. What a review adds is the evidence."))


class Adapter(nn.Module):
    """A frozen layer, and after it a detour through a bottleneck that begins by adding nothing."""

    def __init__(self, layer, width, bottleneck):
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.down, self.up = nn.Linear(width, bottleneck), nn.Linear(bottleneck, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x):
        states = self.layer(x)
        return states + self.up(F.gelu(self.down(states)))


class Detour(nn.Module):
    """Another way: beside the layer instead of behind it, with bare matrices and no kink."""

    def __init__(self, layer, width, bottleneck):
        super().__init__()
        self.layer = layer
        self.down = nn.Parameter(torch.randn(width, bottleneck) / width**0.5)
        self.up = nn.Parameter(torch.zeros(bottleneck, width))

    def forward(self, x):
        with torch.no_grad():
            states = self.layer(x)
        return states + x @ self.down @ self.up


class Lora(nn.Module):
    """Another way: LoRA's two thin matrices beside the layer, with a scale."""

    def __init__(self, layer, width, bottleneck):
        super().__init__()
        self.frozen, self.scale = layer.requires_grad_(False), 8 / bottleneck
        self.down = nn.Parameter(torch.randn(bottleneck, width) * width**-0.5)
        self.up = nn.Parameter(torch.zeros(width, bottleneck))

    def forward(self, x):
        return self.frozen(x) + self.scale * (x @ self.down.T) @ self.up.T


class Bent(Adapter):
    """Another way: a ReLU for the bend, with normalisation before the way down."""

    def __init__(self, layer, width, bottleneck):
        super().__init__(layer, width, bottleneck)
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        states = self.layer(x)
        return states + self.up(F.relu(self.down(self.norm(states))))


class NoDetour(Adapter):
    """A wrong answer: the bottleneck stands in the way, not beside it."""

    def forward(self, x):
        return self.up(F.gelu(self.down(self.layer(x))))


class BothZero(Adapter):
    """A wrong answer: no gradient reaches either matrix."""

    def __init__(self, layer, width, bottleneck):
        super().__init__(layer, width, bottleneck)
        for weights in self.down.parameters():
            nn.init.zeros_(weights)


class BareZeros(Detour):
    """A wrong answer: two matrices of zeros, so that nothing ever moves."""

    def __init__(self, layer, width, bottleneck):
        super().__init__(layer, width, bottleneck)
        nn.init.zeros_(self.down)


class Narrow(Detour):
    """A wrong answer: the bottleneck that was asked for is not used."""

    def __init__(self, layer, width, bottleneck):
        super().__init__(layer, width, 1)


class NotFrozen(Adapter):
    """A wrong answer: the layer moves as well."""

    def __init__(self, layer, width, bottleneck):
        super().__init__(layer, width, bottleneck)
        self.layer.requires_grad_(True)


class NotAtRest(Adapter):
    """A wrong answer: the detour adds something from the start."""

    def __init__(self, layer, width, bottleneck):
        super().__init__(layer, width, bottleneck)
        self.up.reset_parameters()


class Broad(Adapter):
    """A wrong answer: no bottleneck."""

    def __init__(self, layer, width, bottleneck):
        super().__init__(layer, width, width)


class ShiftOnly(Adapter):
    """A wrong answer: one constant vector is learned."""

    def forward(self, x):
        return self.layer(x) + self.up.bias


class InAList(nn.Module):
    """A wrong answer: a list hides its layers from parameters()."""

    def __init__(self, layer, width, bottleneck):
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.parts = [nn.Linear(width, bottleneck), nn.Linear(bottleneck, width)]
        nn.init.zeros_(self.parts[1].weight)
        nn.init.zeros_(self.parts[1].bias)

    def forward(self, x):
        states = self.layer(x)
        return states + self.parts[1](self.parts[0](states))


def adaptation(width):
    """A layer, inputs x (256, width), and what an adapted layer should say: a thin change of what it says now."""
    layer = nn.Sequential(nn.Linear(width, width), nn.Tanh())
    x = torch.randn(256, width)
    with torch.no_grad():
        wanted = layer(x) + x @ torch.randn(width, 2) @ torch.randn(2, width) / width
    return layer.to(lab.device), x.to(lab.device), wanted.to(lab.device)


def taught(model, x, wanted, steps=150, rate=0.02):
    """Train by Adam, written out; the share of the squared error that is left."""
    first = F.mse_loss(model(x).detach(), wanted)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    assert weights, "nothing in the module can be trained: are its layers attributes of the module (self.down = ...)?"
    slow, square = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
    for step in range(1, steps + 1):
        loss = F.mse_loss(model(x), wanted)
        assert loss.requires_grad, "no gradient flows from the answer to the new weights."
        found = torch.autograd.grad(loss, weights, allow_unused=True)
        with torch.no_grad():
            for weight, grad, mean, spread in zip(weights, found, slow, square):
                if grad is not None:
                    mean += 0.1 * (grad - mean)
                    spread += 0.01 * (grad**2 - spread)
                    weight -= rate * mean / (1 - 0.9**step) / ((spread / (1 - 0.99**step)).sqrt() + 1e-8)
    return float(F.mse_loss(model(x).detach(), wanted) / first)


def check_adapter(answer):
    """By what it does: it begins as the layer, leaves it alone, moves few numbers, and learns a thin change."""
    with torch.random.fork_rng():
        torch.manual_seed(9)
        layer, x, wanted = adaptation(width=32)
        said, before = layer(x).detach().clone(), [weight.detach().clone() for weight in layer.parameters()]
        model = called(answer, layer, 32, 4)
        assert isinstance(model, nn.Module), f"Adapter(...) should make a module of torch, not {type(model).__name__}."
        model, layer = model.to(lab.device).eval(), layer.to(lab.device)
        begins = called(model, x)
        assert begins.shape == x.shape, f"256 rows of width 32 come back as {tuple(begins.shape)}."
        gap = float((begins.detach() - said.cpu()).abs().max())
        assert gap < 1e-4, f"untrained it should say what the layer says, but differs by up to {gap:.2f}: the detour must begin by adding zero."
        old = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        left = taught(model, x, wanted)
    assert all(torch.equal(one, two) for one, two in zip(before, layer.parameters())), "the layer's own weights moved: freeze them."
    moved = sum(weight.numel() for name, weight in model.named_parameters() if not torch.equal(weight, old[name]))
    assert moved <= 400, f"{moved:,} numbers moved; through a bottleneck of 4, at a width of 32, some 300 are enough."
    added = called(model, x).detach() - said.cpu()
    assert float(added.std(0).max()) > 1e-4, "after 150 steps it still adds the same to every row, or nothing: what it adds must " \
        "come from the row, through the bottleneck. (Where both matrices begin at zero, neither ever gets a gradient.)"
    assert left < 0.3, f"after 150 steps {100 * left:.0f} % of the error are left; a bottleneck of 4 can do with less than 30 %."


bank(Exercise(
    "09.8", kind="build", minutes=20, level="hard", reference=Adapter, check=check_adapter, right=[Detour, Lora, Bent],
    wrong=[(NoDetour, "begin by adding zero"), (BothZero, "both matrices begin at zero"), (BareZeros, "both matrices begin at zero"), (Narrow, "of the error are left"), (NotFrozen, "weights moved"), (Broad, "numbers moved"),
           (NotAtRest, "begin by adding zero"), (ShiftOnly, "come from the row"), (InAList, "attributes of the module"),
           (lambda layer, width, bottleneck: 3, "module of torch"),
           (lambda layer, width, bottleneck: layer, "weights moved")],
    hints=["What comes out is what the layer says *plus* a detour: down to the bottleneck, a bend, up again.",
           "Two nn.Linear, width to bottleneck and back. Which of them must be zero at the start, and why not both?",
           "Freeze the layer with requires_grad_(False); set weight and bias of the way up to zero with nn.init.zeros_."],
    explanation="Some hundred numbers, and the layer itself is untouched: for another task, another adapter is put in its place."))
