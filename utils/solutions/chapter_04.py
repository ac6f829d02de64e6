"""The exercises of chapter 04, recurrent networks."""
import math

import torch
from torch import nn

from utils.exercises import Exercise, bank, called


def number(answer, what="number"):
    """A learner's number (int, float, tensor of one) as a float; `what` names it in the message."""
    assert not isinstance(answer, bool | str | list | tuple | dict), f"The answer is a {what}."
    try:
        return float(answer)
    except (TypeError, ValueError, RuntimeError) as error:
        raise AssertionError(f"The answer is a {what}.") from error


def numbers(answer):
    """A tensor, list or tuple of numbers as a tensor of floats without a gradient."""
    if isinstance(answer, list | tuple):
        answer = torch.stack([torch.as_tensor(part) for part in answer])
    return torch.as_tensor(answer).detach().float()


def check_half(answer):
    """Steps until 0.9 ** steps is below one half."""
    answer = number(answer, "number of steps")
    assert answer != 5, "5 would be right if each step took a tenth of the *first* amount; it takes a tenth of what is left."
    assert answer != 6, "0.9 ** 6 = 0.531: a little more than half is left."
    assert answer >= 7, f"0.9 ** {answer:g} = {0.9**answer:.3f}: more than half is left."
    assert answer == 7, f"after {answer:g} steps, yes, but it was below half before that."


bank(Exercise(
    "04.1", kind="predict", minutes=2, level="easy", reference=7, check=check_half, right=[7.0, torch.tensor(7)],
    wrong=[(5, "what is left"), (6, "a little more than half"), (2, "more than half"), (10, "before that"), ([7], "number of steps")],
    hints=["After two steps 0.9 * 0.9 = 0.81 is left.", "log(0.5) / log(0.9) is a little more than 6.5."],
    explanation="0.9 ** 7 = 0.478. A gate at 0.9 halves the blame every six or seven steps; after 100 steps three "
                "hundred-thousandths are left."))


def check_bias(answer):
    """The smallest whole bias with sigmoid(bias) ** 100 >= 0.5."""
    answer = number(answer)
    assert answer != 0, "At bias 0 the gate is half open: one half to the power of 100 is left, that is nothing."
    assert answer == round(answer), f"{answer:g} is not a whole number."
    left = (1 / (1 + math.exp(-max(answer, -30))))**100
    assert left >= 0.5, f"at bias {answer:g} only {left:.2g} of the blame is left after 100 steps."
    assert answer <= 5, f"{answer:g} leaves {left:.3f}, but a smaller whole number also leaves half."


bank(Exercise(
    "04.2", kind="change", minutes=5, level="easy", reference=5, check=check_bias, right=[5.0, torch.tensor(5)],
    wrong=[(0, "half open"), (-5, "only"), (1, "only"), (4, "only"), (30, "smaller whole number"), (4.98, "not a whole")],
    hints=["torch.tensor(3.0).sigmoid() ** 100 tells what a bias of 3 leaves.",
           "The gate must stand at 0.5 ** (1 / 100) = 0.9931 or higher."],
    explanation="At bias 5 the gate stands at 0.9933 and leaves 0.51 after 100 steps; at 4 it leaves 0.16."))


def gru_step(x, state, read, keep, bias, other_bias):
    """x (B, inputs), state (B, units) to the new state (B, units)."""
    from_x, from_state = x @ read.T + bias, state @ keep.T + other_bias
    reset, update, new = from_x.chunk(3, dim=1)
    old_reset, old_update, old = from_state.chunk(3, dim=1)
    update = torch.sigmoid(update + old_update)
    new = torch.tanh(new + torch.sigmoid(reset + old_reset) * old)
    return update * state + (1 - update) * new


def gru_by_torch(x, state, read, keep, bias, other_bias):
    """Another way: torch's own cell with these weights."""
    cell = nn.GRUCell(x.shape[1], state.shape[1])
    cell.weight_ih.data, cell.weight_hh.data, cell.bias_ih.data, cell.bias_hh.data = read, keep, bias, other_bias
    return cell(x, state).detach()


def gates_of(x, state, read, keep, bias, other_bias):
    """The parts from x and from the state, three each."""
    return (x @ read.T + bias).chunk(3, dim=1), (state @ keep.T + other_bias).chunk(3, dim=1)


def gru_swapped(*arguments):
    """A mistake: the update gate keeps the new and lets the old go."""
    (r, z, n), (old_r, old_z, old_n) = gates_of(*arguments)
    z = torch.sigmoid(z + old_z)
    return (1 - z) * arguments[1] + z * torch.tanh(n + torch.sigmoid(r + old_r) * old_n)


def gru_without_reset(*arguments):
    """A mistake: the reset gate is never used."""
    (_, z, n), (_, old_z, old_n) = gates_of(*arguments)
    z = torch.sigmoid(z + old_z)
    return z * arguments[1] + (1 - z) * torch.tanh(n + old_n)


def gru_in_another_order(x, state, read, keep, bias, other_bias):
    """A mistake: the first part is taken for the update gate, the second for the reset gate."""
    def turned(weights):
        reset, update, new = weights.chunk(3)
        return torch.cat([update, reset, new])
    return gru_step(x, state, turned(read), turned(keep), turned(bias), turned(other_bias))


def gru_of_2014(*arguments):
    """The paper's form without biases of its own: r multiplies the state before the weights."""
    x, state, read, keep, bias, other_bias = arguments
    (r, z, n), (old_r, old_z, _) = gates_of(*arguments)
    z, r = torch.sigmoid(z + old_z), torch.sigmoid(r + old_r)
    last = (r * state) @ keep.chunk(3)[2].T + other_bias.chunk(3)[2]
    return z * state + (1 - z) * torch.tanh(n + last)


def check_gru(answer):
    """One step against torch's cell, with the common mistakes named."""
    draw = torch.Generator().manual_seed(3)
    sizes = (4, 3), (4, 5), (15, 3), (15, 5), (15,), (15,)
    arguments = [torch.randn(size, generator=draw) for size in sizes]
    got, wanted = numbers(called(answer, *[part.clone() for part in arguments])), gru_step(*arguments)
    assert got.shape == wanted.shape, f"the new state should be (4, 5), and is {tuple(got.shape)}: chunk in three first."
    assert not torch.allclose(got, gru_swapped(*arguments), atol=1e-5), \
        "z and 1 - z have changed places: z keeps the old state."
    assert not torch.allclose(got, gru_without_reset(*arguments), atol=1e-5), "the reset gate has no effect yet."
    assert not torch.allclose(got, gru_of_2014(*arguments), atol=1e-5), \
        "this is the paper's form; in torch r multiplies after the weights."
    assert not torch.allclose(got, gru_in_another_order(*arguments), atol=1e-5), \
        "r and z have changed places: the order of the three parts is reset, update, new."
    assert torch.allclose(got, wanted, atol=1e-5), "the numbers differ from torch's GRU."


bank(Exercise(
    "04.3", kind="build", minutes=15, level="hard", reference=gru_step, check=check_gru, right=[gru_by_torch],
    wrong=[(gru_swapped, "z keeps the old"), (gru_in_another_order, "the order"), (gru_without_reset, "no effect"), (gru_of_2014, "paper's form"),
           (lambda x, state, read, keep, bias, other_bias: torch.tanh(x @ read.T + state @ keep.T), "chunk in three")],
    hints=["reset, update, new = from_x.chunk(3, dim=1), and the same for from_state.",
           "z = sigmoid(update + old_update); the new state is z * state + (1 - z) * n."],
    explanation="Three sets of weights where the LSTM has four; the state is its own memory, and z decides what stays."))


def chances_at(logits, temperature):
    """logits (..., V) to chances (..., V)."""
    return (logits / temperature).softmax(-1)


def chances_by_powers(logits, temperature):
    """Another way: the chances to the power of 1 / temperature, made to sum to 1."""
    powers = logits.softmax(-1)**(1 / temperature)
    return powers / powers.sum(-1, keepdim=True)


def check_chances(answer):
    """Against the softmax of the divided logits, with the common mistakes named."""
    logits = torch.tensor([[2.0, 1.0, -1.0, 0.5], [0.0, 3.0, 1.0, 1.0]])
    got = numbers(called(answer, logits.clone(), 0.5))
    assert got.shape == logits.shape, f"(2, 4) logits should give (2, 4) chances, not {tuple(got.shape)}."
    assert torch.allclose(got.sum(-1), torch.ones(2)), "the chances of one row, along the last axis, do not sum to 1."
    assert not torch.allclose(got, (logits * 0.5).softmax(-1)), \
        "this multiplies by the temperature: a low one should sharpen, and this flattens."
    assert not torch.allclose(got, logits.softmax(-1)), "the temperature has no effect yet."
    assert torch.allclose(got, chances_at(logits, 0.5), atol=1e-5), "these are not the chances at this temperature."
    try:
        alone = numbers(called(answer, logits[0].clone(), 2.0))
    except IndexError:
        alone = torch.zeros(1)
    assert alone.shape == (4,) and torch.allclose(alone, chances_at(logits[0], 2.0), atol=1e-5), \
        "a single row of logits, shape (V,), does not work yet: take the last axis, whichever number it has."


bank(Exercise(
    "04.4", kind="build", minutes=5, level="easy", reference=chances_at, check=check_chances, right=[chances_by_powers],
    wrong=[(lambda logits, temperature: (logits * temperature).softmax(-1), "multiplies"),
           (lambda logits, temperature: logits.softmax(-1) / temperature, "do not sum"),
           (lambda logits, temperature: (logits / temperature).softmax(0), "along the last axis"),
           (lambda logits, temperature: (logits / temperature).softmax(1), "a single row"),
           (lambda logits, temperature: (logits / temperature).softmax(-1)[0], "(2, 4) chances"),
           (lambda logits, temperature: logits.softmax(-1), "no effect")],
    hints=["softmax(-1) makes chances of the last axis.", "Divide the logits by the temperature first."],
    explanation="Dividing logits is the same as raising the chances to the power of 1 / temperature: the likely "
                "become likelier below 1."))


def held(keep, read, disturbances):
    """States (steps + 1, rows) of one tanh unit that reads the bit 1, then disturbances (steps, rows)."""
    state = torch.tanh(torch.full(disturbances.shape[1:], read, dtype=torch.float64))
    states = [state]
    for disturbance in disturbances:
        state = torch.tanh(keep * state + read * disturbance)
        states.append(state)
    return torch.stack(states)


def check_latch(answer):
    """What the unit does in 100 steps: alone, under chance, and with every disturbance against the bit.

    A bit of -1 gives the mirror image of all states, so that the bit 1 is enough.
    """
    try:
        keep, read = (number(part) for part in answer)
    except (TypeError, ValueError) as error:
        raise AssertionError("The answer is a pair of numbers: keep, read.") from error
    assert math.isfinite(keep) and math.isfinite(read), "both weights must be finite numbers."
    assert read != 0, "with read = 0 the bit never enters the unit."
    assert read > 0, "the state has the opposite sign of the bit from the first step on: look at read."
    alone = held(keep, read, torch.zeros(100, 1, dtype=torch.float64))[:, 0]
    assert keep >= 0, "a negative keep turns the sign of the state round at every step."
    assert alone[-1] >= 0.5, \
        f"left alone, the state fades to {alone[-1]:.2f}: for a small state, a step must give back more than it got."
    draw = torch.Generator().manual_seed(4)
    chance = 0.4 * torch.rand(100, 30, generator=draw, dtype=torch.float64) - 0.2
    against = torch.full((100, 1), -0.2, dtype=torch.float64)
    states = held(keep, read, torch.cat([chance, against], 1))
    assert (states[:, :30] > 0).all(), "random disturbances turn the sign round: they, too, come in through read."
    assert (states > 0).all() and (states[-1] >= 0.5).all(), \
        f"chance does not turn it, but 100 disturbances of -0.2 bring it to {states[-1, 30]:.2f}: hold tighter, or let less in."


bank(Exercise(
    "04.5", kind="change", minutes=8, level="medium", reference=(2.0, 1.0), check=check_latch,
    right=[[3, 0.5], (5.0, 2.0), torch.tensor([1.5, 1.0]), (20, 1)],
    wrong=[((1.0, 1.0), "fades"), ((0.5, 3.0), "fades"), ((2.0, 0.0), "never enters"), ((-2.0, 1.0), "at every step"),
           ((2.0, -1.0), "opposite"), ((1.5, 8.0), "come in through read"), ((1.3, 1.0), "hold tighter"),
           (2.0, "a pair"), ((2.0, 1.0, 0.0), "a pair")],
    hints=["Follow the state by hand without disturbances, first with keep = 0.5, then with a larger one: where does it rest?",
           "Near 0 the tanh is almost a straight line, so a step multiplies a small state by keep. To rest away from 0, "
           "keep must be more than 1.",
           "The disturbances enter as read times 0.2. Leave read at 1 and raise keep."],
    explanation="To hold the bit, the unit must sit where the tanh is flat, and there a step lets almost no blame through: "
                "that is the trade-off of Bengio, Simard and Frasconi."))


def reach(blame, keep, hidden):
    """blame (units,) at the last of the states hidden (T, units); the sizes of the blame (T,), the last step first."""
    sizes = [blame.norm()]
    for state in hidden[1:].flip(0):
        blame = keep.T @ (blame * (1 - state**2))
        sizes.append(blame.norm())
    return torch.stack(sizes)


def reach_by_jacobians(blame, keep, hidden):
    """Another way: the matrices of all steps, multiplied up from the last."""
    product, sizes = torch.eye(len(keep), dtype=keep.dtype, device=keep.device), [float(blame.norm())]
    for time in range(len(hidden) - 1, 0, -1):
        product = product @ (torch.diag(1 - hidden[time]**2) @ keep)
        sizes.append(float((blame @ product).norm()))
    return sizes


def reach_with(blame, keep, hidden, slope, turn=True, shift=0):
    """A mistaken walk: another slope, keep not transposed, or the slope of the state before."""
    sizes, weights = [blame.norm()], keep.T if turn else keep
    for time in range(len(hidden) - 1, 0, -1):
        blame = weights @ (blame * slope(hidden[time - shift]))
        sizes.append(blame.norm())
    return torch.stack(sizes)


def of_tanh(state):
    """The slope of the tanh, from its value."""
    return 1 - state**2


def of_logistic(state):
    """The slope of the logistic unit, from its value: a mistake here."""
    return state * (1 - state)


def check_reach(answer):
    """Against the walk by hand, with the common mistakes named."""
    draw = torch.Generator().manual_seed(8)
    keep, drive, blame = (torch.randn(*size, generator=draw) for size in ((4, 4), (7, 4), (4,)))
    state, hidden = torch.zeros(4), []
    for x in drive:
        state = torch.tanh(x + 0.7 * keep @ state)
        hidden.append(state)
    parts = blame, 0.7 * keep, torch.stack(hidden)
    got, wanted = numbers(called(answer, *[part.clone() for part in parts])), reach(*parts)
    assert got.shape != (6,), "one size is missing: the blame at the last step itself, distance 0, comes first."
    assert got.shape == (7,), f"seven states should give seven sizes, shape (7,), not {tuple(got.shape)}: norm() makes one of each."
    mistakes = {
        "these are the right sizes the other way round: the last step, distance 0, comes first.": wanted.flip(0),
        "these are relative to the first size; give the sizes as they are.": wanted / wanted[0],
        "these are squares: the size of a vector is the root of the sum of its squares.": wanted**2,
        "the slope of the tanh is missing: only the weights act so far.": reach_with(*parts, torch.ones_like),
        "this is the slope of the logistic unit; with h the value of a tanh, its slope is another.": reach_with(*parts, of_logistic),
        "the blame goes back along the weights, not forth: keep must be transposed.": reach_with(*parts, of_tanh, turn=False),
        "the slopes are one step off: on the way from a state to the one before, it is the later one's.":
            reach_with(*parts, of_tanh, shift=1)}
    for words, values in mistakes.items():
        assert not torch.allclose(got, values, rtol=1e-4), words
    assert torch.allclose(got[:1], wanted[:1], rtol=1e-4), f"the first size is that of `blame` itself, {wanted[0]:.3f}, not {got[0]:.3f}."
    assert torch.allclose(got, wanted, rtol=1e-4), f"at distance 1 the size should be {wanted[1]:.4f}, and is {got[1]:.4f}."


bank(Exercise(
    "04.6", kind="build", minutes=12, level="medium", reference=reach, check=check_reach, right=[reach_by_jacobians],
    wrong=[(lambda b, k, h: reach(b, k, h).flip(0), "the other way round"), (lambda b, k, h: reach(b, k, h)[1:], "one size is missing"),
           (lambda b, k, h: reach(b, k, h) / b.norm(), "relative"), (lambda b, k, h: reach(b, k, h)**2, "squares"),
           (lambda b, k, h: reach_with(b, k, h, torch.ones_like), "slope of the tanh is missing"),
           (lambda b, k, h: reach_with(b, k, h, of_logistic), "logistic"),
           (lambda b, k, h: reach_with(b, k, h, of_tanh, turn=False), "transposed"),
           (lambda b, k, h: reach_with(b, k, h, of_tanh, shift=1), "one step off"),
           (lambda b, k, h: h, "seven sizes"), (lambda b, k, h: torch.ones(7), "first size"),
           (lambda b, k, h: torch.cat([b.norm()[None], torch.zeros(6)]), "at distance 1")],
    hints=["The three steps by hand, under \"Blame goes back through time\", contain this walk.",
           "Go through the states from the last to the second. Each time multiply the blame by that state's slope, "
           "then by the transposed weights, and note its norm.",
           "under = blame * (1 - hidden[time]**2), then blame = keep.T @ under, for time = T - 1, …, 1."],
    explanation="Two factors act at every step: the weights and the slope. Where the units are far from 0 the slope alone "
                "lets the blame vanish, whatever the weights are."))


def remember(state, symbol):
    """One step: state, a number, and a symbol (10 is a blank) to the new state and the symbol to write."""
    if symbol < 10:
        return 10 * state + symbol, 0
    return state // 10, state % 10


def remember_in_fractions(state, symbol):
    """Another way: digits in base 16 behind the point, the last one read in front."""
    if symbol != 10:
        return (state + symbol) / 16, symbol
    said = int(16 * state)
    return torch.tensor(16 * state - said, dtype=torch.float64), torch.tensor(said)


def remember_in_order(state, symbol):
    """A mistake: the first symbol read is the first written."""
    text = str(int(state or 1))
    return (int(text + str(symbol)), 0) if symbol < 10 else (int("1" + text[2:]), int(text[1]))


def remember_outside(state, symbol, kept=[]):  # noqa: B006 (the shared list is the mistake)
    """A mistake: the row is kept in a list outside the state."""
    if symbol < 10:
        kept.append(symbol)
        return state, 0
    return state, kept.pop()


def written(step, row):
    """What a learner's step writes for a row, blank by blank; also checks that the state is one number."""
    state, answers = 0.0, []
    for symbol in [*row, *[10] * len(row)]:
        answer = called(step, state, symbol)
        assert isinstance(answer, tuple | list) and len(answer) == 2, "return two things: the new state, and a symbol to write."
        try:
            state = number(answer[0])
        except AssertionError as error:
            raise AssertionError("the state must be one number, however long the row is.") from error
        answers.append(answer[1])
    return [round(number(said, "symbol to write at each blank"), 3) for said in answers[len(row):]]


def check_remember(answer):
    """Rows of up to 10 symbols must come back backwards, out of one number."""
    draw = torch.Generator().manual_seed(6)
    rows = [[3, 1, 4, 2], [7], [0, 0, 5], [5, 0, 0]]
    rows += [torch.randint(10, (length,), generator=draw).tolist() for length in range(2, 11)]
    got = [written(answer, row) for row in rows]
    assert got[0] != rows[0], "the row comes back in the order in which it was read; the last symbol should come first."
    assert got[0] != [2, 2, 2, 2], "the last symbol comes back every time: take it out of the state once it is written, and keep the others."
    assert got[0] != [2, 0, 0, 0], "only the last symbol is kept: the state must hold the earlier ones as well."
    for row, said in zip(rows, got, strict=True):
        assert said == row[::-1], f"the row {row} came back as {said}."
    first, second = called(answer, 0.0, 3), called(answer, 0.0, 8)
    again = [called(answer, number(state), 10)[1] for state, _ in (first, second)]
    assert [number(said) for said in again] == [3, 8], "two rows read in turns get mixed up: keep nothing outside the state."


bank(Exercise(
    "04.7", kind="build", minutes=15, level="hard", reference=remember, check=check_remember, right=[remember_in_fractions],
    wrong=[(remember_in_order, "in the order in which it was read"), (remember_outside, "outside the state"),
           (lambda state, symbol: (10 * state + symbol, 0) if symbol < 10 else (state, state % 10), "every time"),
           (lambda state, symbol: (symbol, 0) if symbol < 10 else (0, state), "only the last symbol"),
           (lambda state, symbol: (state + symbol, 0) if symbol < 10 else (0, state), "came back as"),
           (lambda state, symbol: (9 * state + symbol, 0) if symbol < 10 else (state // 9, state % 9), "came back as"),
           (lambda state, symbol: ([symbol], 0), "one number"), (lambda state, symbol: 10 * state + symbol, "two things")],
    hints=["How do you write a row of digits as one number on paper?",
           "To read a symbol, move what is there one place to the left and put the symbol in the place that is free.",
           "To write, take the last digit (the remainder after division by 10), and move the rest one place to the right."],
    explanation="A float of 64 bits holds some fifteen decimal symbols without a mistake, however cleverly they are packed. A learned "
                "state may hold more or less, and has the same fate: its size does not grow with the row."))
