"""Chapter 09: the definitions that the reader sees, called directly, and its exercises."""
import importlib.util
import math

import pytest
import torch
from torch.nn import functional as F

from tests.definitions import load
from tests.test_notebooks import CHAPTERS, grown
from utils.checkpoint_folders import COURSE_BERT
from utils.data.growth import Model
from utils.exercises import find, judge

here_is_bert = pytest.mark.skipif(not COURSE_BERT.is_dir(), reason="the course's BERT is not here")


@pytest.fixture(scope="module")
def chapter():
    module = load("09_epilogue.ipynb", constants=("FITS", "BLAME", "TEMPLATES"))
    module.lab = type("Lab", (), {"device": torch.device("cpu"), "pick": staticmethod(lambda quick, full: quick)})()
    module.LOOKS, module.TESTED = 1, 20
    return module


@pytest.fixture
def bert():
    from transformers import BertConfig, BertModel
    torch.manual_seed(0)
    config = BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    return BertModel(config, add_pooling_layer=False).eval()


# --- scaling --------------------------------------------------------------------------------------

@pytest.mark.parametrize("width, layers", [(16, 1), (32, 3)])
def test_the_rule_of_twelve(chapter, width, layers):
    count = chapter.size(chapter.GPT(20, width, layers, 8).layers)
    rest = layers * 13 * width + 2 * width  # biases and normalisation
    assert count == 12 * layers * width**2 + rest


def test_gpt_sees_the_past_only(chapter):
    torch.manual_seed(0)
    net, codes = chapter.GPT(20, 16, 2, 8).eval(), torch.randint(20, (3, 8))
    other = codes.clone()
    other[:, 5:] = (codes[:, 5:] + 1) % 20
    assert torch.allclose(net(codes)[:, :5], net(other)[:, :5], atol=1e-5) and net(codes).shape == (3, 8, 20)
    assert not torch.allclose(net(codes)[:, 5:], net(other)[:, 5:], atol=1e-3)
    assert torch.allclose(net(codes[:, :5]), net(codes)[:, :5], atol=1e-5)


def test_next_loss_is_a_mean_over_characters(chapter):
    torch.manual_seed(0)
    net, rows = chapter.GPT(20, 16, 1, 8), torch.randint(20, (3, 9))
    wanted = -net(rows[:, :-1]).log_softmax(2).gather(2, rows[:, 1:, None]).mean()
    assert torch.allclose(chapter.next_loss(net)(rows), wanted, atol=1e-6)


def test_tune_warms_up_falls_and_leaves_frozen_weights(chapter, monkeypatch):
    rates, step = [], torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step",
                        lambda self, *a, **b: (rates.append(float(self.param_groups[0]["lr"])), step(self, *a, **b))[1])
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    model[0].requires_grad_(False)
    before = [part.weight.clone() for part in model]
    chapter.tune(model, lambda x: model(x).square().mean(), [(torch.ones(3, 2),)] * 10, rate=0.1, epochs=10)
    peak = rates.index(max(rates))
    assert len(rates) == 100 and peak in range(8, 12) and 0.09 < max(rates) <= 0.1 and 0 < rates[-1] < 0.003
    assert torch.equal(before[0], model[0].weight) and not torch.equal(before[1], model[1].weight)


def test_go_on_draws_from_the_chances_of_the_window(chapter):
    """A net that says: after a comes b, after b comes c, after c comes a; it must never see more than the window."""
    alphabet, seen = "abc", []

    def net(codes):
        seen.append(codes.shape)
        return F.one_hot((codes + 1) % 3, 3) * 100.0

    chapter.text = type("Text", (), {"encode": staticmethod(lambda t: torch.tensor([alphabet.index(c) for c in t])),
                                     "decode": staticmethod(lambda c: "".join(alphabet[i] for i in c.tolist()))})
    chapter.window = 4
    assert chapter.go_on(net, "bc", count=7) == "bcabcabca"
    assert seen == [(1, 2), (1, 3)] + [(1, 4)] * 5
    chapter.window = 1
    even = chapter.go_on(lambda codes: torch.zeros(1, 1, 3), "a", count=200)
    assert all(40 < even.count(letter) < 95 for letter in alphabet)


def test_power_law_finds_an_exact_one(chapter):
    sizes = [10, 1000, 5000]
    assert chapter.power_law(sizes, [3 * n**-0.076 for n in sizes]) == pytest.approx((3, 0.076))


@pytest.mark.parametrize("name, billions", [("printed, 2022", 32.2), ("fitted anew, 2024", 72.3)])
def test_the_best_size_has_a_formula(chapter, name, billions):
    _, a, alpha, b, beta = chapter.FITS[name]  # where the derivative of the loss along 6ND = C is zero
    best = (alpha * a / (beta * b) * (5.76e23 / 6) ** beta) ** (1 / (alpha + beta))
    assert best / 1e9 == pytest.approx(billions, abs=0.2)
    losses = [chapter.expected_loss(name, n, 5.76e23) for n in (0.7 * best, best, 1.4 * best)]
    assert losses[1] == min(losses)


# --- adapting -------------------------------------------------------------------------------------

def test_lora_begins_as_the_layer_and_merges(chapter):
    torch.manual_seed(0)
    linear, x = torch.nn.Linear(6, 4), torch.randn(5, 6)
    said = linear(x)
    lora = chapter.LoRA(linear, rank=2, alpha=8)
    assert torch.equal(lora(x), said) and lora.scale == 4
    lora(x).square().sum().backward()
    assert lora.frozen.weight.grad is None and lora.up.grad.abs().sum() > 0 and lora.down.grad.abs().sum() == 0
    lora.up.data.normal_()
    merged = find("09.3").reference(linear.weight, lora.down, lora.up, lora.scale)
    assert torch.allclose(lora(x), F.linear(x, merged, linear.bias), atol=1e-5)


@pytest.mark.skipif(not importlib.util.find_spec("peft"), reason="peft is not installed")
def test_lora_is_that_of_peft(chapter):
    from peft import LoraConfig, get_peft_model
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 4))
    ours = chapter.LoRA(torch.nn.Linear(6, 4), rank=2, alpha=8)
    ours.frozen.load_state_dict(model[0].state_dict())
    theirs = get_peft_model(model, LoraConfig(r=2, lora_alpha=8, target_modules=["0"])).base_model.model[0]
    ours.up.data.normal_()
    theirs.lora_A["default"].weight.data, theirs.lora_B["default"].weight.data = ours.down.data, ours.up.data
    x = torch.randn(5, 6)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_with_lora_moves_query_and_value_only(chapter, bert):
    ids, mask = torch.randint(5, 30, (3, 6)), torch.ones(3, 6, dtype=torch.long)
    said = bert(ids, attention_mask=mask)[0]
    model = chapter.with_lora(bert, 2)
    moving = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert torch.allclose(model(ids, attention_mask=mask)[0], said, atol=1e-6)
    assert len(moving) == 8 and all(name.split(".")[-2:][0] in ("query", "value") for name in moving)
    assert sum(w.numel() for w in model.parameters() if w.requires_grad) == 2 * 2 * (16 * 2 + 2 * 16)


def test_opinion_does_not_see_filling(chapter, bert):
    model = chapter.Opinion(bert).eval()
    ids, mask = torch.randint(5, 30, (3, 6)), torch.ones(3, 6, dtype=torch.long)
    longer = F.pad(ids, (0, 4), value=7), F.pad(mask, (0, 4))
    assert torch.allclose(model(ids, mask), model(*longer), atol=1e-5) and model(ids, mask).shape == (3, 2)


def test_by_length_keeps_every_row_and_cuts_only_filling(chapter):
    lengths = torch.arange(1, 24)
    mask = (torch.arange(23) < lengths[:, None]).long()
    batches = chapter.by_length((mask * lengths[:, None], mask, lengths * 10), 5, seed=1)
    assert sorted(torch.cat([batch[2] for batch in batches]).tolist()) == (lengths * 10).tolist()
    for rows, there, numbers in batches:
        assert torch.equal(there.sum(1) * 10, numbers) and there.shape == rows.shape
        assert there.sum(1).max() == there.shape[1]


# --- asking ---------------------------------------------------------------------------------------

def test_solved_examples_take_turns(chapter):
    from utils.data import Labelled
    chapter.train = Labelled([f"s{n}" for n in range(40)], torch.arange(40) % 2)
    text = chapter.solved(4, seed=1)
    words = text.split()
    assert words[3::5] == ["bad", "good", "bad", "good"] and words[1::5] == ["it"] * 4 and chapter.solved(0, 1) == ""
    assert [int(word[1:]) % 2 for word in words[::5]] == [0, 1, 0, 1] and text != chapter.solved(4, seed=2)


@here_is_bert
def test_praise_and_blame_with_the_courses_bert(chapter):
    from utils.checkpoint_folders import load_bert
    chapter.reader, chapter.pieces = load_bert(COURSE_BERT)
    texts = ["a wonderful film , it was [MASK] .", "a dreadful bore , it was [MASK] ."]
    scores = chapter.gap_scores(texts, chapter.BLAME + chapter.PRAISE)
    rows = chapter.pieces(texts[:1], return_tensors="pt")
    logits = chapter.reader(**rows).logits[rows["input_ids"] == chapter.pieces.mask_token_id].log_softmax(1)
    wanted = logits[0, chapter.pieces.convert_tokens_to_ids(chapter.BLAME + chapter.PRAISE)]
    assert scores.shape == (2, 16) and torch.allclose(scores[0], wanted, atol=1e-4)
    assert chapter.praises(texts).shape == (2,) and len(chapter.she_rather_than_he("nurse")) == 3
    assert chapter.pieces.unk_token_id not in chapter.pieces.convert_tokens_to_ids([*chapter.BLAME, *chapter.PRAISE])


# --- growth ---------------------------------------------------------------------------------------

def test_doubling(chapter):
    rows = [Model(str(year), year, None, 2.0 ** (1.5 * (year - 2000))) for year in range(1990, 2020)]
    assert chapter.doubling(rows, "compute", 1995, 2010) == pytest.approx(8)
    reference = find("09.4").reference
    years, values = (torch.tensor([float(v) for v in column]) for column in ([2000, 2001, 2004], [1, 3, 9]))
    some = [Model("", year, value, None) for year, value in zip(years.tolist(), values.tolist(), strict=True)]
    assert chapter.doubling(some, "parameters", 1990, 2010) == pytest.approx(reference(years, values), rel=1e-4)


# --- the same digits ------------------------------------------------------------------------------

IMAGES, LABELS = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 3, 9, 9])


def test_the_perceptrons_rule_is_that_of_chapter_1(chapter):
    one = load("01_perceptron.ipynb")
    net, weights = chapter.Perceptrons(), torch.zeros(10, 785)
    for image, label in zip(IMAGES, LABELS):
        net.step((image[None], label[None]))
        signs = 2.0 * F.one_hot(label, 10) - 1
        one.correct(weights, one.with_one(image[None]), signs)
    assert torch.allclose(net.weights.T, weights, atol=1e-6) and net(IMAGES).shape == (6, 10)


@pytest.mark.parametrize("name, shape, count", [("MLP", (6, 10), 50_890), ("LeNet-like", (6, 10), 25_010),
                                                ("VAE code", (6, 20), None), ("DCGAN features", (6, 1568), None),
                                                ("LSTM on rows", (6, 10), None), ("BERT-style", (6, 10), 42_614)])
def test_every_model_takes_the_same_digits(name, shape, count):
    module = load("09_epilogue.ipynb", constants=("MODELS",))
    net = module.MODELS[name][2]().eval()
    assert net(IMAGES).shape == shape and (count is None or module.size(net) == count)
    for loss_of, _ in module.MODELS[name][3]:
        loss = loss_of(net)(IMAGES, LABELS)
        loss.backward()
        assert loss.ndim == 0 and torch.isfinite(loss)


def test_hidden_rows_are_hidden(chapter, monkeypatch):
    torch.manual_seed(0)
    net, seen = chapter.RowReader("attention").eval(), []
    states = net.states
    monkeypatch.setattr(net, "states", lambda rows: (seen.append(rows), states(rows))[1])
    net.hidden_rows(IMAGES, LABELS)
    hidden = (seen[0] == -1).all(2)
    assert 0.1 < hidden.float().mean() < 0.5
    assert torch.equal(seen[0][~hidden], IMAGES.view(-1, 28, 28)[~hidden])


def test_the_bound_is_that_of_chapter_5(chapter):
    from torch.distributions import Bernoulli, Normal, kl_divergence
    net = chapter.VAE()
    mean, log_variance = net.encoder(IMAGES).chunk(2, 1)
    torch.manual_seed(1)
    got = net.bound(IMAGES.round(), LABELS)
    torch.manual_seed(1)
    mean, log_variance = net.encoder(IMAGES.round()).chunk(2, 1)
    code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
    cost = -Bernoulli(logits=net.decoder(code)).log_prob(IMAGES.round().flatten(1)).sum()
    cost = cost + kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum()
    assert torch.allclose(got, cost / 6, rtol=1e-4)


def test_in_a_duel_each_side_minds_its_own_weights(chapter):
    """The judge's gradient is that of the judge's loss alone, the drawer's that of fooling the judge."""
    torch.manual_seed(0)
    net = chapter.DCGAN().eval()  # no statistics of batches, so that both sums see the same layers
    torch.manual_seed(1)
    net.duel(IMAGES, LABELS).backward()
    assert all(weight.requires_grad for weight in net.parameters())
    got = net.judge.weight.grad.clone(), net.draws[0].weight.grad.clone()
    net.zero_grad()
    torch.manual_seed(1)
    false = net.draws(torch.randn(6, 32))
    told = F.softplus(-net.judge(net(IMAGES))).mean() + F.softplus(net.judge(net(false.detach()))).mean()
    told.backward()
    wanted = net.judge.weight.grad.clone()
    assert net.draws[0].weight.grad is None and torch.allclose(got[0], wanted, atol=1e-6)
    F.softplus(-net.judge(net(false))).mean().backward()
    assert torch.allclose(got[1], net.draws[0].weight.grad, atol=1e-6)


def test_a_linear_reader_reads(chapter):
    from utils.data import Dataset, Split
    chapter.LOOKS = 60
    images = F.one_hot(LABELS, 784).float().view(6, 1, 28, 28)
    digits = Dataset("six", "made here", Split(images, LABELS), Split(images, LABELS))
    reader = chapter.linear_reader(torch.nn.Flatten(), digits)
    assert reader.weight.shape == (10, 784)
    assert (reader(images.flatten(1)).argmax(1) == LABELS).float().mean() >= 0.5


def test_the_linear_reader_undoes_its_scaling(chapter, monkeypatch):
    """Taught on scaled features, it must answer the same on those that the network really gives."""
    from utils.data import Dataset, Split
    held = {}
    monkeypatch.setattr(chapter, "tune", lambda net, loss, batches, *_: held.update(
        logits=torch.cat([net(rows) for rows, _ in batches]).detach(), order=batches.order(0)))
    images = torch.rand(6, 1, 28, 28)
    digits = Dataset("six", "made here", Split(images, LABELS), Split(images, LABELS))
    reader = chapter.linear_reader(torch.nn.Flatten(), digits)
    assert torch.allclose(reader(images.flatten(1))[held["order"]], held["logits"], atol=1e-3)


# --- table and exercises --------------------------------------------------------------------------

def test_the_table_of_models_has_one_row_more_than_chapter_8():
    eight, nine = (grown(path) for path in CHAPTERS if path.name[:2] in ("08", "09"))
    assert nine[:-1] == eight and nine[-1].startswith("| 9 ·") and len(nine) == 9


@pytest.mark.parametrize("number", [f"09.{k}" for k in range(1, 9)])
def test_delivered_answers_are_not_done(number):
    delivered = {"09.1": ..., "09.2": 8, "09.5": (..., ...)}.get(number, lambda *arguments: ...)
    assert judge(find(number), delivered) == ("not done yet", "")


def test_a_tenth_less_takes_four_times_as_many():
    assert find("09.1").reference**-0.076 == pytest.approx(0.9, abs=1e-3)
    assert math.isclose(2 ** (1 / 0.076), 9140, rel_tol=0.01)


def test_a_half_written_module_is_not_done():
    class Adapter(torch.nn.Module):
        def __init__(self, layer, width, bottleneck):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return ...

    assert judge(find("09.8"), Adapter) == ("not done yet", "")


def test_the_best_size_of_the_chapter_is_that_of_the_exercise(chapter):
    for constants in chapter.FITS.values():
        tried, by_formula = (way(5.76e23, *constants) for way in (find("09.6").reference, find("09.6").right[0]))
        assert tried == pytest.approx(by_formula, rel=0.01)
