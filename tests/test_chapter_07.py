"""Chapter 07: the definitions that the reader sees, called directly, and its exercises."""
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import utils.data as data
from tests.definitions import load
from utils.claims import claim
from utils.exercises import find, judge

PAD, BEGIN, END = 0, 1, 2


@pytest.fixture(scope="module")
def chapter():
    module = load("07_transformer.ipynb", constants=("PAD", "BEGIN", "END"))
    module.lab = type("Lab", (), {"device": torch.device("cpu")})()
    return module


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")


def seeded(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def count(net: nn.Module) -> int:
    return sum(weights.numel() for weights in net.parameters())


# --- 2014 -----------------------------------------------------------------------------------------

def test_additive_attention_is_the_papers_formula(chapter):
    state, states, U, W, v = seeded(2, 3), seeded(2, 5, 4, seed=1), seeded(4, 3, seed=2), seeded(3, 3), seeded(3, 1)
    context, weights = chapter.look_back(state, states, states @ U, W, v)
    for row in range(2):
        scores = torch.stack([v[:, 0] @ torch.tanh(state[row] @ W + h @ U) for h in states[row]])
        assert torch.allclose(weights[row], scores.softmax(0), atol=1e-6)
        assert torch.allclose(context[row], scores.softmax(0) @ states[row], atol=1e-6)


def test_the_gru_is_torchs_without_biases(chapter):
    cell, x, state = nn.GRUCell(3, 5, bias=False), seeded(4, 3), seeded(4, 5, seed=1)
    got = chapter.gru(x, state, cell.weight_ih.T, cell.weight_hh.T)
    assert torch.allclose(got, cell(x, state), atol=1e-6)


@pytest.mark.parametrize("looks", [True, False])
def test_translators_lie_side_by_side(chapter, looks):
    torch.manual_seed(0)
    nets = chapter.Translators(nets=3, units=6, looks=looks)
    rows, written, answers = chapter.backwards(length=4, count=5, seed=0)
    said, weights = nets(rows, written)
    assert said.shape == (3, 5, 4, 10)
    assert weights is None if not looks else torch.allclose(weights.sum(3), torch.ones(3, 5, 4))
    said[1].sum().backward()
    for name, parameter in nets.named_parameters():
        unused = not looks and name.startswith(("ask", "offer", "energy"))
        assert unused or parameter.grad[[0, 2]].abs().sum() == 0 < parameter.grad[1].abs().sum(), name


def test_rows_backwards(chapter):
    rows, written, answers = chapter.backwards(length=6, count=50, seed=1)
    assert torch.equal(answers, rows.flip(1)) and (written[:, 0] == 10).all()
    assert torch.equal(written[:, 1:], answers[:, :-1]) and 0 <= rows.min() and rows.max() == 9


def test_the_loss_of_all_nets_is_the_sum(chapter):
    torch.manual_seed(0)
    nets = chapter.Translators(nets=2, units=4, looks=True)
    rows, written, answers = chapter.backwards(length=3, count=7, seed=2)
    each = [F.cross_entropy(said.flatten(0, 1), answers.flatten()) for said in nets(rows, written)[0]]
    assert torch.isclose(chapter.backwards_loss(nets)(rows, written, answers), sum(each), atol=1e-5)


def test_teach_follows_the_schedule(chapter):
    net, used = nn.Linear(2, 1), []
    x = seeded(40, 2)
    y = x @ torch.tensor([[1.0], [-1.0]])

    def schedule(n):
        used.append(n)
        return 0.05

    history = chapter.teach(net, data.Batches((x, y), 10), lambda x, y: F.mse_loss(net(x), y), epochs=30,
                            schedule=schedule)
    assert len(history["loss"]) == 30 and history["loss"][-1] < 0.05 * history["loss"][0]
    assert used == list(range(121))  # once before the first step, then after each


# --- attention ------------------------------------------------------------------------------------

@pytest.mark.parametrize("mask", [None, torch.ones(4, 4).tril().bool(), torch.tensor([True, False, True, False])])
def test_attention_is_torchs(chapter, mask):
    queries, keys, values = seeded(2, 3, 4, 8), seeded(2, 3, 4, 8, seed=1), seeded(2, 3, 4, 6, seed=2)
    mixed, weights = chapter.attention(queries, keys, values, mask)
    wanted = F.scaled_dot_product_attention(queries, keys, values, None if mask is None else mask.expand(4, 4))
    assert torch.allclose(mixed, wanted, atol=1e-6) and torch.allclose(weights.sum(-1), torch.ones(2, 3, 4))
    if mask is not None:
        assert (weights.masked_select(~mask) == 0).all()


def test_many_heads_are_torchs(chapter):
    ours, torchs = chapter.MultiHead(8, 2), nn.MultiheadAttention(8, 2, bias=False, batch_first=True)
    torchs.in_proj_weight.data = torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]).data
    torchs.out_proj.weight.data = ours.join.weight.data
    x, memory = seeded(3, 4, 8), seeded(3, 6, 8, seed=1)
    wanted, weights = torchs(x, memory, memory, average_attn_weights=False)
    assert torch.allclose(ours(x, memory), wanted, atol=1e-6)
    assert torch.allclose(ours.weights, weights, atol=1e-6) and not ours.weights.requires_grad


def test_positions_are_the_papers(chapter):
    table = chapter.positions(50, 16)
    for place in (0, 1, 17, 49):
        for i in range(8):
            angle = place / 10_000 ** (2 * i / 16)
            assert table[place, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-12)
            assert table[place, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-12)
    products = table @ table.T
    assert torch.allclose(products.diagonal(5), products[0, 5].expand(45))  # the distance alone


# --- the Transformer ------------------------------------------------------------------------------

def test_the_papers_sizes(chapter):
    with torch.device("meta"):
        base = chapter.Transformer(37_000)
        big = chapter.Transformer(37_000, width=1024, heads=16, inner=4096)
    attention, feed, norm = 4 * 512**2, 2 * 512 * 2048 + 2048 + 512, 2 * 512
    by_hand = 37_000 * 512 + 6 * (attention + feed + 2 * norm) + 6 * (2 * attention + feed + 3 * norm)
    assert count(base) == by_hand == 63_045_632
    assert abs(count(base) / 1e6 - claim("07-base-parameters").value) < 2.1 and round(count(big) / 1e6, 1) == 214.2


def test_a_layer_normalises_after_the_sum(chapter):
    torch.manual_seed(0)
    layer = chapter.Layer(8, 2, 16, looks=True).eval()
    said = layer(seeded(2, 5, 8), chapter.past(5), seeded(2, 3, 8), None)
    assert torch.allclose(said.mean(2), torch.zeros(2, 5), atol=1e-5)
    assert torch.allclose(said.var(2, correction=0), torch.ones(2, 5), atol=1e-3)
    assert len(chapter.Layer(8, 2, 16).norms) == 2 and chapter.Layer(8, 2, 16).other is None


@pytest.fixture
def small(chapter):
    torch.manual_seed(0)
    return chapter.Transformer(symbols=12, width=16, heads=4, inner=32, layers=2).eval()


def test_more_padding_changes_nothing(small):
    source, target = torch.randint(3, 12, (2, 3, 6), generator=torch.Generator().manual_seed(0))
    longer = F.pad(source, (0, 4), value=PAD)
    assert torch.allclose(small(source, target), small(longer, target), atol=1e-5)


def test_the_future_has_no_influence_and_the_past_has(small):
    source, target = torch.randint(3, 12, (2, 3, 6), generator=torch.Generator().manual_seed(1))
    other = target.clone()
    other[:, 3] = 3 + (other[:, 3] - 2) % 9
    before, after = small(source, target), small(source, other)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert all((before[:, place] - after[:, place]).abs().max() > 1e-4 for place in (3, 4, 5))


def test_every_layer_is_heard(chapter, small):
    source, target = torch.randint(3, 12, (2, 3, 6), generator=torch.Generator().manual_seed(1))
    kept = chapter.layer_outputs(small, source, target)
    assert len(kept) == 4 and all(out.shape == (3, 6, 16) for out in kept)
    assert len(chapter.layer_outputs(small, source, target)) == 4  # the hooks are gone


def test_the_schedule_of_2017(chapter):
    rates = [chapter.warm_up(step, 512, 4000) for step in range(1, 10_001)]
    assert rates.index(max(rates)) == 3999
    assert 1e4 * max(rates) == pytest.approx(claim("07-warm-up").value, abs=0.01)
    assert chapter.warm_up(2000, 512, 4000) == pytest.approx(max(rates) / 2)
    assert chapter.warm_up(8000, 512, 4000) == pytest.approx(max(rates) / 2**0.5)


def test_word_loss_leaves_padding_out(chapter, small):
    source = torch.tensor([[1, 5, 6, 2, 0, 0], [1, 7, 2, 0, 0, 0]])
    target = torch.tensor([[1, 4, 2, 0, 0], [1, 8, 9, 2, 0]])
    for smoothing in (0.0, 0.1):
        logits = small(source[:, :4], target[:, :3])
        rows = torch.cat([logits[0, :2], logits[1]])
        wanted = F.cross_entropy(rows, torch.tensor([4, 2, 8, 9, 2]), label_smoothing=smoothing)
        assert torch.isclose(chapter.word_loss(small, smoothing)(source, target), wanted, atol=1e-5)


def test_rows_to_sort(chapter):
    rows, wanted = chapter.to_sort(20, seed=0)
    assert rows.shape == (20, 8) and wanted.shape == (20, 10) and rows.min() >= 3 and rows.max() <= 12
    assert (wanted[:, 0] == BEGIN).all() and (wanted[:, -1] == END).all()
    assert torch.equal(wanted[:, 1:-1], rows.sort(1).values)


# --- writing and judging --------------------------------------------------------------------------

class Told:
    """A net whose chances of the next word depend on what was written, by a table of prefixes."""

    def __init__(self, chances):
        self.chances = chances

    def encode(self, source):
        return source[..., None].float()

    def decode(self, written, memory, source):
        logits = torch.full((*written.shape, 6), -20.0)
        for row, prefix in enumerate(written.tolist()):
            for word, chance in self.chances.get(tuple(prefix[1:]), {END: 1.0}).items():
                logits[row, -1, word] = math.log(chance)
        return logits


def test_a_beam_finds_what_greed_misses(chapter):
    net = Told({(): {3: 0.6, 4: 0.4}, (3,): {5: 0.5, END: 0.5}, (4,): {5: 1.0}, (3, 5): {END: 1.0}})
    source = torch.zeros(2, 3, dtype=torch.int64)
    greedy, better = (chapter.search(net, source, beam, alpha=0.0) for beam in (1, 2))
    assert greedy[0, 0] == 3 and better[:, :3].tolist() == [[4, 5, END]] * 2


def test_the_penalty_favours_longer_ones(chapter):
    net = Told({(): {END: 0.5, 3: 0.5}, (3,): {4: 0.9, END: 0.1}, (3, 4): {END: 1.0}})
    source = torch.zeros(1, 3, dtype=torch.int64)
    assert chapter.search(net, source, beam=2, alpha=0.0)[0, 0] == END
    assert chapter.search(net, source, beam=2, alpha=0.6)[0, :3].tolist() == [3, 4, END]


def test_greedy_is_the_likeliest_word_each_time_and_rows_do_not_mix(chapter, small):
    source = torch.randint(3, 12, (4, 5), generator=torch.Generator().manual_seed(2))
    together = chapter.search(small, source, most=6)
    for row in range(4):
        written = [BEGIN]
        while len(written) < 7 and written[-1] != END:
            with torch.inference_mode():
                logits = small(source[row:row + 1], torch.tensor([written]))
            written.append(logits[0, -1].argmax().item())
        assert together[row, :len(written) - 1].tolist() == written[1:]
        for beam in (1, 3):
            alone = chapter.search(small, source[row:row + 1], beam, most=6)[0]
            assert chapter.search(small, source, beam, most=6)[row, :len(alone)].tolist() == alone.tolist()


def test_bleu_of_known_cases(chapter):
    assert chapter.bleu(["a b c d e"], ["a b c d e"]) == pytest.approx(100)
    assert chapter.bleu(["a b c"], ["x y z"]) == 0.0 and chapter.bleu(["a b c"], ["a b c"]) == 0.0  # no quadruple
    hand = (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert chapter.bleu(["the cat sat on the mat"], ["the cat sat on a mat"]) == pytest.approx(100 * hand)
    assert chapter.bleu(["a b c d"], ["a b c d e f g h"]) == pytest.approx(100 * math.exp(1 - 2))  # too short
    assert chapter.bleu(["a a a a"], ["a b c d"]) == 0.0
    clipped = (4 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25  # of three a, one counts
    assert chapter.bleu(["a a a b c d"], ["a b c d x y"]) == pytest.approx(100 * clipped)


def test_bleu_is_sacrebleus(chapter):
    sacrebleu = pytest.importorskip("sacrebleu")
    rows = [row.split("\t")[1] for row in data.pairs.PHRASES.read_text(encoding="utf-8").splitlines()]
    said, wanted = rows[:-1], [f"{one} {two}" for one, two in zip(rows[:-1], rows[1:])]
    by_tool = sacrebleu.corpus_bleu(said, [wanted], lowercase=True, smooth_method="none").score
    ours = chapter.bleu(*([" ".join(data.words(text)) for text in side] for side in (said, wanted)))
    assert ours == pytest.approx(by_tool, abs=1e-6) and ours > 1


# --- only the decoder, and the critic -------------------------------------------------------------

def test_a_gpt_sees_the_past_alone(chapter):
    torch.manual_seed(0)
    net = chapter.GPT(symbols=9, width=16, heads=4, layers=2).eval()
    codes = torch.randint(9, (2, 7), generator=torch.Generator().manual_seed(0))
    other = codes.clone()
    other[:, 4] = (other[:, 4] + 1) % 9
    before, after = net(codes), net(other)
    assert before.shape == (2, 7, 9) and torch.allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert (before[:, 4:] - after[:, 4:]).abs().amax((0, 2)).min() > 1e-4
    assert chapter.Recurrent(9, 8)(codes).shape == (2, 7, 9)


def test_both_writers_have_about_the_same_size(chapter):
    for symbols in (65, 90):
        sizes = [count(chapter.GPT(symbols, 64, 4, 2)), count(chapter.Recurrent(symbols, 106))]
        assert 0.9 < sizes[0] / sizes[1] < 1.1
    sizes = [count(chapter.GPT(65, 256, 4, 4)), count(chapter.Recurrent(65, 615))]
    assert 0.9 < sizes[0] / sizes[1] < 1.1


def test_bits_of_a_net_that_knows_nothing(chapter):
    rows = torch.randint(8, (3, 11))
    chapter.math = math
    assert chapter.bits_of(lambda codes: torch.zeros(*codes.shape, 8))(rows).item() == pytest.approx(3.0)


def test_padding_does_not_move_the_critic(chapter):
    torch.manual_seed(0)
    critic = chapter.Critic(12).eval()
    codes = torch.tensor([[1, 5, 6, 2], [1, 7, 2, 0]])
    assert torch.allclose(critic(codes), critic(F.pad(codes, (0, 3))), atol=1e-5)


# --- exercises ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, delivered, state", [
    ("07.1", ..., "not done yet"), ("07.2", torch.ones(4, 4, dtype=torch.bool).triu(), "not right yet"),
    ("07.3", "smoothed_loss", "not done yet"), ("07.4", "top_k", "not done yet"),
    ("07.5", (..., ...), "not done yet"), ("07.6", "look_left", "not done yet"),
    ("07.7", "nearby", "not right yet"), ("07.8", "sees_future", "not done yet"),
])
def test_exercises_as_delivered_are_not_done(chapter, number, delivered, state):
    answer = getattr(chapter, delivered) if isinstance(delivered, str) else delivered
    assert judge(find(number), answer)[0] == state
    assert judge(find(number), find(number).reference)[0] == "passed"
