"""The exercises of chapter 04, recurrent networks."""
import math

import torch
from torch import nn

from utils.exercises import Exercise, bank, called


def check_half(answer):
    """Steps until 0.9 ** steps is below one half."""
    assert isinstance(answer, int | float) and not isinstance(answer, bool), "The answer is a number of steps."
    assert answer not in (5, 5.0), "5 would be right if each step took a tenth of the *first* amount; it takes a tenth of what is left."
    assert answer != 6, "0.9 ** 6 = 0.531: a little more than half is left."
    assert answer >= 7, f"0.9 ** {answer:g} = {0.9**answer:.3f}: more than half is left."
    assert answer == 7, f"after {answer:g} steps, yes, but it was below half before that."


bank(Exercise(
    "04.1", kind="predict", minutes=2, level="easy", reference=7, check=check_half, right=[7.0],
    wrong=[(5, "what is left"), (6, "a little more than half"), (2, "more than half"), (10, "before that")],
    hints=["After two steps 0.9 * 0.9 = 0.81 is left.", "log(0.5) / log(0.9) is a little more than 6.5."],
    explanation="0.9 ** 7 = 0.478. A gate at 0.9 halves the blame every six or seven steps; after 100 steps three "
                "hundred-thousandths are left."))


def check_bias(answer):
    """The smallest whole bias with sigmoid(bias) ** 100 >= 0.5."""
    assert isinstance(answer, int | float) and not isinstance(answer, bool), "The answer is a number."
    assert answer != 0, "At bias 0 the gate is half open: one half to the power of 100 is left, that is nothing."
    assert answer == int(answer), f"{answer} is not a whole number."
    left = (1 / (1 + math.exp(-answer)))**100
    assert left >= 0.5, f"at bias {answer:g} only {left:.2g} of the blame is left after 100 steps."
    assert answer <= 5, f"{answer:g} leaves {left:.3f}, but a smaller whole number also leaves half."


bank(Exercise(
    "04.2", kind="change", minutes=5, level="medium", reference=5, check=check_bias, right=[5.0],
    wrong=[(0, "half open"), (1, "only"), (4, "only"), (30, "smaller whole number"), (4.98, "not a whole")],
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
    got, wanted = called(answer, *[part.clone() for part in arguments]), gru_step(*arguments)
    assert got.shape == wanted.shape, f"the new state should be (4, 5), and is {tuple(got.shape)}: chunk in three first."
    assert not torch.allclose(got, gru_swapped(*arguments), atol=1e-5), \
        "z and 1 - z have changed places: z keeps the old state."
    assert not torch.allclose(got, gru_without_reset(*arguments), atol=1e-5), "the reset gate has no effect yet."
    assert not torch.allclose(got, gru_of_2014(*arguments), atol=1e-5), \
        "this is the paper's form; in torch r multiplies after the weights."
    assert torch.allclose(got, wanted, atol=1e-5), "the numbers differ from torch's GRU."


bank(Exercise(
    "04.3", kind="build", minutes=15, level="hard", reference=gru_step, check=check_gru, right=[gru_by_torch],
    wrong=[(gru_swapped, "changed places"), (gru_without_reset, "no effect"), (gru_of_2014, "paper's form"),
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
    got = called(answer, logits.clone(), 0.5)
    assert got.shape == logits.shape, f"(2, 4) logits should give (2, 4) chances, not {tuple(got.shape)}."
    assert torch.allclose(got.sum(-1), torch.ones(2)), "the chances of one row do not sum to 1."
    assert not torch.allclose(got, (logits * 0.5).softmax(-1)), \
        "this multiplies by the temperature: a low one should sharpen, and this flattens."
    assert not torch.allclose(got, logits.softmax(-1)), "the temperature has no effect yet."
    assert torch.allclose(got, chances_at(logits, 0.5), atol=1e-5), "these are not the chances of logits / temperature."


bank(Exercise(
    "04.4", kind="build", minutes=5, level="medium", reference=chances_at, check=check_chances, right=[chances_by_powers],
    wrong=[(lambda logits, temperature: (logits * temperature).softmax(-1), "multiplies"),
           (lambda logits, temperature: logits.softmax(-1) / temperature, "do not sum"),
           (lambda logits, temperature: logits.softmax(-1), "no effect")],
    hints=["softmax(-1) makes chances of the last axis.", "Divide the logits by the temperature first."],
    explanation="Dividing logits is the same as raising the chances to the power of 1 / temperature: the likely "
                "become likelier below 1."))
