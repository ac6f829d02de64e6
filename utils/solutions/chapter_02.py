"""Exercises of chapter 02, backpropagation: the course's answers, the checks, and known mistakes."""
import torch
from torch import Tensor

from utils.exercises import Exercise, bank, called

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


def check_tanh_backward(function) -> None:  # noqa: ANN001
    """Against autograd, with the mistakes of a wrong or a missing derivative and of a mean."""
    draw = torch.Generator().manual_seed(2)
    inputs, weights, slope = (torch.randn(*shape, generator=draw, dtype=torch.float64) for shape in ((5, 3), (2, 3), (5, 2)))
    x, w = inputs.clone().requires_grad_(), weights.clone().requires_grad_()
    outputs = torch.tanh(x @ w.T)
    true_w, true_x = torch.autograd.grad(outputs, (w, x), slope)
    y = outputs.detach()
    answer = called(function, slope.clone(), y.clone(), inputs.clone(), weights.clone())
    assert isinstance(answer, tuple | list) and len(answer) == 2, "It returns two arrays: dE/dW and dE/dinputs."
    found_w, found_x = answer
    assert found_w.shape == (2, 3), f"dE/dW has the shape of W, (2, 3); yours is {tuple(found_w.shape)}."
    assert found_x.shape == (5, 3), f"dE/dinputs has the shape of the inputs, (5, 3); yours is {tuple(found_x.shape)}."
    for mistake, message in (((slope * y * (1 - y)), "That is the derivative of the logistic function; tanh has 1 − y²."),
                             (slope, "The slope is dE/dy. It becomes blame only when multiplied by dy/dx = 1 − y²."),
                             (slope * (1 - torch.tanh(y)**2), "The outputs are already tanh of the sums: do not apply tanh again.")):
        assert not torch.allclose(found_w, mistake.T @ inputs), message
    assert not torch.allclose(found_w, true_w / 5), "The error is a sum over the cases; do not take the mean."
    assert torch.allclose(found_w, true_w), "dE/dW differs from autograd's: it is blame^T @ inputs."
    assert not torch.allclose(found_x, slope @ weights), "dE/dW is right; for dE/dinputs it is the blame that goes down, not the slope."
    assert torch.allclose(found_x, true_x), "dE/dW is right, dE/dinputs is not: send the blame down through the weights."


bank(Exercise(
    "02.3", kind="build", minutes=10, level="medium", reference=tanh_backward, check=check_tanh_backward,
    hints=["First turn the slope into blame: multiply by dy/dx, which for tanh is 1 − y².",
           "dE/dW is (out, in): blame.T @ inputs. dE/dinputs is (B, in): blame @ weights."],
    right=[lambda slope, y, x, w: (torch.einsum("bo,bi->oi", slope * (1 - y * y), x), torch.einsum("bo,oi->bi", slope * (1 - y * y), w))],
    wrong=[(lambda slope, y, x, w: ((slope * y * (1 - y)).T @ x, (slope * y * (1 - y)) @ w), "logistic"),
           (lambda slope, y, x, w: (slope.T @ x, slope @ w), "becomes blame"),
           (lambda slope, y, x, w: (x.T @ (slope * (1 - y**2)), (slope * (1 - y**2)) @ w), "shape of W"),
           (lambda slope, y, x, w: ((slope * (1 - y**2)).T @ x / len(x), (slope * (1 - y**2)) @ w), "do not take the mean"),
           (lambda slope, y, x, w: ((slope * (1 - y**2)).T @ x, slope @ w), "not the slope")],
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
