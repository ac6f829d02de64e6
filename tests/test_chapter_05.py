"""Chapter 05: the definitions that the reader sees, called directly, and its exercises."""
import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from tests.definitions import load
from utils.exercises import find, judge


@pytest.fixture(scope="module")
def chapter():
    return load("05_vae.ipynb", constants=("together", "posterior", "evidence"))


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def seeded(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


# --- drawing, PCA, autoencoder --------------------------------------------------------------------

def test_noise_is_the_same_every_time(chapter):
    assert torch.equal(chapter.noise(3, 4, seed=2), chapter.noise(3, 4, seed=2))
    assert chapter.noise(3, 4, seed=2).shape == (3, 4)
    assert not torch.equal(chapter.noise(3, seed=2), chapter.noise(3, seed=3))


def test_normal_like_has_the_mean_and_covariance_of_its_rows(chapter):
    rows = seeded(500, 3) @ torch.tensor([[2.0, 1, 0], [0, 1, 0], [0, 0, 0.1]]) + torch.tensor([5.0, 0, -1])
    drawn = chapter.normal_like(rows, 40_000, seed=1)
    assert torch.allclose(drawn.mean(0), rows.mean(0), atol=0.05)
    assert torch.allclose(drawn.T.cov(), rows.T.cov(), atol=0.1)


def test_principal_directions_are_those_of_svd(chapter):
    images = seeded(200, 12) * torch.arange(1.0, 13)
    mean, directions = chapter.principal(images, 4)
    _, _, wanted = torch.linalg.svd(images - images.mean(0), full_matrices=False)
    assert torch.allclose(mean, images.mean(0)) and directions.shape == (4, 12)
    assert torch.allclose((directions @ wanted[:4].T).abs(), torch.eye(4), atol=1e-3)


def test_squared_error_is_summed_over_pixels_and_averaged_over_images(chapter):
    assert chapter.squared_error(torch.zeros(2, 784), torch.ones(2, 784)) == 784


def test_autoencoder_has_the_layers_of_2006(chapter):
    net = chapter.Autoencoder(1000, 500, 250, code=30)
    shapes = [tuple(layer.weight.shape[::-1]) for layer in net.modules() if isinstance(layer, nn.Linear)]
    half = [(784, 1000), (1000, 500), (500, 250), (250, 30)]
    assert shapes == half + [(b, a) for a, b in half[::-1]]
    assert count(net) == sum(a * b + b for a, b in shapes) == 2_837_314
    assert net(torch.rand(3, 784)).shape == (3, 784)
    assert (net.encoder(torch.rand(50, 784)) < 0).any(), "the code layer is linear"


def test_nats_are_the_surprise_of_independent_pixels(chapter):
    logits, images = seeded(4, 784), (seeded(4, 784) > 0).float()
    wanted = -Bernoulli(logits=logits).log_prob(images).sum(1)
    assert torch.allclose(chapter.nats(logits, images), wanted, rtol=1e-5)


def test_grey_nats_are_the_average_over_black_and_white(chapter):
    logits, grey = seeded(1, 784), torch.rand(1, 784, generator=torch.Generator().manual_seed(1))
    white, black = (chapter.nats(logits, torch.full_like(grey, value)) for value in (1.0, 0.0))
    each = [nn.functional.binary_cross_entropy_with_logits(logits, torch.full_like(grey, value), reduction="none")
            for value in (1.0, 0.0)]
    assert torch.allclose(chapter.nats(logits, grey), (grey * each[0] + (1 - grey) * each[1]).sum(1), rtol=1e-5)
    assert torch.allclose(white, each[0].sum(1)) and torch.allclose(black, each[1].sum(1))


def test_plot_rows_names_its_rows(chapter):
    figure = chapter.plot_rows(real=torch.rand(3, 784), in_pairs=torch.rand(3, 784))
    assert [ax.get_ylabel() for ax in figure.axes][::3] == ["real", "in pairs"]
    chapter.plt.close(figure)


def test_infer_gives_no_gradients(chapter):
    assert not chapter.infer(nn.Linear(3, 2), torch.ones(4, 3)).requires_grad


def test_round_trip_of_a_perfect_pair_is_zero(chapter):
    net = nn.Module()
    net.encoder, net.decoder = torch.logit, nn.Identity()
    assert chapter.round_trip(net, seeded(20, 5)) < 1e-4


# --- the bound ------------------------------------------------------------------------------------

@pytest.mark.parametrize("heads", [0.01, 0.3, 0.5, 6 / 7, 0.99])
def test_bound_and_divergence_add_up(chapter, heads):
    q = torch.tensor([1 - heads, heads], dtype=torch.float64)
    assert torch.isclose(chapter.bound(q) + chapter.kl(q, chapter.posterior), chapter.evidence, atol=1e-6)
    assert chapter.bound(q) <= chapter.evidence + 1e-6 and chapter.kl(q, chapter.posterior) >= -1e-6


def test_the_coin(chapter):
    assert float(chapter.evidence.exp()) == pytest.approx(0.35)
    assert chapter.posterior.tolist() == pytest.approx([1 / 7, 6 / 7])


def test_log_normal_agrees_with_torch(chapter):
    x, mean, log_variance = seeded(3, 40)
    wanted = Normal(mean, (log_variance / 2).exp()).log_prob(x)
    assert torch.allclose(chapter.log_normal(x, mean, log_variance), wanted, atol=1e-4)


def test_price_is_the_divergence_from_the_standard_normal(chapter):
    mean, log_variance = seeded(2, 40)
    wanted = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0))
    assert torch.allclose(chapter.price(mean, log_variance), wanted, atol=1e-5)
    assert chapter.price(torch.zeros(1), torch.zeros(1)) == 0


@pytest.mark.parametrize("mu", [-2.0, 0.0, 1.0])
def test_both_gradients_are_right_on_average(chapter, mu):
    for gradient in chapter.two_gradients(torch.tensor(mu), draws=400_000):
        error = float(gradient.std()) / math.sqrt(400_000)
        assert abs(float(gradient.mean()) - 2 * mu) < 5 * error


# --- the VAE --------------------------------------------------------------------------------------

def test_vae_shapes_and_parameters(chapter):
    model = chapter.VAE(20)
    mean, log_variance = model.encode(torch.rand(3, 784))
    assert mean.shape == log_variance.shape == (3, 20)
    assert model.decode(mean).shape == (3, 784) and model.decode(torch.zeros(2, 5, 20)).shape == (2, 5, 784)
    assert torch.equal(model.middle(torch.ones(1, 784)), model.encode(torch.ones(1, 784))[0])
    assert count(model) == (784 * 500 + 500) + 2 * (500 * 20 + 20) + (20 * 500 + 500) + (500 * 784 + 784)
    assert count(model) == 815_824


def test_costs_of_a_silent_code(chapter):
    """With weights of zero the guess is the prior, and every pixel is a coin."""
    model = chapter.VAE(5, hidden=10)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    rebuild, code = chapter.costs(model, torch.rand(7, 784).round())
    assert torch.allclose(rebuild, torch.full((7,), 784 * math.log(2)), rtol=1e-5)
    assert code.shape == (7, 5) and torch.equal(code, torch.zeros(7, 5))


def test_the_trick_lets_gradients_reach_the_encoder(chapter):
    model = chapter.VAE(5, hidden=10)
    rebuild, _ = chapter.costs(model, torch.rand(7, 784).round())
    rebuild.sum().backward()
    assert all(part.abs().sum() > 0 for part in model.read[2].weight.grad.chunk(2)), "mean and log variance"


def test_log_weights_average_to_the_bound_and_rise_above_it(chapter):
    torch.manual_seed(0)
    model, images = chapter.VAE(3, hidden=20), torch.rand(2, 784).round()
    weights = chapter.log_weights(model, images, 4000)
    rebuild, code = (torch.stack(parts).mean(0) for parts in
                     zip(*[(r, c.sum(1)) for r, c in (chapter.costs(model, images) for _ in range(2000))]))
    assert weights.shape == (2, 4000)
    assert torch.allclose(weights.mean(1), -(rebuild + code).detach(), atol=0.3)
    one, many = chapter.averaged(weights, 1), chapter.averaged(weights, 1000)
    assert one == pytest.approx(float(weights.mean()), abs=1e-3) and many > one


def test_log_weights_from_the_prior_are_log_chances(chapter):
    torch.manual_seed(0)
    model, images = chapter.VAE(3, hidden=20), torch.rand(1, 784).round()
    weights = chapter.log_weights(model, images, 50, use_encoder=False)
    assert (weights < 0).all()


def test_real_gradients_agree_on_average(chapter):
    torch.manual_seed(0)
    model, image = chapter.VAE(2, hidden=5), torch.rand(784).round()
    with torch.no_grad():
        model.draw[2].weight.mul_(0.02)
        model.draw[2].bias.zero_()
    score, path = chapter.real_gradients(model, image, draws=200_000)
    error = score.std(0) / math.sqrt(200_000)
    assert score.shape == path.shape == (200_000, 2)
    assert ((score.mean(0) - path.mean(0)).abs() < 5 * error).all()


# --- blur -----------------------------------------------------------------------------------------

def test_sharpness(chapter):
    flat = torch.ones(1, 784)
    checks = ((torch.arange(28)[:, None] + torch.arange(28)) % 2).float().view(1, 784)
    assert chapter.sharpness(flat) == 0
    assert chapter.sharpness(checks) == pytest.approx(2 * 27 * 28 / 392)
    assert chapter.sharpness(checks / 2) == pytest.approx(chapter.sharpness(checks))


# --- exercises ------------------------------------------------------------------------------------

EXERCISES = tuple(f"05.{k}" for k in range(1, 8))
STARTED = {"05.2", "05.5"}  # they begin with an answer, a wrong one


@pytest.mark.parametrize("number", EXERCISES)
def test_exercises_as_delivered(chapter, number):
    delivered = {"05.1": ..., "05.2": chapter.charged, "05.3": chapter.divergence, "05.4": chapter.arc,
                 "05.5": chapter.draw_codes, "05.6": chapter.draw_between, "05.7": chapter.best_guess}[number]
    state, message = judge(find(number), delivered)
    assert state == ("not right yet" if number in STARTED else "not done yet"), message


def test_the_price_in_the_first_exercise_is_the_chapters(chapter):
    assert chapter.price(torch.tensor(3.0), torch.tensor(0.0)) == find("05.1").reference


def test_exercise_7_has_the_chapters_price_and_closes_the_gap(chapter):
    x = torch.linspace(-3, 3, 7)
    mean, log_variance = find("05.7").reference(x)
    rebuild = 0.5 * ((x - 2 * mean)**2 + 4 * log_variance.exp() + math.log(2 * math.pi))
    evidence = Normal(0.0, 5**0.5).log_prob(x)
    assert torch.allclose(-(rebuild + chapter.price(mean, log_variance)), evidence, atol=1e-5)
