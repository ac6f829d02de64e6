"""Exercises of chapter 02, backpropagation: the course's answers, the checks, and known mistakes."""
import math

import torch
from torch import Tensor

from utils.device import lab
from utils.exercises import Exercise, NotDone, bank, called

# 02.1 predict: the largest gradient
NAMES = [f"{source} → {unit}" for unit in ("h1", "h2") for source in ("in1", "in2", "bias")]
NAMES += ["h1 → out", "h2 → out", "bias → out"]


def check_largest(name: str) -> None:
    """The bias of the output: the largest blame times the largest activity, 1."""
    assert isinstance(name, str), f'The answer is a name such as "in1 → h2"; this is {type(name).__name__}.'
    name = " ".join(name.replace("->", "→").replace("→", " → ").split())
    assert name in NAMES, f"There is no weight {name!r}; the nine are {', '.join(NAMES)}."
    assert not name.endswith(("h1", "h2")), \
        "Blame shrinks on its way down: a hidden unit's was multiplied by h (1 − h), which is at most a quarter."
    assert name == "bias → out", \
        "The right unit, but a hidden activity is below 1, and one input of the output is always 1."


bank(Exercise(
    "02.1", kind="predict", minutes=3, level="easy", reference="bias → out", check=check_largest,
    right=["bias->out", "bias→out"],
    hints=["A gradient is the blame of the unit above times the activity below. Which unit has the largest blame?",
           "The output. Of the three activities it sees, two are between 0 and 1."],
    wrong=[("h1 → out", "always 1"), ("h2 → out", "always 1"), ("in1 → h1", "Blame shrinks"), ("bias → h2", "Blame shrinks"),
           ("out", "no weight"), (8, "a name")],
    explanation="The output has the largest blame, and its bias is the weight of an input that is always 1; "
                "the hidden activities are smaller. Lower layers get less blame here: each step down multiplies by "
                "h (1 − h), at most a quarter, which will matter when nets become deep."))


# 02.2 change: a setting that makes symmetry learnable from nearly every start
PAPER = dict(rate=0.1, momentum=0.9, spread=0.3)
PATTERNS = (torch.arange(64)[:, None] >> torch.arange(5, -1, -1) & 1).float()
MIRRORED = (PATTERNS == PATTERNS.flip(1)).all(1, keepdim=True).float()


def symmetry_starts(rate: float, momentum: float, spread: float, starts: int = 20, sweeps: int = 5000) -> int:
    """How many of `starts` 6-2-1 nets solve the symmetry task with these settings. A few seconds."""
    draw = torch.Generator().manual_seed(1986)
    below, above = (spread * (2 * torch.rand(starts, *shape, generator=draw) - 1) for shape in ((2, 7), (1, 3)))
    inputs, one = torch.cat([PATTERNS, torch.ones(64, 1)], 1), torch.ones(starts, 64, 1)
    speed, done = [torch.zeros_like(below), torch.zeros_like(above)], torch.zeros(starts, dtype=torch.bool)
    for _ in range(sweeps):
        seen = torch.cat([torch.sigmoid(inputs @ below.mT), one], -1)
        outputs = torch.sigmoid(seen @ above.mT)
        done |= ((outputs - MIRRORED).abs() < 0.5).flatten(1).all(1)
        if done.all():
            break
        blame = (outputs - MIRRORED) * outputs * (1 - outputs)
        under = (blame @ above * seen * (1 - seen))[..., :2]
        for weights, gradient, moving in zip((below, above), (under.mT @ inputs, blame.mT @ seen), speed):
            moving.mul_(momentum).sub_(rate * gradient)
            weights.add_(moving)
    return int(done.sum())


def check_settings(settings: dict) -> None:
    """At least 19 of 20 starts, with one number changed; messages say which way it went wrong."""
    assert isinstance(settings, dict) and set(settings) == set(PAPER), \
        "The settings are a dict with rate, momentum and spread."
    assert all(isinstance(value, int | float) for value in settings.values()), "The three settings are numbers."
    changed = [name for name in PAPER if settings[name] != PAPER[name]]
    assert changed, "These are the letter's own settings, with which a large share of the starts fails. Change one."
    assert len(changed) == 1, f"Change one number, not {len(changed)} ({', '.join(changed)}): else you cannot tell which one helped."
    rate, momentum, spread = (settings[name] for name in PAPER)
    assert rate != 0.05, "That is the one the chapter gave away. It works; now find another."
    assert rate > 0 and 0 <= momentum < 1 and spread > 0, \
        "The rate and the spread are above 0, and the momentum is at least 0 and below 1."
    enough = symmetry_starts(rate, momentum, spread) >= 19
    assert enough or rate <= 0.1, "Larger steps throw even more starts onto the plateau 'never symmetric'. Go the other way."
    assert enough or rate == 0.1, "Now the steps are so small that 5,000 sweeps are not enough. Less far."
    assert enough or momentum <= 0.9, "More momentum makes each step larger in the end: rate / (1 − momentum). Go the other way."
    assert enough or momentum == 0.9, "With so little momentum the steps are too small: 5,000 sweeps are not enough for most starts."
    assert enough or spread <= 0.3, "Larger starting weights push the output towards 0 or 1, where its slope vanishes: more starts fail."
    assert enough, "A smaller start alone does not help enough: it is the size of the step that throws the nets onto the plateau."


bank(Exercise(
    "02.2", kind="change", minutes=5, level="medium", reference=dict(PAPER, momentum=0.8), check=check_settings,
    right=[dict(PAPER, rate=0.04)],
    hints=["The failed starts jump onto 'never symmetric' in the first sweeps. What decides how far a net jumps?",
           "The rate, divided by (1 − momentum). Halve it, one way or the other."],
    wrong=[(PAPER, "letter's own"), (dict(PAPER, rate=0.3), "Larger steps"), (dict(PAPER, momentum=0.0), "so little momentum"),
           (dict(PAPER, spread=1.0), "slope vanishes"), (dict(PAPER, rate=0.0001), "Less far"),
           (dict(rate=0.05, momentum=0.5, spread=0.3), "Change one number"), (dict(PAPER, rate=0.05), "gave away"), (0.05, "a dict")],
    explanation="With momentum α a steady slope moves the weights by rate / (1 − α) a sweep: 1.0 in the letter, and half "
                "of that is safe. The published settings worked; they were near the edge of those that do."))


# 02.3 build: backwards through a layer of tanh units
def tanh_backward(slope: Tensor, outputs: Tensor, inputs: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Blame with the derivative of tanh, 1 − y²; then one matrix product each."""
    blame = slope * (1 - outputs**2)
    return blame.T @ inputs, blame @ weights


def near(one: Tensor, other: Tensor) -> bool:
    """Equal to about five digits: all that single precision promises after a product."""
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def check_tanh_backward(function) -> None:  # noqa: ANN001
    """Against autograd, with the mistakes of a wrong or a missing derivative and of a mean."""
    draw = torch.Generator().manual_seed(2)
    inputs, weights, slope = (torch.randn(*shape, generator=draw) for shape in ((5, 3), (2, 3), (5, 2)))
    x, w = inputs.clone().requires_grad_(), weights.clone().requires_grad_()
    outputs = torch.tanh(x @ w.T)
    true_w, true_x = torch.autograd.grad(outputs, (w, x), slope)
    y = outputs.detach()
    answer = called(function, slope.clone(), y.clone(), inputs.clone(), weights.clone())
    assert isinstance(answer, tuple | list) and len(answer) == 2, "It returns two arrays: dE/dW and dE/dinputs."
    found_w, found_x = (torch.as_tensor(part, dtype=torch.float32).detach() for part in answer)
    assert found_w.shape == (2, 3), f"dE/dW has the shape of W, (2, 3); yours is {tuple(found_w.shape)}."
    assert found_x.shape == (5, 3), f"dE/dinputs has the shape of the inputs, (5, 3); yours is {tuple(found_x.shape)}."
    for mistake, message in (((slope * y * (1 - y)), "That is the derivative of the logistic function; tanh has 1 − y²."),
                             (slope, "The slope is dE/dy. It becomes blame only when multiplied by dy/dx = 1 − y²."),
                             (slope * (1 - torch.tanh(y)**2), "The outputs are already tanh of the sums: do not apply tanh again.")):
        assert not near(found_w, mistake.T @ inputs), message
    assert not near(found_w, true_w / 5), "The error is a sum over the cases; do not take the mean."
    assert near(found_w, true_w), "dE/dW differs from autograd's: it is blame^T @ inputs."
    assert not near(found_x, slope @ weights), "dE/dW is right; for dE/dinputs it is the blame that goes down, not the slope."
    assert near(found_x, true_x), "dE/dW is right, dE/dinputs is not: send the blame down through the weights."


bank(Exercise(
    "02.3", kind="build", minutes=10, level="medium", reference=tanh_backward, check=check_tanh_backward,
    hints=["First turn the slope into blame: multiply by dy/dx, which for tanh is 1 − y².",
           "dE/dW is (out, in): blame.T @ inputs. dE/dinputs is (B, in): blame @ weights."],
    right=[lambda slope, y, x, w: (torch.einsum("bo,bi->oi", slope * (1 - y * y), x), torch.einsum("bo,oi->bi", slope * (1 - y * y), w)),
           lambda slope, y, x, w: [part.double() for part in tanh_backward(slope, y, x, w)]],
    wrong=[(lambda slope, y, x, w: ((slope * y * (1 - y)).T @ x, (slope * y * (1 - y)) @ w), "logistic"),
           (lambda slope, y, x, w: (slope.T @ x, slope @ w), "becomes blame"),
           (lambda slope, y, x, w: (x.T @ (slope * (1 - y**2)), (slope * (1 - y**2)) @ w), "shape of W"),
           (lambda slope, y, x, w: ((slope * (1 - y**2)).T @ x / len(x), (slope * (1 - y**2)) @ w), "do not take the mean"),
           (lambda slope, y, x, w: ((slope * (1 - y**2)).T @ x, slope @ w), "not the slope"),
           (lambda slope, y, x, w: ((slope * (1 - torch.tanh(y)**2)).T @ x, (slope * (1 - torch.tanh(y)**2)) @ w), "do not apply tanh again"),
           (lambda slope, y, x, w: (slope * (1 - y**2)).T @ x, "two arrays")],
    explanation="Blame = slope × (1 − y²), and then the same two products as in `backward`. Any unit with a bounded "
                "derivative will do, as the letter says; only that one factor changes."))


# 02.4 build: parity by counting
def parity_net() -> tuple[Tensor, Tensor]:
    """Hidden unit k is on when at least k of the four inputs are; the output goes up, down, up, down."""
    hidden = torch.tensor([[20.0, 20, 20, 20, -20 * (k - 0.5)] for k in (1, 2, 3, 4)])
    return hidden, torch.tensor([[20.0, -20, 20, -20, -10]])


def check_parity_net(function) -> None:  # noqa: ANN001
    """All 16 patterns within 0.1, with the mistakes of one-sided outputs and missing biases."""
    answer = called(function)
    assert isinstance(answer, tuple | list) and len(answer) == 2, "It returns two arrays, hidden and output weights."
    hidden, output = (torch.as_tensor(layer, dtype=torch.float32) for layer in answer)
    assert hidden.shape == (4, 5), f"The hidden weights are (4, 5): four units, four inputs and a bias. Yours are {tuple(hidden.shape)}."
    assert output.shape == (1, 5), f"The output weights are (1, 5): four hidden units and a bias. Yours are {tuple(output.shape)}."
    four = (torch.arange(16)[:, None] >> torch.arange(4) & 1).float()
    units = torch.sigmoid(four @ hidden[:, :4].T + hidden[:, 4])
    found = torch.sigmoid(units @ output[0, :4] + output[0, 4])
    count = four.sum(1).int()
    assert found[0] < 0.5, "With no input on the output is on: give the output a negative bias, and the hidden units thresholds above 0."
    assert not (output[0, :4] > 0).all(), \
        "All output weights are positive: once on, it stays on. The second unit that switches on must take back what the first gave."
    bad = ((found > 0.5) != (count % 2 == 1)).nonzero().flatten()
    assert not len(bad), f"With {int(count[bad[0]])} inputs on it answers {int(found[bad[0]] > 0.5)}. Check what each hidden unit counts to."
    assert ((found - (count % 2).float()).abs() < 0.1).all(), "The answers are right but not sure: larger weights make the units steeper."


def scaled(below: float, above: float, signs: tuple = (1, -1, 1, -1), half: float = 0.5) -> tuple[Tensor, Tensor]:
    """Parity nets like the course's with other numbers, for right and wrong answers."""
    hidden = torch.tensor([[below] * 4 + [-below * (k - half)] for k in (1, 2, 3, 4)])
    return hidden, torch.tensor([[above * sign for sign in signs] + [-above / 2]])


def falling() -> list:
    """Another right answer: units that switch off as the count grows. All on at 0: −24 + 24 − 24 + 24 − 12 < 0."""
    return [[[-30.0] * 4 + [30 * (k - 0.5)] for k in (1, 2, 3, 4)], [[-24.0, 24, -24, 24, -12]]]


bank(Exercise(
    "02.4", kind="build", minutes=15, level="hard", reference=parity_net, check=check_parity_net,
    hints=["Let hidden unit k say 'at least k': all four weights equal, and a bias of minus (k − ½) times that weight.",
           "The output adds the first, takes back the second, adds the third, takes back the fourth; its bias is minus a half step."],
    right=[lambda: scaled(40.0, 30.0), falling],
    wrong=[(lambda: scaled(20.0, 20.0, signs=(1, 1, 1, 1)), "take back"), (lambda: scaled(20.0, 20.0, half=1.5), "thresholds above 0"),
           (lambda: (torch.ones(4, 4), torch.ones(1, 4)), "(4, 5)"), (lambda: scaled(20.0, 2.0), "not sure"),
           (lambda: scaled(20.0, 20.0, signs=(-1, 1, -1, 1)), "answers 0")],
    explanation="Hidden units count, the output alternates: what chapter 1 showed one layer cannot do with fewer than all "
                "inputs, two layers do with four counters. The 1986 chapter reports that training finds counting units too."))


# 02.5 predict: which weights get a gradient at the first step
LAYERS = ("hidden", "output", "both", "none")


def check_first_gradients(answer) -> None:  # noqa: ANN001
    """Three words, one for each start; messages say which of the factors of a gradient was overlooked."""
    words = list(answer.values()) if isinstance(answer, dict) else answer
    assert isinstance(words, tuple | list) and len(words) == 3, "The answer is three words, one for each of the starts a, b and c."
    if any(word is ... for word in words):
        raise NotDone
    words = [word.strip().lower() if isinstance(word, str) else word for word in words]
    strange = [word for word in words if word not in LAYERS]
    assert not strange, f"The words are {', '.join(LAYERS)}; {strange[0]!r} is none of them."
    a, b, c = words
    assert a != "none", "Start a: with all weights at 0 a logistic unit stands at one half, not at 0. So there is blame, and activity to multiply it with."
    for name, word in (("a", a), ("b", b)):
        assert word == "output", f"Start {name}: what reaches the hidden units is the blame above times the *weight* between (7). How large is that weight?"
    assert c != "none", "Start c: the output is not yet at its label, so it has blame."
    assert c != "hidden", "Start c: hidden units without weights stand at one half. Is that activity zero?"
    assert c == "both", "Start c: blame reaches the hidden units through the random weights, and y (1 − y) is a quarter there, not zero."


bank(Exercise(
    "02.5", kind="predict", minutes=4, level="medium", reference=("output", "output", "both"), check=check_first_gradients,
    right=[["Output", "output", "both"], dict(a="output", b="output", c="both")],
    hints=["A weight's gradient is the blame above times the activity below. What is the activity of a logistic unit whose sum is 0?",
           "Equation (7) sends blame down *through* the output weights. In starts a and b these are 0."],
    wrong=[(("none", "none", "none"), "one half"), (("output", "both", "both"), "times the *weight*"), (("both", "output", "both"), "Start a"),
           (("output", "hidden", "both"), "Start b"), (("output", "output", "output"), "a quarter there"),
           (("output", "output", "hidden"), "Is that activity zero"), (("output", "output", "none"), "not yet at its label"),
           ("both", "three words"), (("first", "output", "both"), "none of them")],
    explanation="Blame goes down through the weights above, so zeros there stop it: in a and b the hidden units learn nothing at "
                "the first step. Zeros below stop nothing, for a unit without input stands at one half; but then the two hidden "
                "units are alike in activity, and only different weights above can part them."))


# 02.6 build: gradients by nudging, the slow judge of a fast rule
def by_nudging(error, weights: Tensor) -> Tensor:  # noqa: ANN001
    """One weight at a time, a little up and a little down: the difference of the errors over the way between."""
    gradient, small = torch.zeros_like(weights), 1e-4
    for i in range(len(weights)):
        nudge = torch.zeros_like(weights)
        nudge[i] = small
        gradient[i] = (error(weights + nudge) - error(weights - nudge)) / (2 * small)
    return gradient


def nudged_in_place(step: float = 1e-4, way: float = 2e-4, back: bool = True, sign: int = 1):  # noqa: ANN201
    """Nudging that changes the array it was given, for right answers (all put back) and wrong ones."""
    def gradient(error, weights: Tensor) -> list:  # noqa: ANN001
        """A list of slopes, by changing one place after the other."""
        slopes = []
        for i in range(len(weights)):
            weights[i] += step
            up = float(error(weights))
            weights[i] -= 2 * step
            slopes.append(sign * (up - float(error(weights))) / way)
            weights[i] += step if back else 0
        return slopes
    return gradient


def one_sided(step: float, way: float):  # noqa: ANN201
    """The error after a nudge up, less the error before it."""
    def gradient(error, weights: Tensor) -> Tensor:  # noqa: ANN001
        """Slopes (n,), with n + 1 errors in place of 2 n."""
        before = error(weights)
        return torch.stack([(error(weights + step * row) - before) / way for row in torch.eye(len(weights)).to(weights)])
    return gradient


def by_autograd(error, weights: Tensor) -> Tensor:  # noqa: ANN001
    """What the exercise is to judge, and so not an answer to it."""
    weights = weights.clone().requires_grad_()
    return torch.autograd.grad(error(weights), weights)[0]


def all_at_once(error, weights: Tensor) -> Tensor:  # noqa: ANN001
    """A mistake: every weight is nudged at the same time."""
    return (error(weights + 1e-4) - error(weights - 1e-4)) / 2e-4 * torch.ones_like(weights)


def xor_error(weights: Tensor) -> Tensor:
    """Error of a 2-2-1 net on the four points of XOR. weights (9,): three for each unit, the bias last."""
    corners = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]).to(weights)
    hidden = torch.sigmoid(corners @ weights[:6].view(2, 3).T)
    outputs = torch.sigmoid(hidden @ weights[6:8] + weights[8])
    return (outputs - torch.tensor([0, 1, 1, 0]).to(weights)).square().sum() / 2


def plain_error(weights: Tensor) -> Tensor:
    """The error as the learner gets it: it answers no weights that autograd watches."""
    assert not torch.as_tensor(weights).requires_grad, \
        "This asks autograd, whose answers we want to judge. Nudge the weights and look at the error instead."
    return xor_error(weights)


def check_by_nudging(function) -> None:  # noqa: ANN001
    """Within 2 % of the largest slope; a constant factor, a step too large, weights not put back are named."""
    weights = 1.5 * torch.randn(9, generator=torch.Generator().manual_seed(26))
    weights = weights if lab.device.type == "mps" else weights.double()  # Apple's chips know no doubles
    given, true = weights.clone(), by_autograd(xor_error, weights).double()
    answer = called(function, plain_error, given)
    parts = [float(part) for part in answer] if isinstance(answer, tuple | list) else answer
    found = torch.as_tensor(parts, dtype=torch.float64).detach()
    assert found.shape == (9,), f"Nine weights have nine slopes, (9,); yours is {tuple(found.shape)}."
    assert torch.allclose(given, weights, rtol=0, atol=1e-9), "Afterwards the weights are not what they were: put each one back before the next."
    assert found.abs().max() > 0 and found.isfinite().all(), "All slopes are 0, or some are no numbers: is the step too small for the arithmetic?"
    assert not torch.allclose(found, found[:1].expand(9)), "All nine are the same: nudge one weight at a time, so that you know which one did it."
    off, most = (found - true).abs().max(), true.abs().max()
    factor = float(found @ true / (true @ true))
    alike = float((found - factor * true).norm() / found.norm()) < 0.02
    assert not (alike and factor < 0), "The sign is turned: a slope above 0 means that the error grows with the weight."
    assert not (alike and 1.9 < factor < 2.1), "Twice too large: from below to above the weight moves by two steps, not by one."
    assert not (alike and 0.48 < factor < 0.52), "Half of what it should be: by how much was the weight moved between the two errors?"
    assert off < 0.02 * most or not alike, f"All are {factor:.2g} times the true slopes: divide by how far the weight was moved."
    assert off < 0.02 * most, f"The worst slope is off by {float(off / most):.0%} of the largest: the step is too large, or so small that rounding eats it."


bank(Exercise(
    "02.6", kind="build", minutes=10, level="medium", reference=by_nudging, check=check_by_nudging,
    right=[nudged_in_place(), one_sided(1e-5, 1e-5)],
    hints=["For weight i: the error with the weight a little larger, less the error with it a little smaller. All others stay.",
           "Divide by the whole way between the two, 2 × the step. A step of 1e-4 is small enough, and far above rounding."],
    wrong=[(nudged_in_place(way=1e-4), "Twice too large"), (nudged_in_place(way=1.0), "how far the weight was moved"),
           (nudged_in_place(back=False), "put each one back"), (nudged_in_place(sign=-1), "sign is turned"), (all_at_once, "one weight at a time"),
           (one_sided(1e-4, 2e-4), "Half of what"), (one_sided(1.0, 1.0), "too large"), (by_autograd, "asks autograd"),
           (lambda error, weights: error(weights), "(9,)"), (one_sided(1e-20, 1e-20), "too small")],
    explanation="Two forward passes a weight: far too slow to train with, and simple enough to be trusted. It is the usual test "
                "of a backward pass that somebody wrote by hand, on a small net and in double precision."))


# 02.7 build: fence in a disc
def fence() -> tuple[Tensor, Tensor]:
    """Three units, each on at one side of a line 0.43 from the middle; the output is on where all three are."""
    turns = torch.tensor([90.0, 210.0, 330.0]).deg2rad()
    hidden = 50 * torch.stack([-turns.cos(), -turns.sin(), torch.full((3,), 0.43)], 1)
    return hidden, torch.tensor([[20.0, 20, 20, -50]])


def fenced(units: int, *, apart: float = 0.43, side: int = 1, needed: float | None = None, steep: float = 50.0) -> tuple[Tensor, Tensor]:
    """Fences like the course's with other numbers, for right and wrong answers. needed: how many units must be on."""
    turns = 2 * math.pi * torch.arange(units) / units
    hidden = side * steep * torch.stack([-turns.cos(), -turns.sin(), torch.full((units,), apart)], 1)
    needed = units - 0.5 if needed is None else needed
    return hidden, torch.tensor([[20.0] * units + [-20 * needed]])


def outside_units() -> list:
    """Another right answer: four units that switch on outside, and veto an output that is on by itself."""
    return [[[40, 0, -20], [-40, 0, -20], [0, 40, -20], [0, -40, -20]], [[-20, -20, -20, -20, 10]]]


def check_fence(function) -> None:  # noqa: ANN001
    """On in a disc of radius 0.4, off from 0.9 outwards, with at most four units."""
    answer = called(function)
    assert isinstance(answer, tuple | list) and len(answer) == 2, "It returns two arrays, hidden and output weights."
    hidden, output = (torch.as_tensor(layer, dtype=torch.float32).detach() for layer in answer)
    units = len(hidden)
    assert hidden.ndim == 2 and hidden.shape[1] == 3, f"The hidden weights are (n, 3): two inputs and a bias. Yours are {tuple(hidden.shape)}."
    assert output.shape == (1, units + 1), f"For {units} hidden units the output weights are (1, {units + 1}), bias last. Yours are {tuple(output.shape)}."
    assert units <= 4, f"{units} units would do, but fewer are enough: at most four."
    turns = torch.arange(360).deg2rad()
    places = torch.stack([turns.cos(), turns.sin(), torch.ones(360)], 1)

    def on(radius: float) -> Tensor:
        """Which of 360 points at this distance from the middle are on: (360,)."""
        seen = torch.sigmoid(places * torch.tensor([radius, radius, 1.0]) @ hidden.T)
        return torch.sigmoid(seen @ output[0, :-1] + output[0, -1]) > 0.5

    inside, beyond = (torch.stack([on(radius) for radius in radii]) for radii in ((0.0, 0.2, 0.4), (0.9, 1.0, 1.2)))
    assert inside.any() or not beyond.any(), "Inside out: off within the disc and on around it. Turn the signs of one of the layers."
    assert inside.any(), "No point of the disc is on. How many hidden units are on in the middle, and does their sum reach above 0?"
    assert not beyond.all(), "Everything is on, far away too: the output must need all units that say 'inside', not some of them."
    leak = int(beyond.any(0).float().argmax())
    assert not beyond.any() or units > 2, f"{units} lines leave a way out: at {leak} degrees it is on. A strip is open at both ends."
    assert not beyond.any(), f"The fence is open at {leak} degrees. Is a line missing there, or does the output forgive one unit that is off?"
    gap = int((~inside).any(0).float().argmax())
    assert inside.all(), f"Part of the disc is off, at {gap} degrees. A line is nearer to the middle than 0.4, or the units are not steep enough."


bank(Exercise(
    "02.7", kind="build", minutes=15, level="hard", reference=fence, check=check_fence,
    right=[lambda: fenced(3), lambda: fenced(4, apart=0.5), outside_units],
    hints=["A unit with weights −cos t, −sin t and a bias of 0.43 is on where the point is less than 0.43 away in the direction t. "
           "Multiply all three by 50, and its edge is sharp.",
           "Three directions, 120 degrees apart. The output is 'all three': equal weights, and a bias between minus two and minus three of them."],
    wrong=[(lambda: fenced(2), "open at both ends"), (lambda: fenced(1), "leave a way out"), (lambda: fenced(3, needed=0.5), "Everything is on"),
           (lambda: fenced(4, apart=0.5, needed=2.5), "fence is open"), (lambda: fenced(3, apart=0.2), "Part of the disc"),
           (lambda: fenced(3, needed=3.5), "No point"), (lambda: fenced(3, side=-1, needed=0.5), "Inside out"),
           (lambda: fenced(8), "at most four"), (lambda: (torch.ones(3, 2), torch.ones(1, 4)), "(n, 3)"),
           (lambda: (torch.ones(3, 3), torch.ones(1, 3)), "(1, 4)")],
    explanation="A hidden unit is a line, and the output combines half-planes: three of them enclose a region, two never do. The "
                "playground's nets found such triangles by themselves."))
