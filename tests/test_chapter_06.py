"""Chapter 06: the definitions that the reader sees, called directly, and its exercises."""
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.definitions import load
from utils.exercises import find, judge
from utils.solutions import chapter_06 as bank



@pytest.fixture(scope="module")
def chapter():
    module = load("06_gan.ipynb", constants=("angle", "centres", "GAMES", "x"))
    module.lab = type("Lab", (), {"device": torch.device("cpu")})()
    return module


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def seeded(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


# --- the VAE and the helpers ----------------------------------------------------------------------

def test_vae_loss_is_that_of_torchs_distributions(chapter):
    torch.manual_seed(0)
    vae, pixels = chapter.VAE(hidden=8, latents=3), torch.rand(5, 784)
    torch.manual_seed(1)
    got = vae(pixels)
    mean, log_variance = vae.encoder(pixels).chunk(2, dim=1)
    torch.manual_seed(1)
    code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    price = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1)
    missed = F.binary_cross_entropy(vae.decoder(code).sigmoid(), pixels, reduction="none").sum(1)
    assert torch.allclose(got, (missed + price).mean(), rtol=1e-4)


def test_update_goes_down_the_slope(chapter):
    weight = nn.Parameter(torch.tensor([1.0, -2.0]))
    weight.grad = torch.tensor([100.0, 100.0])  # what an earlier step left behind
    chapter.update(torch.optim.SGD([weight], 0.1), weight.square().sum())
    assert torch.allclose(weight, torch.tensor([0.8, -1.6]))


@pytest.mark.parametrize("steps, batches, epochs", [(600, 200, 3), (600, 15, 40), (10, 200, 1)])
def test_epochs_for_gives_about_the_steps(chapter, steps, batches, epochs):
    assert chapter.epochs_for(steps, range(batches)) == epochs


def test_noise_fills_the_cube(chapter):
    torch.manual_seed(0)
    z = chapter.noise(4000, 2)
    assert z.shape == (4000, 2) and -1 <= z.min() < -0.99 and 0.99 < z.max() <= 1 and abs(z.mean()) < 0.05


# --- side by side ---------------------------------------------------------------------------------

def test_each_game_is_a_linear_layer_of_its_own(chapter):
    layer, points = chapter.SideBySide(3, 2, 4), seeded(3, 5, 2)
    for k, row in enumerate(layer(points)):
        assert torch.allclose(row, F.linear(points[k], layer.weight[k].T, layer.bias[k, 0]), atol=1e-6)


def test_games_do_not_touch_each_other(chapter):
    game = chapter.net(3, 2, 8, 1)
    game(seeded(3, 5, 2))[1].sum().backward()
    for parameter in game.parameters():
        assert parameter.grad[0].abs().sum() == parameter.grad[2].abs().sum() == 0
    assert game[0].weight.grad[1].abs().sum() > 0


def test_net_has_relus_between_and_none_at_the_end(chapter):
    kinds = [type(layer).__name__ for layer in chapter.net(1, 2, 8, 8, 1)]
    assert kinds == ["SideBySide", "ReLU", "SideBySide", "ReLU", "SideBySide"]


# --- the step of two players ----------------------------------------------------------------------

def tiny_game() -> nn.ModuleDict:
    torch.manual_seed(0)
    return nn.ModuleDict({"G": nn.Linear(2, 3), "D": nn.Linear(3, 1)})


def test_the_step_moves_both_players_and_returns_their_losses(chapter):
    game = tiny_game()
    before = {name: value.clone() for name, value in game.state_dict().items()}
    losses = chapter.two_player_step(game, 2, rate=0.01)((seeded(6, 3),))
    assert set(losses) == {"D", "G"} and all(torch.isfinite(loss) for loss in losses.values())
    assert all(not torch.equal(before[name], value) for name, value in game.state_dict().items())


def test_the_losses_are_the_papers(chapter):
    game, real = tiny_game(), seeded(6, 3)
    with torch.no_grad():
        game["D"].weight.zero_()
        game["D"].bias.zero_()
    losses = chapter.two_player_step(game, 2, rate=0.0)((real,))
    assert losses["D"].item() == pytest.approx(math.log(4)) and losses["G"].item() == pytest.approx(math.log(2))


def test_g_is_not_helped_by_ds_step(chapter):
    """D's loss must leave no gradient in G: with G's rate at zero, G stays where it is."""
    game = tiny_game()
    seen = []
    chapter_update = chapter.update
    try:
        def spy(optimizer, loss):
            chapter_update(optimizer, loss)
            seen.append(game["G"].weight.grad)
        chapter.update = spy
        chapter.two_player_step(game, 2, rate=0.01)((seeded(6, 3),))
    finally:
        chapter.update = chapter_update
    assert seen[0] is None and seen[1] is not None


def test_bell_is_a_density(chapter):
    x = torch.linspace(-9, 11, 4001)
    assert float(torch.trapezoid(chapter.bell(x, 1.0, 0.7), x)) == pytest.approx(1, abs=1e-4)
    expected = torch.distributions.Normal(1.0, 0.7).log_prob(x[1500:2500]).exp()
    assert torch.allclose(chapter.bell(x, 1.0, 0.7)[1500:2500], expected, atol=1e-6)


# --- the nets of 2014 and of 2015 -----------------------------------------------------------------

def test_maxout_is_the_largest_of_five(chapter):
    layer, x = chapter.Maxout(3, 4), seeded(2, 3)
    sums = F.linear(x, layer.linear.weight, layer.linear.bias)
    wanted = torch.stack([sums[:, 5 * k:5 * k + 5].max(1).values for k in range(4)], 1)
    assert torch.equal(layer(x), wanted) and count(layer) == 20 * 3 + 20


def test_2014_shapes_and_parameters(chapter):
    G, D = chapter.generator_2014(), chapter.discriminator_2014()
    assert (count(G), count(D)) == (2_503_984, 1_231_441)
    pictures = G(torch.rand(2, 100))
    assert pictures.shape == (2, 784) and 0 <= pictures.min() and pictures.max() <= 1
    assert D(pictures).shape == (2, 1)


def test_generator_starts_at_the_average(chapter):
    chapter.known = torch.rand(50, 784, generator=torch.Generator().manual_seed(0))
    G = chapter.start_at_average(chapter.generator_2014(8))
    assert torch.allclose(G[-2].bias.sigmoid(), chapter.known.mean(0), atol=1e-3)


def test_dcgan_keeps_its_rules(chapter):
    game = chapter.dcgan(8)
    G, D = game["G"], game["D"]
    pictures = G(2 * torch.rand(4, 100) - 1)
    assert pictures.shape == (4, 784) and pictures.abs().max() <= 1 and D(pictures).shape == (4, 1)
    layers = [*G, *D]
    assert not any(isinstance(layer, nn.Linear | nn.MaxPool2d | nn.AvgPool2d) for layer in layers)
    assert {type(layer) for layer in G} & {nn.LeakyReLU} == set() == {type(layer) for layer in D} & {nn.ReLU}
    assert [type(layer).__name__ for layer in G][-2:] == ["Tanh", "Flatten"]
    follows = {id(a): type(b) for a, b in zip(D, list(D)[1:])}
    convolutions = [layer for layer in D if isinstance(layer, nn.Conv2d)]
    assert [follows[id(layer)] for layer in convolutions] == [nn.LeakyReLU, nn.BatchNorm2d, nn.Flatten]
    weights = torch.cat([layer.weight.flatten() for layer in convolutions])
    assert weights.std().item() == pytest.approx(0.02, rel=0.1)


def test_sample_draws_at_rest(chapter):
    G = nn.Sequential(nn.Linear(100, 784), nn.Dropout(0.9), nn.Sigmoid())
    pictures = chapter.sample(G, 7)
    assert pictures.shape == (7, 784) and not pictures.requires_grad and not G.training


# --- measures -------------------------------------------------------------------------------------

def test_parzen_is_a_mixture_of_bells(chapter):
    samples, points, width = torch.rand(6, 784), torch.rand(3, 784), torch.tensor(0.4)
    squares = torch.cdist(points.double(), samples.double()).square()
    bells = torch.distributions.Normal(samples.double(), 0.4).log_prob(points.double()[:, None]).sum(2)
    wanted = torch.logsumexp(bells, 1) - math.log(6)
    assert torch.allclose(chapter.log_likelihood(squares, width), wanted, rtol=1e-4)


def test_parzen_prefers_the_nearer_samples(chapter):
    torch.manual_seed(0)
    chapter.valid = chapter.test = 0.5 + 0.1 * torch.randn(20, 784)
    near, far = 0.5 + 0.1 * torch.randn(50, 784), 0.8 + 0.1 * torch.randn(50, 784)
    assert chapter.parzen(near) > chapter.parzen(far)


def test_k_means_finds_two_clumps(chapter):
    torch.manual_seed(0)
    points = torch.cat([torch.zeros(30, 784), torch.ones(10, 784)]) + 0.01 * torch.randn(40, 784)
    for _ in range(5):  # two starts in one clump are possible; the averages are right all the same
        centres = chapter.k_means(points, 2)
        assert centres.shape == (2, 784) and torch.isfinite(centres).all()
    found = {round(float(value)) for _ in range(5) for value in chapter.k_means(points, 2).mean(1)}
    assert found == {0, 1}


def test_edges_are_larger_for_a_sharp_square(chapter):
    sharp = torch.zeros(1, 1, 28, 28)
    sharp[..., 8:20, 8:20] = 1
    soft = F.avg_pool2d(F.pad(sharp, (2, 2, 2, 2)), 5, 1)
    assert chapter.edges(sharp.flatten(1)) > 1.1 * chapter.edges(soft.flatten(1))


def test_nearest_is_a_median(chapter):
    some, others = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[0.0], [2.0]])
    assert float(chapter.nearest(some, others)) == 1 and float(chapter.nearest(others, others)) == 0


def test_score_knows_known_faults(chapter):
    torch.manual_seed(0)
    prototypes = (torch.rand(10, 784) > 0.5).float()

    def pictures(per_class: int) -> torch.Tensor:
        return (prototypes.repeat(per_class, 1) + 0.2 * torch.rand(10 * per_class, 784)).clamp(0, 1)

    class Reader(nn.Module):
        def forward(self, images):
            return -torch.cdist(images.flatten(1), prototypes).square()

    labels = torch.arange(10).repeat(100)
    chapter.reader, chapter.known, chapter.unseen = Reader(), pictures(100), pictures(30)
    chapter.data = type("Data", (), {"train": type("Train", (), {"labels": labels})})
    honest, copier = chapter.score(pictures(100)), chapter.score(chapter.known)
    single = chapter.score(prototypes[:1].repeat(100, 1))
    assert honest["classes"] == 10 and honest["imbalance"] < 1 and honest["sharp"] == pytest.approx(1, abs=0.05)
    assert honest["new"] == pytest.approx(1, abs=0.1) and honest["missed"] == pytest.approx(1, abs=0.1)
    assert copier["new"] < 1e-3 and single["classes"] == 1 and single["imbalance"] == pytest.approx(90, abs=0.1)
    assert single["missed"] > 1.2


# --- the ring -------------------------------------------------------------------------------------

def test_the_ring_has_eight_different_hills(chapter):
    assert chapter.centres.shape == (8, 2)
    assert torch.allclose(chapter.centres.norm(dim=1), torch.full((8,), 2.0))
    assert torch.pdist(chapter.centres).min() > 1.5
    torch.manual_seed(0)
    points = chapter.ring(3, 4000)
    hills, good = chapter.covered(points)
    assert points.shape == (3, 4000, 2) and hills.tolist() == [8, 8, 8] and good.min() > 97


def test_covered_counts_each_game_for_itself(chapter):
    one = chapter.centres[2].expand(100, 2)
    two = torch.cat([chapter.centres[:1].expand(98, 2), chapter.centres[5:6].expand(2, 2) + 0.1])
    nothing = torch.zeros(100, 2)
    hills, good = chapter.covered(torch.stack([one, two, nothing]))
    assert hills.tolist() == [1, 2, 0] and good.tolist() == pytest.approx([100, 98, 0])


def test_distance_of_shifted_points_is_the_shift(chapter):
    points = seeded(40, 2)
    assert chapter.distance(points, points) == pytest.approx(0, abs=1e-3)
    moved = points[torch.randperm(40)] + torch.tensor([0.3, -0.4])
    assert chapter.distance(points, moved) == pytest.approx(0.5, abs=1e-3)


def test_look_keeps_a_row_for_each_name(chapter):
    torch.manual_seed(0)
    chapter.arena = 3 * torch.cartesian_prod(*[torch.linspace(-1, 1, 31)] * 2)
    game = nn.ModuleDict({"G": chapter.net(8, 2, 4, 2), "D": chapter.net(8, 2, 4, 1)})
    log = {}
    with torch.no_grad():
        for _ in range(2):
            chapter.look(game, log)
    shapes = {name: tuple(torch.stack(rows, 1).shape) for name, rows in log.items()}
    assert shapes["hills"] == shapes["good"] == shapes["distance"] == shapes["gap"] == (8, 2)
    assert shapes["points"] == (1, 2, 300, 2) and shapes["says"] == (1, 2, 961) and shapes["pull"] == (1, 2, 961, 2)


# --- the critic -----------------------------------------------------------------------------------

@pytest.mark.parametrize("slope, wanted", [((3.0, 4.0), 16), ((0.6, 0.8), 0), ((0.0, 0.0), 1)])
def test_penalty_of_a_plane_is_known(chapter, slope, wanted):
    critic = nn.Linear(2, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([slope]))
    real, fake = seeded(8, 50, 2), seeded(8, 50, 2) + 1
    assert float(chapter.penalty(critic, real, fake)) == pytest.approx(wanted, abs=1e-4)


def test_penalty_has_a_gradient_in_the_critic(chapter):
    critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    chapter.penalty(critic, seeded(50, 2), seeded(50, 2) + 1).backward()
    assert critic[0].weight.grad.abs().sum() > 0 and critic[2].weight.grad.abs().sum() > 0


def test_critic_learns_the_given_times_and_g_once(chapter):
    game, calls = tiny_game(), []
    update = chapter.update
    try:
        chapter.update = lambda optimizer, loss: calls.append(optimizer.param_groups[0]["params"][0])
        chapter.critic_step(game, 2, 0.01, strength=1, turns=3)((seeded(9, 3),))
    finally:
        chapter.update = update
    assert [parameter is game["G"].weight for parameter in calls] == [False, False, False, True]


# --- where it breaks ------------------------------------------------------------------------------

def test_a_short_request_is_read_back_and_a_long_one_is_not(chapter):
    torch.manual_seed(0)
    assert chapter.readable(1) == 100 and chapter.readable(80) < 60


# --- exercises ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, as_delivered", [
    ("06.1", (..., ...)), ("06.3", "distance_on_a_line"), ("06.4", "request"), ("06.5", (..., ...)),
    ("06.6", "line_critic"), ("06.7", "train_judge"), ("06.8", "repair"),
])
def test_exercises_are_not_done_as_delivered(chapter, number, as_delivered):
    answer = getattr(chapter, as_delivered) if isinstance(as_delivered, str) else as_delivered
    assert judge(find(number), answer) == ("not done yet", "")


def test_the_sets_of_the_pairing_exercise_mislead_what_is_no_best_pairing():
    (some, others), _, (many, more) = bank.pairing_sets()
    for these, those in ((some, others), (many, more)):
        best = bank.distance_on_a_line(these, those).item()
        assert best == pytest.approx(float(bank.distance_by_search(these, those)), rel=1e-4)
        for greedy in (bank.pairing_in_turn(these, those), bank.pairing_in_turn(those, these),
                       bank.pairing_by_turning(these, those)):
            assert greedy > 1.01 * best
        assert not torch.equal(these, these.sort().values) and not torch.equal(those, those.sort().values)


def test_the_loss_as_delivered_is_refused(chapter):
    state, message = judge(find("06.2"), chapter.generator_loss)
    assert state == "not right yet" and "slope vanishes" in message
