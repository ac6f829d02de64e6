"""The exercises of chapter 05, the autoencoder and the VAE."""
import math

import torch
from torch.distributions import Normal, kl_divergence

from utils.exercises import Exercise, bank, called


def number(answer, what="number"):
    """A learner's number (int, float, tensor of one) as a float; `what` names it in the message."""
    assert not isinstance(answer, bool | str | list | tuple | dict), f"The answer is a {what}."
    try:
        return float(answer)
    except (TypeError, ValueError, RuntimeError) as error:
        raise AssertionError(f"The answer is a {what}.") from error


def numbers(answer):
    """A tensor, list or tuple of numbers as a tensor of floats; a gradient stays."""
    if isinstance(answer, list | tuple):
        answer = torch.stack([torch.as_tensor(part) for part in answer])
    return torch.as_tensor(answer).float()


def check_nats(answer):
    """The price of a normal code with mean 3 and variance 1."""
    answer = number(answer, "number of nats")
    assert answer != 9, "9 is the squared mean; the formula has a factor of one half."
    assert answer != 0, "only a code with mean 0 and variance 1 is free; here the mean is 3."
    assert answer != 5, "5 leaves out the −1: with variance 1 the terms σ² − 1 cancel."
    assert answer not in (1.5, 3), f"{answer:g} takes μ for μ²: the price grows with the square of the mean."
    assert answer >= 0, "a divergence is never below 0."
    assert math.isclose(answer, 4.5, rel_tol=1e-4), f"½ (μ² + σ² − 1 − log σ²) is not {answer:g} at μ = 3 and σ² = 1."


bank(Exercise(
    "05.1", kind="predict", minutes=2, level="easy", reference=4.5, check=check_nats,
    right=[9 / 2, torch.tensor(4.5)],
    wrong=[(9, "one half"), (0, "mean is 3"), (5, "−1"), (1.5, "square"), (3, "square"), (-4.5, "below 0"), (7, "is not 7"),
           ("4.5", "number of nats")],
    hints=["The formula stands under \"The price of a code in closed form\"; the code has one number, so the sum has one term.",
           "Put μ = 3 and σ² = 1 into ½ (μ² + σ² − 1 − log σ²).", "log 1 is 0, and 1 − 1 is 0: ½ · 9 is left."],
    explanation="4.5 nats: half the squared distance from the middle. A code twice as far out costs four times as much."))


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
    got = numbers(called(answer, code.clone(), free))
    assert got.numel() == 1, f"the price in the loss is one number, and this has the shape {tuple(got.shape)}: sum over the numbers of the code."
    got = float(got)
    assert not math.isclose(got, 3.5, rel_tol=1e-5), "this is the plain price: nothing is limited yet."
    assert not math.isclose(got, float(code.clamp(min=free).mean(0).sum()), rel_tol=1e-5), \
        "the limit holds for the average over the batch; take the mean before the clamp."
    assert not math.isclose(got, 2.5, rel_tol=1e-5), "the nats below the limit are charged too, as if they were `free`; do not take it off."
    assert not math.isclose(got, float(code.mean(0).clamp(max=free).sum()), rel_tol=1e-5), \
        "clamp(max=) limits the dear numbers; it is the cheap ones that should be lifted."
    assert math.isclose(got, 4.0, rel_tol=1e-5), f"averages 0.1, 3.0 and 0.4 with 0.5 free give 0.5 + 3.0 + 0.5 = 4.0, not {got:.3f}."
    assert math.isclose(float(numbers(called(answer, code, 0.0))), 3.5, rel_tol=1e-5), "with free = 0 it should be the plain price, 3.5 here."


bank(Exercise(
    "05.2", kind="change", minutes=5, level="medium", reference=charged, check=check_charged, right=[charged_by_maximum],
    wrong=[(lambda code, free: code.mean(0).sum(), "plain price"),
           (lambda code, free: code.mean(0).clamp(min=free), "one number"),
           (lambda code, free: code.mean().clamp(min=free), "averages 0.1"),
           (lambda code, free: code.sum(1).mean().clamp(min=free), "plain price"),
           (lambda code, free: code.clamp(min=free).mean(0).sum(), "mean before the clamp"),
           (lambda code, free: (code.mean(0) - free).clamp(min=0).sum(), "do not take it off"),
           (lambda code, free: code.mean(0).clamp(max=free).sum(), "lifted")],
    hints=["Which comes first: the average over the batch, the limit, or the sum over the numbers of the code?",
           "code.mean(0) has one average for each number of the code.",
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
    got = numbers(called(answer, *q, *p))
    wanted = divergence_by_torch(*q, *p)
    assert got.shape == wanted.shape, f"one number for each pair, shape (50,), not {tuple(got.shape)}."
    assert not torch.allclose(got, divergence_by_torch(*p, *q), atol=1e-5), "this is KL of p from q; the two are not the same."
    assert not torch.allclose(got, 2 * wanted, atol=1e-5), "this is twice the divergence: the factor of one half is missing."
    assert not torch.allclose(got, divergence(q[0], q[1], 0 * p[0], 0 * p[1]), atol=1e-5), \
        "this is `price`, the divergence from the standard normal: p has no effect yet."
    assert not torch.allclose(got, only_the_mean(*q, *p), atol=1e-5), \
        "the distance of the means counts in units of p's spread: divide by its variance."
    assert torch.allclose(got, wanted, atol=1e-5), "the numbers differ from those of torch.distributions.kl_divergence."


bank(Exercise(
    "05.3", kind="build", minutes=10, level="medium", reference=divergence, check=check_divergence, right=[divergence_by_torch],
    wrong=[(lambda m, v, om, ov: divergence(om, ov, m, v), "not the same"),
           (lambda m, v, om, ov: 2 * divergence(m, v, om, ov), "one half"),
           (only_the_mean, "p's spread"), (lambda m, v, om, ov: divergence(m, v, 0 * om, 0 * ov), "no effect"),
           (lambda m, v, om, ov: divergence(m, 2 * v, om, 2 * ov), "the numbers differ"),
           (lambda m, v, om, ov: divergence(m, v, om, ov).sum(), "one number for each pair")],
    hints=["Scale everything to p: subtract its mean and divide by its standard deviation. Then p is the standard normal, and `price` holds.",
           "The ratio of the variances is (log_variance - other_log_variance).exp().",
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
    got, start, end = (numbers(called(answer, a, b, t)) for t in (0.5, 0.0, 1.0))
    assert got.shape == a.shape, f"a point has the shape of a, {tuple(a.shape)}, not {tuple(got.shape)}."
    assert not torch.allclose(got, torch.lerp(a, b, 0.5)), "this is the straight line."
    assert torch.allclose(start, a, atol=1e-5) and torch.allclose(end, b, atol=1e-5), \
        "t = 0 should give a, and t = 1 should give b; are the two shares swapped?"
    assert torch.allclose(got, torch.tensor([2.0, 2.0, 0.0]) / 2**0.5, atol=1e-5), \
        f"half-way between (2, 0, 0) and (0, 2, 0) lies (1.41, 1.41, 0), not {[round(v, 2) for v in got.tolist()]}."
    c = torch.tensor([1.0, 1.0, 1.0])
    assert torch.allclose(numbers(called(answer, a, c, 0.3)), arc(a, c, 0.3), atol=1e-4), \
        "the angle is wrong when a and b are not at right angles: divide a·b by both lengths."


bank(Exercise(
    "05.4", kind="build", minutes=12, level="medium", reference=arc, check=check_arc, right=[arc_by_turning],
    wrong=[(lambda a, b, t: torch.lerp(a, b, t), "straight line"), (lambda a, b, t: arc(b, a, t), "swapped"),
           (without_lengths, "both lengths"), (lambda a, b, t: arc(a, b, t).norm(), "shape")],
    hints=["First the angle: its cosine is a·b divided by both lengths.",
           "angle = torch.arccos(a @ b / (a.norm() * b.norm())).",
           "Then two sines as weights, both divided by the sine of the angle."],
    explanation="In 20 dimensions almost all codes lie near a sphere of radius √20; the straight line cuts through "
                "its empty inside, the arc stays on it."))


def draw_codes(used, chance, noise):
    """used (N, d), chance (count,) between 0 and 1, standard normal noise (count, d); new codes (count, d)."""
    chosen = (chance * len(used)).long()
    return used[chosen] + 0.2 * noise


def draw_codes_between(used, chance, noise):
    """Another way: a part of the way from a code in use to one of its nearest neighbours."""
    chosen = used[(chance * len(used)).long()]
    near = torch.cdist(chosen, used).topk(6, largest=False).indices[:, 5]
    return torch.lerp(chosen, used[near], torch.sigmoid(noise[:, :1]))


def draw_codes_from_heaps(used, chance, noise):
    """Another way: find three heaps by k-means, then draw a heap and a code around its middle."""
    middles = used[[0]]
    for _ in range(2):  # start with codes that are far from one another
        middles = torch.cat([middles, used[torch.cdist(used, middles).amin(1).argmax()][None]])
    for _ in range(10):
        heap = torch.cdist(used, middles).argmin(1)
        middles = torch.stack([used[heap == number].mean(0) for number in range(3)])
    chosen = heap[(chance * len(used)).long()]
    spread = torch.stack([used[heap == number].std(0) for number in range(3)])
    return middles[chosen] + 0.9 * spread[chosen] * noise


def heaps():
    """800 codes in three heaps, in order: middles (3, 2), codes (800, 2)."""
    draw = torch.Generator().manual_seed(5)
    middles = torch.tensor([[0.0, 6.0], [-6.0, -3.0], [6.0, -3.0]])
    owner = torch.tensor([0, 1, 2]).repeat_interleave(torch.tensor([400, 240, 160]))
    return middles, middles[owner] + 0.5 * torch.randn(800, 2, generator=draw)


def check_draw_codes(answer):
    """Where the drawn codes lie: near codes in use, in all heaps, new, and different from one another."""
    middles, used = heaps()
    draw = torch.Generator().manual_seed(6)
    chance, noise = torch.rand(600, generator=draw), torch.randn(600, 2, generator=draw)
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(0)
        got = numbers(called(answer, used.clone(), chance, noise)).detach()
    assert got.shape == (600, 2), f"600 draws of codes of two numbers have the shape (600, 2), not {tuple(got.shape)}."
    assert got.isfinite().all(), "some of the drawn codes are not finite numbers."
    apart = torch.cdist(got, used).amin(1)
    far, copied = (apart > 1).float().mean(), (apart < 1e-4).float().mean()
    assert far <= 0.1, f"{100 * far:.0f} % of the drawn codes lie farther than 1 from every code in use: the decoder has never seen such."
    assert copied <= 0.5, f"{100 * copied:.0f} % of the drawn codes are codes in use, number for number: nothing new would be drawn."
    share = torch.cdist(got, middles).argmin(1).bincount(minlength=3) / 6
    for has, gets in zip((50, 30, 20), share.tolist(), strict=True):
        assert abs(has - gets) <= 10, f"a heap that holds {has} % of the codes in use gets {gets:.0f} % of the draws."
    pairs = torch.cdist(got, got) + torch.eye(600)
    assert (pairs.amin(1) < 1e-5).float().mean() < 0.4, "most of the drawn codes repeat one another: give each draw its own noise."


def always_the_first(used, chance, noise):
    """A mistake: the draws take the codes in their order, and never reach the last heaps."""
    return used[:len(noise)] + 0.1 * noise


bank(Exercise(
    "05.5", kind="change", minutes=10, level="medium", reference=draw_codes, check=check_draw_codes,
    right=[draw_codes_between, draw_codes_from_heaps,
           lambda used, chance, noise: used[torch.randint(len(used), (len(noise),))] + 0.1 * noise],
    wrong=[(lambda used, chance, noise: used.mean(0) + used.std(0) * noise, "farther than 1"),
           (lambda used, chance, noise: used.mean(0) + 0.1 * noise, "farther than 1"),
           (lambda used, chance, noise: used[(chance * len(used)).long()], "number for number"),
           (lambda used, chance, noise: used[(chance * len(used)).long()] + 2 * noise, "farther than 1"),
           (lambda used, chance, noise: used[0] + 0.3 * noise, "a heap that holds"), (always_the_first, "a heap that holds"),
           (lambda used, chance, noise: draw_codes(used, (chance * 20).round() / 21, noise[:1]), "repeat one another"),
           (lambda used, chance, noise: draw_codes(used, chance, noise[:1]), "repeat one another"),
           (lambda used, chance, noise: draw_codes(used, chance, noise)[:100], "600 draws")],
    hints=["A normal distribution is one heap. Which codes does the decoder know how to draw?",
           "Let `chance` choose one of the codes in use for each draw, then step a little aside.",
           "(chance * len(used)).long() are row numbers; add a small multiple of the noise to these rows."],
    explanation="A repair after the fact: it needs the codes of all training pictures, and knows nothing of the space between "
                "them. The VAE decides the distribution first and trains the codes to fill it."))


def draw_between(low, high, noise):
    """low, high (d,) and noise (count, d), evenly spread from 0 to 1; draws (count, d)."""
    return low + (high - low) * noise


def draw_by_sampling(low, high, noise):
    """A mistake: torch draws, and no gradient passes."""
    return torch.distributions.Uniform(low, high).sample(noise.shape[:1])


def draw_afresh(low, high, noise):
    """A mistake: the chance is drawn inside; what is handed in is ignored."""
    return low + (high - low) * torch.rand_like(noise)


def check_draw_between(answer):
    """Support, spread, source of chance and both gradients of the draws."""
    draw = torch.Generator().manual_seed(2)
    low, high = torch.tensor([-1.0, 2.0], requires_grad=True), torch.tensor([3.0, 2.5], requires_grad=True)
    noise = torch.rand(4000, 2, generator=draw)
    got = numbers(called(answer, low, high, noise.clone()))
    assert got.shape == noise.shape, f"noise of shape (4000, 2) gives draws of this shape, not {tuple(got.shape)}."
    inside = (got.detach() >= low - 1e-5) & (got.detach() <= high + 1e-5)
    assert inside.all(), f"between -1 and 3, and between 2 and 2.5: here the draws go from {got.amin(0).tolist()} to {got.amax(0).tolist()}."
    even = low + (high - low) * torch.linspace(0, 1, 4000)[:, None]
    assert ((got.sort(0).values - even).abs() < 0.05 * (high - low)).all(), \
        "all draws lie between low and high, but they are not evenly spread over the whole of it."
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        again = numbers(called(answer, low, high, noise.clone()))
    assert torch.allclose(got, again), "the same noise should give the same draws: take all chance from `noise`."
    assert got.requires_grad, "no gradient goes back from the draws: they must be computed from low and high, with steps that autograd can follow."
    parts = torch.autograd.grad(got.mean(0).sum(), [low, high], allow_unused=True)
    for name, part in zip(("low", "high"), parts, strict=True):
        part = torch.zeros(2) if part is None else part
        assert ((part - 0.5).abs() < 0.05).all(), \
            f"the draws are right, but not the gradient: {name} moved by 1 moves the average draw by ½, and backpropagation says {part[0]:.2f}."


bank(Exercise(
    "05.6", kind="build", minutes=8, level="easy", reference=draw_between, check=check_draw_between,
    right=[lambda low, high, noise: high - (high - low) * noise, torch.lerp,
           lambda low, high, noise: (low + high) / 2 + (high - low).abs() * (noise - 0.5)],
    wrong=[(draw_by_sampling, "same noise"), (draw_afresh, "same noise"), (lambda low, high, noise: low + high * noise, "go from"),
           (lambda low, high, noise: (low + high) / 2 + (high - low) * noise, "go from"),
           (lambda low, high, noise: low + (high - low) * noise**2, "evenly"),
           (lambda low, high, noise: (low + high) / 2 + 0 * noise, "evenly"),
           (lambda low, high, noise: (low + (high - low) * noise).detach(), "no gradient"),
           (lambda low, high, noise: low + (high - low).detach() * noise, "not the gradient"),
           (lambda low, high, noise: low + high - low, "of this shape")],
    hints=["The trick for the normal distribution was z = μ + σε. What are the place and the width here?",
           "At noise 0 the draw should be low, at noise 1 it should be high, and in between on the straight line."],
    explanation="Any guess will do for the trick if its draws are a smooth function of its parameters and of a chance that does not "
                "depend on them. A coin is no such function: its draw jumps."))


def best_guess(x):
    """x (B,) to the mean and the log variance of the guess q(z|x), each (B,)."""
    mean = 2 * x / 5
    log_variance = torch.full_like(x, 1 / 5).log()
    return mean, log_variance


def best_guess_by_climbing(x):
    """Another way: go down the slope of both costs together."""
    guess = torch.zeros(2, *x.shape, dtype=x.dtype, device=x.device, requires_grad=True)
    for _ in range(200):
        slope, = torch.autograd.grad(sum(part.sum() for part in two_costs(x, *guess)), guess)
        guess = (guess - 0.2 * slope).detach().requires_grad_()
    return guess.detach()


def two_costs(x, mean, log_variance):
    """Nats to rebuild x from z, when x is normal with mean 2z and variance 1, and nats for the code."""
    rebuild = 0.5 * ((x - 2 * mean)**2 + 4 * log_variance.exp() + math.log(2 * math.pi))
    return rebuild, 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)


def check_best_guess(answer):
    """How far the bound lies below log p(x), which is known here, and which part is to blame."""
    x = torch.tensor([-3.0, -1.0, 0.0, 0.5, 2.0])
    pair = called(answer, x.clone())
    assert isinstance(pair, tuple | list | torch.Tensor) and len(pair) == 2, "return two things: the mean and the log variance."
    mean, log_variance = (numbers(part).detach() for part in pair)
    shapes = {tuple(mean.shape), tuple(log_variance.shape)}
    assert shapes <= {(5,), ()}, f"five x should give five means and five log variances, not the shapes {shapes}."
    assert mean.isfinite().all() and log_variance.isfinite().all(), "some of the numbers are not finite."
    rebuild, code = two_costs(x, mean, log_variance + 0 * x)
    gap = -0.5 * (x**2 / 5 + math.log(2 * math.pi * 5)) + rebuild + code  # log p(x) minus the bound, never below 0
    assert not torch.allclose(log_variance, 0 * log_variance + 0.2, atol=0.02), \
        "that is the variance; the second thing to return is its logarithm."
    assert not torch.allclose(log_variance, 0 * log_variance + math.log(0.2) / 2, atol=0.01), \
        "that is the logarithm of the standard deviation; what is asked is that of the variance."
    assert code.max() > 0.01, f"the guess is the prior whatever x is: the code is free, and rebuilding costs {rebuild[0]:.1f} nats at x = -3."
    assert not torch.allclose(mean, x, atol=1e-3), "x as the mean: the decoder draws at 2z, and that would be far from x."
    assert not torch.allclose(mean + 0 * x, x / 2, atol=1e-3), \
        "a mean of x / 2 rebuilds best, but the price of the code counts as well: which mean has the lowest sum?"
    centre = 0.5 * 5 * (mean - 0.4 * x)**2
    assert centre.max() <= 0.01, f"at x = {x[centre.argmax()]:g} another mean would raise the bound by {centre.max():.3f} nats."
    sure = "too sure" if log_variance.mean() < -math.log(5) else "too cautious"
    assert gap.max() <= 0.01, f"the means are right, the guess is {sure}: its spread leaves a gap of {gap.max():.2f} nats under log p(x)."


bank(Exercise(
    "05.7", kind="build", minutes=15, level="hard", reference=best_guess, check=check_best_guess,
    right=[best_guess_by_climbing, lambda x: [0.4 * x.double(), -math.log(5)],
           lambda x: torch.stack([0.4 * x, 0 * x - 1.6])],
    wrong=[(lambda x: (0 * x, 0 * x), "the prior"), (lambda x: (x, 0 * x), "2z"), (lambda x: (x / 2, 0 * x - 1.6), "rebuilds best"),
           (lambda x: (0.4 * x, 0 * x + 0.2), "its logarithm"), (lambda x: (0.4 * x, 0 * x - 9), "too sure"),
           (lambda x: (0.4 * x, 0 * x), "too cautious"), (lambda x: (0.4 * x, 0 * x - 0.8), "standard deviation"),
           (lambda x: (0 * x, 0 * x - 1.6), "another mean"), (lambda x: (0.45 * x, 0 * x - 1.6), "another mean"),
           (lambda x: (0.4 * x, 0 / (0 * x)), "not finite"), (lambda x: 0.4 * x, "two things")],
    hints=["The bound is highest where the sum of both costs is lowest. Which mean, and which variance, make the slope of the sum 0?",
           "In the mean the slope is −2 (x − 2m) + m. In the variance v it is ½ (4 + 1 − 1 / v).",
           "So 5m = 2x and 5v = 1; return m and log v. (Or let Adam lower the costs for a mean and a log variance that start at 0.)"],
    explanation="Neither part alone is lowest: the guess lies between what rebuilds best and what is free. Here the posterior is "
                "normal, so the gap closes; with a real decoder some nats are left."))
