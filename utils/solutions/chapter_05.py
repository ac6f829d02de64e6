"""The exercises of chapter 05, the autoencoder and the VAE."""
import math

import torch
from torch.distributions import Normal, kl_divergence

from utils.exercises import Exercise, bank, called


def check_nats(answer):
    """The price of a normal code with mean 2 and variance 1."""
    assert answer != 4, "4 is the squared mean; the formula has a factor of one half."
    assert answer != 0, "only a code with mean 0 and variance 1 is free; here the mean is 2."
    assert answer != 2.5, "2.5 leaves out the −1: with variance 1 the terms σ² − 1 cancel."
    assert answer != 1, "1 takes μ for μ²: the price grows with the square of the mean."
    assert math.isclose(answer, 2), f"½ (4 + 1 − 1 − log 1) is not {answer}."


bank(Exercise(
    "05.1", kind="predict", minutes=2, level="easy", reference=2, check=check_nats, right=[2.0],
    wrong=[(4, "one half"), (0, "mean is 2"), (2.5, "−1"), (1, "square")],
    hints=["Put μ = 2 and σ² = 1 into ½ (μ² + σ² − 1 − log σ²).", "log 1 is 0, and 1 − 1 is 0: ½ · 4 is left."],
    explanation="2 nats: half the squared distance from the middle. A code twice as far out costs four times as much."))


def charged(code, free):
    """code (B, latents): nats of each number. Returns the price to put in the loss, one number."""
    return code.mean(0).clamp(min=free).sum()


def charged_by_maximum(code, free):
    """Another way: the larger of the average and the limit, number by number."""
    average = code.mean(0)
    return torch.maximum(average, torch.full_like(average, free)).sum()


def check_charged(answer):
    """The limit is applied to each number's average over the batch, before the sum."""
    code, free = torch.tensor([[0.0, 2.0, 0.6], [0.2, 4.0, 0.2]]), 0.5
    got = float(called(answer, code.clone(), free))
    assert not math.isclose(got, 3.5, rel_tol=1e-5), "this is the plain price: nothing is limited yet."
    assert not math.isclose(got, float(code.clamp(min=free).mean(0).sum()), rel_tol=1e-5), \
        "the limit holds for the average over the batch; take the mean before the clamp."
    assert not math.isclose(got, 2.5, rel_tol=1e-5), "the nats below the limit are charged too, as if they were `free`; do not take it off."
    assert not math.isclose(got, float(code.mean(0).clamp(max=free).sum()), rel_tol=1e-5), \
        "clamp(max=) limits the dear numbers; the cheap ones should be lifted: clamp(min=)."
    assert math.isclose(got, 4.0, rel_tol=1e-5), f"averages 0.1, 3.0 and 0.4 with 0.5 free give 0.5 + 3.0 + 0.5 = 4.0, not {got:.3f}."
    assert math.isclose(float(called(answer, code, 0.0)), 3.5, rel_tol=1e-5), "with free = 0 it should be the plain price, 3.5 here."


bank(Exercise(
    "05.2", kind="change", minutes=5, level="medium", reference=charged, check=check_charged, right=[charged_by_maximum],
    wrong=[(lambda code, free: code.mean(0).sum(), "plain price"),
           (lambda code, free: code.clamp(min=free).mean(0).sum(), "mean before the clamp"),
           (lambda code, free: (code.mean(0) - free).clamp(min=0).sum(), "do not take it off"),
           (lambda code, free: code.mean(0).clamp(max=free).sum(), "lifted")],
    hints=["code.mean(0) has one average for each number of the code.",
           "clamp(min=free) between the mean and the sum."],
    explanation="Below the limit the gradient of the price is zero: a number that is about to fall silent saves nothing by it."))


def divergence(mean, log_variance, other_mean, other_log_variance):
    """KL of q from p, elementwise, in nats."""
    ratio = (log_variance - other_log_variance).exp()
    apart = (mean - other_mean)**2 / other_log_variance.exp()
    return 0.5 * (ratio + apart - 1 - (log_variance - other_log_variance))


def divergence_by_torch(mean, log_variance, other_mean, other_log_variance):
    """The same from torch's library of distributions, which wants standard deviations."""
    return kl_divergence(Normal(mean, (log_variance / 2).exp()),
                         Normal(other_mean, (other_log_variance / 2).exp()))


def only_the_mean(mean, log_variance, other_mean, other_log_variance):
    """A mistake: the distance of the means is not measured in p's standard deviations."""
    change = log_variance - other_log_variance
    return 0.5 * (change.exp() + (mean - other_mean)**2 - 1 - change)


def check_divergence(answer):
    """Against torch's library, with the common mistakes named."""
    generator = torch.Generator().manual_seed(1)
    q, p = torch.randn(2, 2, 50, generator=generator)
    got = called(answer, *q, *p)
    wanted = divergence_by_torch(*q, *p)
    assert got.shape == wanted.shape, f"one number for each pair, shape (50,), not {tuple(got.shape)}."
    assert not torch.allclose(got, divergence_by_torch(*p, *q), atol=1e-5), "this is KL of p from q; the two are not the same."
    assert not torch.allclose(got, 2 * wanted, atol=1e-5), "this is twice the divergence: the factor of one half is missing."
    assert not torch.allclose(got, only_the_mean(*q, *p), atol=1e-5), \
        "the distance of the means counts in units of p's spread: divide by its variance."
    assert torch.allclose(got, wanted, atol=1e-5), "the numbers differ from those of torch.distributions.kl_divergence."


bank(Exercise(
    "05.3", kind="build", minutes=10, level="medium", reference=divergence, check=check_divergence, right=[divergence_by_torch],
    wrong=[(lambda m, v, om, ov: divergence(om, ov, m, v), "not the same"),
           (lambda m, v, om, ov: 2 * divergence(m, v, om, ov), "one half"),
           (only_the_mean, "p's spread"),
           (lambda m, v, om, ov: divergence(m, v, om, ov).sum(), "one number for each pair")],
    hints=["The ratio of the variances is (log_variance - other_log_variance).exp().",
           "The distance of the means, squared, is divided by other_log_variance.exp()."],
    explanation="With a prior that is itself learned, or comes from another layer of latent variables, this form is the price."))


def arc(a, b, t):
    """The point at share t on the arc from a to b, each (d,), not parallel."""
    angle = torch.arccos(a @ b / (a.norm() * b.norm()))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def arc_by_turning(a, b, t):
    """Another way: split b into a part along a and a part at right angles, and turn."""
    along = (a @ b) / (a @ a) * a
    across = b - along
    angle = torch.atan2(across.norm(), (a @ b) / a.norm())
    aside = across / across.norm() * b.norm()
    weight = torch.sin(t * angle) / torch.sin(angle)
    return (torch.sin((1 - t) * angle) / torch.sin(angle) + weight * b.norm() / a.norm() * torch.cos(angle)) * a \
        + weight * torch.sin(angle) * aside


def without_lengths(a, b, t):
    """A mistake: the angle of vectors that were not scaled to length 1."""
    angle = torch.arccos((a @ b).clamp(-1, 1))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def check_arc(answer):
    """Ends, middle and length of the arc, with the common mistakes named."""
    a, b = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 2.0, 0.0])
    got = called(answer, a, b, 0.5)
    assert got.shape == a.shape, f"a point has the shape of a, {tuple(a.shape)}, not {tuple(got.shape)}."
    assert not torch.allclose(got, torch.lerp(a, b, 0.5)), "this is the straight line."
    assert torch.allclose(answer(a, b, 0.0), a, atol=1e-5) and torch.allclose(answer(a, b, 1.0), b, atol=1e-5), \
        "t = 0 should give a, and t = 1 should give b; are the two shares swapped?"
    assert torch.allclose(got, torch.tensor([2.0, 2.0, 0.0]) / 2**0.5, atol=1e-5), \
        f"half-way between (2, 0, 0) and (0, 2, 0) lies (1.41, 1.41, 0), not {[round(v, 2) for v in got.tolist()]}."
    c = torch.tensor([1.0, 1.0, 1.0])
    assert torch.allclose(answer(a, c, 0.3), arc(a, c, 0.3), atol=1e-4), \
        "the angle is wrong when a and b are not at right angles: divide a·b by both lengths."


bank(Exercise(
    "05.4", kind="build", minutes=15, level="hard", reference=arc, check=check_arc, right=[arc_by_turning],
    wrong=[(lambda a, b, t: torch.lerp(a, b, t), "straight line"), (lambda a, b, t: arc(b, a, t), "swapped"),
           (without_lengths, "both lengths"), (lambda a, b, t: arc(a, b, t).norm(), "shape")],
    hints=["angle = torch.arccos(a @ b / (a.norm() * b.norm())).",
           "Then two sines as weights, both divided by the sine of the angle."],
    explanation="In 20 dimensions almost all codes lie near a sphere of radius √20; the straight line cuts through "
                "its empty inside, the arc stays on it."))
