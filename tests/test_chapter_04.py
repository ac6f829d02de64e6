"""Chapter 04: the definitions that the reader sees, called directly, and its exercises."""
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import utils.data as data
from tests.definitions import load
from utils.claims import claim
from utils.exercises import find, judge

EXERCISES = tuple(f"04.{k}" for k in range(1, 8))
STARTED = {"04.2", "04.5"}  # they begin with an answer, a wrong one


@pytest.fixture(scope="module")
def chapter():
    return load("04_rnn.ipynb")


def seeded(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


# --- Elman's network ------------------------------------------------------------------------------

def test_the_context_is_the_hidden_state_before(chapter):
    torch.manual_seed(0)
    nets = chapter.Elman(nets=2, inputs=3, hidden=4, outputs=3)
    x = torch.rand(5, 3)
    first = nets.forward(x)
    hidden = nets.context.clone()
    assert first.shape == (2, 5, 3) and hidden.shape == (2, 5, 4) and ((first > 0) & (first < 1)).all()
    nets.forward(x)
    assert torch.equal(nets.seen[:, :, 3:7], hidden) and (nets.seen[:, :, 7] == 1).all()


@pytest.mark.parametrize("squared", [True, False])
def test_one_step_of_learning_is_a_gradient_step_of_that_step_alone(chapter, squared):
    torch.manual_seed(1)
    nets = chapter.Elman(nets=2, inputs=3, hidden=4, outputs=2)
    nets.forward(torch.rand(6, 3))  # a context that is not 0.5 everywhere
    context, read, say = nets.context.clone(), nets.read.clone(), nets.say.clone()
    x, following = torch.rand(6, 3), torch.randint(2, (6, 2)).float()
    nets.learn(x, following, rate=0.1, squared=squared)
    one = torch.ones(2, 6, 1)
    read.requires_grad_()
    say.requires_grad_()
    hidden = torch.sigmoid(torch.cat([x.expand(2, -1, -1), context, one], 2) @ read)
    logits = torch.cat([hidden, one], 2) @ say
    target = following.expand(2, -1, -1)
    loss = 0.5 * (torch.sigmoid(logits) - target).square().sum() if squared else \
        F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
    loss.backward()
    assert torch.allclose(nets.read, read - 0.1 * read.grad, atol=1e-5)
    assert torch.allclose(nets.say, say - 0.1 * say.grad, atol=1e-5)


def test_surprise_is_one_row_a_prediction(chapter):
    torch.manual_seed(0)
    nets = chapter.Elman(nets=3, inputs=1, hidden=2, outputs=1)
    stream = data.xor_stream(10, seed=0)
    errors = chapter.surprise(nets, stream)
    assert errors.shape == (3, 29, 1) and (errors >= 0).all() and (errors <= 1).all()


# --- the gradient through time --------------------------------------------------------------------

def test_flow_is_relative_and_as_the_product_of_jacobians(chapter):
    cell = chapter.tanh_cell(0.9)
    sizes = chapter.flow(cell, steps=30)
    assert sizes.shape == (30,) and sizes[0] == 1 and (sizes > 0).all()
    assert torch.linalg.eigvals(cell.weight_hh.detach()).abs().max().item() == pytest.approx(0.9, abs=1e-4)
    draw, state, states = torch.Generator().manual_seed(1), torch.zeros(1, 50), []
    for x in torch.randn(30, 1, 10, generator=draw):
        state = cell(x, state)
        states.append(state.detach()[0])
    blame = torch.randn(50, generator=draw)
    wanted = [blame.norm()]
    for state in states[:0:-1]:
        blame = cell.weight_hh.detach().T @ (blame * (1 - state**2))
        wanted.append(blame.norm())
    assert torch.allclose(sizes.float(), torch.stack(wanted) / wanted[0], rtol=1e-3)


def test_small_weights_vanish_and_large_ones_do_not(chapter):
    far = {weight: chapter.flow(chapter.tanh_cell(weight))[-1].item() for weight in (0.5, 0.9, 3.0)}
    assert far[0.5] < 1e-20 < far[0.9] < 1e-3 < far[3.0]


@pytest.mark.parametrize("kind", [nn.LSTMCell, nn.GRUCell])
def test_a_gate_that_keeps_carries_the_blame(chapter, kind):
    far = [chapter.flow(chapter.gated_cell(kind, bias))[-1].item() for bias in (0.0, 1.0, 5.0)]
    assert far[0] < far[1] < 1e-3 < 0.1 < far[2]


def test_lstm_step_is_torchs(chapter):
    torch.manual_seed(2)
    cell, x = nn.LSTMCell(4, 6), seeded(3, 4)
    state = torch.rand(3, 6), torch.rand(3, 6)
    wanted = cell(x, state)
    got = chapter.lstm_step(x, state, cell.weight_ih, cell.weight_hh, cell.bias_ih + cell.bias_hh)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(got, wanted))


# --- several nets in one layer --------------------------------------------------------------------

@pytest.mark.parametrize("kind, gates", [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_each_net_is_on_its_own(chapter, kind, gates):
    torch.manual_seed(3)
    nets = chapter.SideBySide(kind, nets=3, inputs=2, units=4, outputs=5)
    x = seeded(2, 7, 2)
    said = nets(x)
    assert said.shape == (2, 7, 3, 5)
    alone = kind(2, 4, batch_first=True)
    for name, weights in alone.named_parameters():
        whole = getattr(nets.layer, name).detach().view(gates, 3, 4, *getattr(nets.layer, name).shape[1:])[:, 1]
        whole = whole[..., 4:8] if name == "weight_hh_l0" else whole
        weights.data = whole.reshape(weights.shape)
    wanted = alone(x)[0] @ nets.say[1] + nets.bias[1]
    assert torch.allclose(said[:, :, 1], wanted, atol=1e-5)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM])
def test_no_gradient_crosses_over(chapter, kind):
    nets = chapter.SideBySide(kind, nets=2, inputs=2, units=3, outputs=1)
    nets(seeded(2, 5, 2))[:, :, 0].sum().backward()  # the loss of the first net alone
    keep = nets.layer.weight_hh_l0.grad.view(-1, 6, 6)  # (gates, units, units)
    assert keep[:, :3, :3].abs().sum() > 0
    assert keep[:, 3:].abs().sum() == 0 and keep[:, :, 3:].abs().sum() == 0 and nets.say.grad[1].abs().sum() == 0


def test_a_copied_context_gives_the_same_numbers_and_no_gradient_through_time(chapter):
    torch.manual_seed(4)
    nets, x = chapter.SideBySide(nn.RNN, nets=2, inputs=2, units=3, outputs=1), seeded(1, 6, 2).requires_grad_()
    assert torch.allclose(nets(x), nets(x, copied=True), atol=1e-6)
    nets(x, copied=True)[0, 5].sum().backward()
    assert x.grad[0, :5].abs().sum() == 0 and x.grad[0, 5].abs().sum() > 0


def test_train_gives_the_numbers_that_the_task_asks_for(chapter, monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    torch.manual_seed(0)
    net = chapter.SideBySide(nn.LSTM, nets=2, inputs=1, units=4, outputs=1)
    x, y = seeded(64, 5, 1), seeded(64, 5, 1)[:, -1:].expand(-1, 2, -1)[..., 0]

    def losses(x, y):
        each = (net(x)[:, -1, :, 0] - y).square().mean(0)
        return each, {f"net {n}": loss.detach() for n, loss in enumerate(each)}

    history = chapter.train(net, data.Batches((x, y), 16), losses, rate=0.02, epochs=30)
    assert len(history["loss"]) == 30 and len(history.steps["net 1"]) == 120
    assert history["net 0"][-1] < 0.5 * history["net 0"][0]


def test_the_net_of_1997_never_forgets(chapter, monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    net, history = chapter.learn_to_add(nn.LSTM, count=64)
    assert (net.layer.weight_ih_l0[40:80] == 0).all() and (net.layer.weight_hh_l0[40:80] == 0).all()
    assert (net.layer.bias_ih_l0[40:80] == 30).all() and len(history.steps["wrong 4"]) == 2
    pairs, lengths, answers = data.adding_problem(8, 100, seed=3)
    error = chapter.off(net, pairs, lengths, answers)
    said = net(pairs[5:6, :lengths[5]])[0, -1, :, 0]
    assert torch.allclose(error[5], said - answers[5], atol=1e-5)


def test_the_criterion_of_1997(chapter):
    class Record:
        steps = {"error 0": [0.1] * 40 + [0.005] * 70, "wrong 0": [1.0] * 47 + [0.0] * 63,
                 "error 1": [0.005] * 110, "wrong 1": [0.0] * 55 + [1.0] + [0.0] * 54}
    assert chapter.met_criterion(Record, 0) and not chapter.met_criterion(Record, 1)


def test_the_papers_weights():
    """93, 264 and 276: cells and gates see all inputs and all hidden units."""
    def count(inputs, outputs, blocks, size, biases):
        hidden = blocks * (size + 2)
        return hidden * (inputs + hidden) + outputs * blocks * size + biases
    assert count(2, 1, 2, 2, 9) == claim("04-lstm-weights").value
    assert count(7, 7, 4, 1, 8) == 264 and count(7, 7, 3, 2, 6) == 276


# --- exercises ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", EXERCISES)
def test_exercises_as_delivered_are_not_done(chapter, number):
    delivered = {"04.1": ..., "04.2": 0, "04.3": chapter.gru_step, "04.4": chapter.chances_at, "04.5": (1.0, 1.0),
                 "04.6": chapter.reach, "04.7": chapter.remember}[number]
    state, message = judge(find(number), delivered)
    assert state == ("not right yet" if number in STARTED else "not done yet"), message
    assert judge(find(number), find(number).reference)[0] == "passed"
