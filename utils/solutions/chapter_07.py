"""The exercises of chapter 07, attention and the Transformer."""
import math

import torch
from torch.nn import functional as F

from utils.exercises import Exercise, NotDone, bank, called


def numbers(answer, count):
    """The parts of a prediction as floats. A part that is still `...` counts as not done."""
    parts = list(answer) if isinstance(answer, tuple | list) or getattr(answer, "ndim", 0) else [answer]
    if any(part is ... or part is None for part in parts):
        raise NotDone
    assert len(parts) == count, f"{count} asked for, {len(parts)} given: that is not as many numbers as wanted."
    return [float(part) for part in parts]


def check_times(answer):
    """How many times as many weights for three times as many words."""
    answer, = numbers(answer, 1)
    assert answer != 3, "three times as many words ask, but each of them also asks three times as many."
    assert answer not in (24, 72, 8), "the number of heads is the same before and after."
    assert answer != 6, "the two factors of three are multiplied, not added."
    assert answer not in (22_500, 180_000), "that is how many there are; asked is how many times as many as before."
    assert answer == 9, f"{answer:g} is not 150 * 150 / (50 * 50)."


bank(Exercise(
    "07.1", kind="predict", minutes=2, level="easy", reference=9, check=check_times,
    right=[9.0, torch.tensor(9), [9]],
    wrong=[(3, "three times as many"), (72, "number of heads"), (6, "multiplied"), (100, "150 * 150"),
           (22_500, "how many times"), ((3, 9), "1 asked for, 2 given")],
    hints=["Every word asks every word: 50 words hold 50 * 50 weights a head.", "150 * 150 against 50 * 50."],
    explanation="Nine: the table of weights grows with the square of the length, in every head."))


def check_mask(answer):
    """The lower triangle with its diagonal, as truth values, numbers or nested lists."""
    answer = torch.as_tensor(answer).cpu()
    assert answer.shape == (4, 4), f"four words asking four words make a mask (4, 4), not {tuple(answer.shape)}."
    assert not answer.isinf().any(), "a mask of this chapter says True where looking is allowed; −∞ is what the scores become."
    seen = answer.bool()
    assert not torch.equal(seen, ~past_of_four()), "turned round: here True means that looking is allowed (torch's own module means the opposite)."
    assert not seen[0, 1:].any(), "the first word still sees words that come after it."
    assert seen.diagonal().all(), "each word should see itself too; with nothing to see a softmax has no answer."
    assert not seen.triu(1).any(), "some word still sees words that come after it."
    assert torch.equal(seen, past_of_four()), "each word should see itself and *all* of its past, and nothing else."


def past_of_four():
    """The mask (4, 4) of the past."""
    return torch.ones(4, 4, dtype=torch.bool).tril()


bank(Exercise(
    "07.2", kind="change", minutes=5, level="easy", reference=past_of_four(), check=check_mask,
    right=[torch.arange(4)[:, None] >= torch.arange(4), torch.ones(4, 4).tril(),
           [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]],
    wrong=[(torch.ones(4, 4, dtype=torch.bool).triu(), "come after"),
           (torch.ones(4, 4, dtype=torch.bool), "come after"),
           (torch.ones(4, 4, dtype=torch.bool).triu(1), "turned round"),
           (torch.ones(4, 4, dtype=torch.bool).tril(-1), "see itself"), (torch.eye(4).bool(), "all* of its past"),
           (torch.full((4, 4), -torch.inf).triu(1), "where looking is allowed"),
           (torch.ones(3, 3).tril(), "(4, 4)")],
    hints=["Rows ask, columns are asked: row 0 may have a True in column 0 only.",
           "triu keeps the upper triangle; its sister keeps the lower one."],
    explanation="tril() keeps the diagonal and what lies below it: row t sees the places 0 to t."))


def smoothed_loss(logits, labels, epsilon):
    """logits (B, V), labels (B,) to one number."""
    V = logits.shape[1]
    targets = (1 - epsilon) * F.one_hot(labels, V) + epsilon / V
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def smoothed_by_torch(logits, labels, epsilon):
    """Another way: torch's own."""
    return F.cross_entropy(logits, labels, label_smoothing=epsilon)


def smoothed_by_shares(logits, labels, epsilon):
    """Another way: a share 1 - epsilon of the plain loss, and epsilon of the mean over all words, as a float."""
    surprise = -logits.cpu().double().log_softmax(1)
    plain = surprise[torch.arange(len(labels)), labels.cpu()]
    return float(((1 - epsilon) * plain + epsilon * surprise.mean(1)).mean())


def smoothed_over_others(logits, labels, epsilon):
    """A mistake: the share goes to the other words alone."""
    V = logits.shape[1]
    right = F.one_hot(labels, V)
    targets = (1 - epsilon) * right + epsilon / (V - 1) * (1 - right)
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def check_smoothed(answer):
    """Against torch's label smoothing, with the common mistakes named."""
    draw = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(6, 5, generator=draw), torch.randint(5, (6,), generator=draw)
    got = torch.as_tensor(called(answer, logits.clone(), labels, 0.2)).float().squeeze()
    wanted = smoothed_by_torch(logits, labels, 0.2)
    assert got.ndim == 0, f"the loss of a batch is one number, not {tuple(got.shape)}: take the mean."
    assert not torch.isclose(got, -wanted, atol=1e-5), "the sign: log chances are negative, the loss is positive."
    assert not torch.isclose(got, 6 * wanted, atol=1e-4), "this is the sum over the batch; take the mean."
    assert not torch.isclose(got, F.cross_entropy(logits, labels), atol=1e-5), "epsilon has no effect yet."
    assert not torch.isclose(got, smoothed_over_others(logits, labels, 0.2), atol=1e-5), \
        "the share epsilon goes to all V words, the right one included."
    chances = ((0.8 * F.one_hot(labels, 5) + 0.04) * logits.softmax(1)).sum(1).mean()
    assert not torch.isclose(got, -chances, atol=1e-5), "the loss takes the *logarithm* of each chance."
    assert torch.isclose(got, wanted, atol=1e-5), "the number differs from torch's label smoothing."


bank(Exercise(
    "07.3", kind="build", minutes=10, level="medium", reference=smoothed_loss, check=check_smoothed,
    right=[smoothed_by_torch, smoothed_by_shares],
    wrong=[(lambda logits, labels, epsilon: -smoothed_loss(logits, labels, epsilon), "the sign"),
           (lambda logits, labels, epsilon: len(labels) * smoothed_loss(logits, labels, epsilon), "take the mean"),
           (lambda logits, labels, epsilon: F.cross_entropy(logits, labels), "no effect"),
           (lambda logits, labels, epsilon: F.cross_entropy(logits, labels, label_smoothing=epsilon, reduction="none"), "one number"),
           (lambda logits, labels, epsilon: -((0.8 * F.one_hot(labels, 5) + 0.04) * logits.softmax(1)).sum(1).mean(), "logarithm"),
           (smoothed_over_others, "all V words")],
    hints=["logits.log_softmax(-1) are the log chances; F.one_hot(labels, V) marks the right words.",
           "targets = (1 - epsilon) * F.one_hot(labels, V) + epsilon / V.",
           "-(targets * logits.log_softmax(1)).sum(1) is one number a row; the mean of them is the loss."],
    explanation="With epsilon at 0 it is the cross-entropy; the more epsilon, the more being too sure costs."))


def top_k(logits, k):
    """logits (..., V) to the same shape, all but the k largest -inf."""
    least = logits.topk(k).values[..., -1:]
    return logits.masked_fill(logits < least, -torch.inf)


def top_k_by_scatter(logits, k):
    """Another way: start from -inf everywhere and put the k largest back."""
    kept = logits.topk(k)
    return torch.full_like(logits, -torch.inf).scatter(-1, kept.indices, kept.values)


def top_k_by_rank(logits, k):
    """Another way: the rank of every logit in its row."""
    rank = logits.argsort(-1, descending=True).argsort(-1)
    return torch.where(rank < k, logits, -torch.inf).cpu().double()


def check_top_k(answer):
    """Two rows at once, with the common mistakes named."""
    logits = torch.tensor([[0.3, 2.0, -1.0, 0.5], [-5.0, -2.0, -3.0, -4.0]])
    got, wanted = torch.as_tensor(called(answer, logits.clone(), 2)).to(logits), top_k(logits, 2)
    assert got.shape == logits.shape, f"(2, 4) logits should give (2, 4) logits, not {tuple(got.shape)}."
    assert not torch.allclose(got, wanted.softmax(1)), "these are the chances; logits are asked for, the softmax comes after."
    assert not torch.equal(got.clamp(min=-1e3), wanted.clamp(min=-1e3)) or torch.equal(got, wanted), \
        "a very negative number is not −∞: use -torch.inf, so that the chance is exactly zero."
    assert not torch.equal(got, wanted.nan_to_num(neginf=0.0)), "a logit of 0 is not nothing: the others must be -inf."
    assert not torch.equal(got, top_k(logits, 3)), "one more than k is left: is `<` or `<=` right?"
    assert not torch.equal(got, top_k(logits, 1)), "one fewer than k is left: keep the k-th itself."
    assert torch.equal(got, wanted), "each row keeps its own k largest, unchanged; the rest is -inf."


bank(Exercise(
    "07.4", kind="build", minutes=10, level="medium", reference=top_k, check=check_top_k,
    right=[top_k_by_scatter, top_k_by_rank],
    wrong=[(lambda logits, k: top_k(logits, k).nan_to_num(neginf=0.0), "not nothing"),
           (lambda logits, k: top_k(logits, k + 1), "one more"), (lambda logits, k: top_k(logits, k - 1), "one fewer"),
           (lambda logits, k: logits.topk(k).values, "should give (2, 4)"),
           (lambda logits, k: top_k(logits, k).softmax(-1), "the softmax comes after"),
           (lambda logits, k: top_k(logits, k).clamp(min=-1e9), "very negative"),
           (lambda logits, k: logits.masked_fill(logits < logits.max() - 2, -torch.inf), "its own k")],
    hints=["logits.topk(k).values are the k largest, in order; the last of them is the smallest that may stay.",
           "logits.masked_fill(logits < least, -torch.inf), where least is that smallest one of each row, (..., 1)."],
    explanation="Small chances add up: of thousands of unlikely words one would be drawn now and then."))


def check_weights(answer):
    """The weight of one key among four, and when two of the others are hidden."""
    seen, hidden = numbers(answer, 2)
    assert max(seen, hidden) <= 1 and min(seen, hidden) >= 0, "the weights of one query are a share of 1 each: from 0 to 1."
    assert not math.isclose(seen, 1), "log 3 of log 3 in all is 1, but a softmax sums the *powers* of the scores, and the power of 0 is not 0."
    assert not math.isclose(seen, math.e**3 / (math.e**3 + 3), rel_tol=5e-3), "the score is log 3, so its power is 3, and not e to the 3."
    assert not math.isclose(seen, 0.25), "a quarter each would be the answer to four equal scores."
    assert not math.isclose(seen, 0.75, rel_tol=5e-3), "the first key weighs 3, but each of the *three* others weighs something too."
    assert math.isclose(seen, 0.5, rel_tol=5e-3), f"without a mask: {seen:g} is not the power of the one score by the sum of all four powers."
    assert not math.isclose(hidden, 0.5, rel_tol=5e-3), \
        "the weights still sum to one: what the two hidden keys had is shared among the keys that are left."
    assert not math.isclose(hidden, 1), "one other key may still be looked at."
    assert math.isclose(hidden, 0.75, rel_tol=5e-3), f"with the mask: {hidden:g} is not the power of the one score by the sum of two powers."


bank(Exercise(
    "07.5", kind="predict", minutes=3, level="easy", reference=(0.5, 0.75), check=check_weights,
    right=[[1 / 2, 3 / 4], torch.tensor([0.5, 0.75])],
    wrong=[((0.5, 0.5), "shared among"), ((1, 1), "powers"), ((0.87, 0.953), "e to the 3"), ((0.25, 0.5), "four equal"),
           ((3, 3), "from 0 to 1"), ((0.5, 1), "may still be looked at"), ((0.75, 0.75), "*three* others"),
           ((0.6, 0.75), "sum of all four"), ((0.5, 0.6), "sum of two"), (0.5, "2 asked for, 1 given")],
    hints=["A softmax gives each key its power e^score, divided by the sum of the powers. What is e^(log 3), and what e^0?",
           "The powers are 3, 1, 1 and 1. A hidden key has the score −∞, so its power is 0 and drops out of the sum."],
    explanation="A half, then three quarters: a mask hands the weight of the hidden to those that may be seen, for attention is always a mean."))


def place_table(count, width):
    """The chapter's sines and cosines, (count, width)."""
    angles = torch.arange(count)[:, None] / 10_000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)


def look_left(width):
    """The matrix (width, width): each pair is turned back by the angle of one place, and made a hundred times as long."""
    angles = 1 / 10_000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
    pairs = [torch.stack([torch.stack([a.cos(), a.sin()]), torch.stack([-a.sin(), a.cos()])]) for a in angles]
    return 100 * torch.block_diag(*pairs)


def look_left_by_fit(width):
    """Another way: the matrix that maps every place to the one before it, by least squares, and longer."""
    places = place_table(100, width)
    return 500 * torch.linalg.lstsq(places[1:], places[:-1]).solution


def look_left_fast_pairs(width):
    """Another way: only the eight fastest pairs, as nested lists of numbers."""
    matrix = look_left(width)
    matrix[16:] = 0
    return (2 * matrix).float().tolist()


def check_look_left(answer):
    """Where each of 60 places looks with the matrix, and how much of its weight it gives."""
    places = place_table(60, 64)
    matrix = torch.as_tensor(called(answer, 64)).detach().double()
    assert tuple(matrix.shape) == (64, 64), f"a matrix (64, 64) turns rows of 64 numbers into such rows; this has the shape {tuple(matrix.shape)}."
    weights = (places @ matrix @ places.T / 8).softmax(1)[1:]
    assert weights.isfinite().all(), "the weights are no finite numbers: are there nan or infinite numbers in the matrix?"
    steps = weights.argmax(1) - torch.arange(1, 60)
    common = int(steps.mode().values)
    assert common != 0, "most places look at themselves: the query has to be that of another place."
    assert common != 1, "most places look at the *next* place: the rotation goes the wrong way."
    assert common == -1, f"most places look {abs(common)} places to the {'left' if common < 0 else 'right'}; one to the left is asked for."
    wrong = int((steps != -1).nonzero()[0]) + 1 if (steps != -1).any() else 0
    assert not wrong, f"place {wrong} does not look at place {wrong - 1}, though most places look one to the left."
    least = float(weights[torch.arange(59), torch.arange(59)].min())
    assert least > 0.9, \
        f"each looks most at the place before, but gives it as little as {100 * least:.0f} % of its weight: the scores of neighbours differ too little."


bank(Exercise(
    "07.6", kind="build", minutes=15, level="hard", reference=look_left, check=check_look_left,
    right=[look_left_by_fit, look_left_fast_pairs],
    wrong=[(lambda width: 100 * torch.eye(width), "themselves"), (lambda width: look_left(width).T, "*next*"),
           (lambda width: look_left(width) / 100, "too little"), (lambda width: look_left(width) @ look_left(width) / 100, "2 places to the left"),
           (lambda width: place_table(60, width), "(64, 64)"),
           (lambda width: torch.full((width, width), torch.nan), "finite")],
    hints=["A shift is a rotation: the chapter builds the matrix `turn` for a shift of 7 to the right. Which shift is wanted here?",
           "With the chapter's lines and a shift of −1 the query of a place is exactly the row of the place before, and its dot product is largest there.",
           "The scores of neighbours still differ by a small part of 1 after the division by 8. A query may be as long as you like: multiply the matrix by a large number."],
    explanation="\"One to the left\" is a single matrix for all places, as the paper hoped; and how sharply a head looks is learned as the length of its queries."))


def nearby(queries, keys, values, reach):
    """Attention to itself and the `reach` tokens before. Returns the mix (..., T, e) and the weights (..., T, T)."""
    places = torch.arange(queries.shape[-2], device=queries.device)
    back = places[:, None] - places  # how far each token lies before the one that asks
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    weights = scores.masked_fill((back < 0) | (back > reach), -torch.inf).softmax(-1)
    return weights @ values, weights


def nearby_by_triangles(queries, keys, values, reach):
    """Another way: two triangles for the mask, torch's own function for the mix."""
    T = queries.shape[-2]
    band = torch.ones(T, T, dtype=torch.bool, device=queries.device).tril().triu(-reach)
    mix = F.scaled_dot_product_attention(queries, keys, values, band)
    scores = (queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5).exp() * band
    return [mix, scores / scores.sum(-1, keepdim=True)]


def nearby_one_by_one(queries, keys, values, reach):
    """Another way: one token at a time, which never holds the whole square of scores."""
    T, mixes, rows = queries.shape[-2], [], []
    for t in range(T):
        first = max(0, t - reach)
        score = (keys[..., first:t + 1, :] * queries[..., t:t + 1, :]).sum(-1) / queries.shape[-1] ** 0.5
        row = score.softmax(-1)
        mixes.append((row[..., None] * values[..., first:t + 1, :]).sum(-2))
        rows.append(F.pad(row, (first, T - 1 - t)))
    return torch.stack(mixes, -2), torch.stack(rows, -2)


def masked_by(keep, root=True, after=False):
    """A (wrong) attention with keep(back, reach) as its mask; after: the mask multiplies the finished weights."""
    def attend(queries, keys, values, reach):
        places = torch.arange(queries.shape[-2], device=queries.device)
        mask = keep(places[:, None] - places, reach)
        scores = queries @ keys.mT / (queries.shape[-1] ** 0.5 if root else 1)
        weights = scores.softmax(-1) * mask if after else scores.masked_fill(~mask, -torch.inf).softmax(-1)
        return weights @ values, weights
    return attend


def check_nearby(answer):
    """The pattern first, then the numbers, for two heads, two sentences and three reaches."""
    draw = torch.Generator().manual_seed(0)
    queries, keys = torch.randn(2, 2, 2, 6, 4, generator=draw)
    values, places = torch.randn(2, 2, 6, 3, generator=draw), torch.arange(6)
    back = places[:, None] - places
    for reach in (2, 0, 9):
        got = called(answer, queries.clone(), keys.clone(), values.clone(), reach)
        assert isinstance(got, tuple | list) and len(got) == 2, "two things are returned: the mix and the weights."
        mix, weights = (torch.as_tensor(part).detach().float() for part in got)
        assert mix.shape == values.shape and weights.shape == (2, 2, 6, 6), \
            f"mix and weights have the shapes {tuple(mix.shape)} and {tuple(weights.shape)}, not (2, 2, 6, 3) and (2, 2, 6, 6)."
        assert not weights.isnan().any(), "some weights are nan: a token that sees nothing, itself included, has no softmax."
        assert (weights[..., back < 0] < 1e-6).all(), f"with a reach of {reach} some token still sees tokens that come after it."
        assert (weights[..., back > reach] < 1e-6).all(), f"with a reach of {reach} some token sees farther back than that."
        assert (weights[..., (back >= 0) & (back <= reach)] > 1e-6).all(), \
            f"with a reach of {reach} a token should see itself and {reach} before it; some of these have no weight."
        assert torch.allclose(weights.sum(-1), torch.ones(2, 2, 6), atol=1e-4), \
            "the weights of a token do not sum to one: hide the scores *before* the softmax, not the weights after it."
        wanted, right = nearby(queries, keys, values, reach)
        sharp, _ = nearby(2 * queries, keys, values, reach)
        assert not (torch.allclose(mix, sharp, atol=1e-4) and reach), "the weights are too sharp: the scores are not divided by the root of d."
        assert torch.allclose(weights, right, atol=1e-4), "the pattern is right, the weights are not those of softmax(Q Kᵀ / √d)."
        assert torch.allclose(mix, wanted, atol=1e-4), "the weights are right, but the mix is not their mean of the values."


bank(Exercise(
    "07.7", kind="change", minutes=10, level="medium", reference=nearby, check=check_nearby,
    right=[nearby_by_triangles, nearby_one_by_one],
    wrong=[(masked_by(lambda back, reach: back == back), "come after"), (masked_by(lambda back, reach: back.abs() <= reach), "come after"),
           (masked_by(lambda back, reach: back >= 0), "farther back"), (masked_by(lambda back, reach: (back >= 0) & (back <= reach + 1)), "farther back"),
           (masked_by(lambda back, reach: (back >= 0) & (back < max(reach, 1))), "some of these have no weight"),
           (masked_by(lambda back, reach: (back >= 0) & (back < reach)), "some of these have no weight"),
           (masked_by(lambda back, reach: (back > 0) & (back <= reach)), "nan"),
           (masked_by(lambda back, reach: (back >= 0) & (back <= reach), after=True), "before* the softmax"),
           (masked_by(lambda back, reach: (back >= 0) & (back <= reach), root=False), "too sharp"),
           (lambda queries, keys, values, reach: nearby(queries, keys, values, reach)[0], "two things"),
           (lambda queries, keys, values, reach: nearby(queries, queries, values, reach), "not those of softmax"),
           (lambda queries, keys, values, reach: (values, nearby(queries, keys, values, reach)[1]), "mean of the values")],
    hints=["Only the mask has to change. Number the places: row t may look at column s when s is at most t and at least t − reach.",
           "places[:, None] - places is t − s for every pair. It has to be at least 0 and at most reach.",
           "Or cut the square of True twice: tril() takes the future away, triu(-reach) what lies too far back."],
    explanation="With a fixed reach the number of weights that count grows with the length and not with its square; what is farther away takes several layers."))


def sees_future(net, x):
    """net: (B, T, d) to (B, T, d). Whether an answer depends on a place after its own, tried by changing the future."""
    before = net(x)
    for place in range(1, x.shape[1]):
        other = x.clone()
        other[:, place:] = torch.randn_like(other[:, place:])  # another future from this place on
        if not torch.allclose(net(other)[:, :place], before[:, :place], atol=1e-6):
            return True
    return False


def sees_future_by_slopes(net, x):
    """Another way, without a change: the slope of every number of every answer at every input."""
    slopes = torch.autograd.functional.jacobian(lambda one: net(one[None])[0], x[0]).abs()  # (T, d, T, d)
    return slopes.sum((1, 3)).triu(1).sum() > 0


def sees_future_one_by_one(net, x):
    """Another way: one place at a time is set to zero."""
    found = []
    for place in range(x.shape[1]):
        other = x.clone()
        other[:, place] = 0
        found.append(bool((net(other) - net(x))[:, :place].abs().sum() > 1e-5))
    return any(found)


def sees_future_by_cutting(net, x):
    """Another way: what the net says of a beginning must not change when the rest follows."""
    return any(float((net(x[:, :place]) - net(x)[:, :place]).abs().max()) > 1e-5 for place in range(1, x.shape[1]))


def mixer(mask):
    """Attention of a sequence to itself with a mask (6, 6): a function (B, T, d) to (B, T, d), T up to 6."""
    def net(x):
        T = x.shape[1]
        return (x @ x.mT / x.shape[2] ** 0.5).masked_fill(~mask[:T, :T].to(x.device), -torch.inf).softmax(-1) @ x
    return net


def far_look(x):
    """Each place says what it is, but place 3 also what place 5 is. (B, T, d) to (B, T, d)."""
    said = x.clone()
    if x.shape[1] > 5:
        said[:, 3] += x[:, 5]
    return said


def honest_and_leaky():
    """Nets for up to six places, name -> (function, whether it sees the future)."""
    past = torch.ones(6, 6, dtype=torch.bool).tril()
    hole = past.clone()
    hole[1, 2] = True
    return {"a running mean": (lambda x: x.cumsum(1) / torch.arange(1, x.shape[1] + 1, device=x.device)[:, None], False),
            "attention with the mask of the past": (mixer(past), False),
            "a delay by one place": (lambda x: F.pad(x[:, :-1], (0, 0, 1, 0)), False),
            "a net without any memory": (torch.tanh, False),
            "attention without a mask": (mixer(past | True), True),
            "a sum from the end backwards": (lambda x: x.flip(1).cumsum(1).flip(1), True),
            "a mask with one hole, through which place 1 sees place 2": (mixer(hole), True),
            "a net in which place 3 looks at place 5": (far_look, True),
            "a leak in the last number of each answer alone":
                (lambda x: torch.cat([x[..., :-1], x[..., -1:].flip(1)], -1), True)}


def check_sees_future(answer):
    """On nets that see the past alone, and on others that look ahead, openly or through one hole."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(3, 6, 4, generator=draw)
    for name, (net, wanted) in honest_and_leaky().items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            got = called(answer, net, x.clone())
        assert torch.as_tensor(got).numel() == 1, "one answer a net is asked for, True or False."
        if wanted:
            assert bool(got), f"{name}: this net sees the future, and you did not notice. Try every place, every later one, every number of an answer."
        else:
            assert not bool(got), f"{name}: this net sees the past alone, and you say that it leaks. Of a change at a place only the answers *before* it count."


bank(Exercise(
    "07.8", kind="build", minutes=15, level="medium", reference=sees_future, check=check_sees_future,
    right=[sees_future_by_slopes, sees_future_one_by_one, sees_future_by_cutting],
    wrong=[(lambda net, x: True, "you say that it leaks"), (lambda net, x: False, "did not notice"),
           (lambda net, x: not torch.allclose(net(x.flip(1)), net(x)), "*before* it count"),
           (lambda net, x: not torch.allclose(net(x[:, :3]), net(x)[:, :3], atol=1e-6), "one hole"),
           (lambda net, x: not torch.allclose(net(torch.cat([x[:, :1], -x[:, 1:]], 1))[:, 0], net(x)[:, 0]), "one hole"),
           (lambda net, x: not torch.allclose(net(torch.cat([x[:, :-1], -x[:, -1:]], 1))[:, :-1], net(x)[:, :-1]), "one hole"),
           (lambda net, x: sees_future(lambda one: net(one)[..., :1], x), "last number"),
           (lambda net, x: sees_future(net, x) | torch.zeros(2, dtype=torch.bool), "one answer")],
    hints=["Change the input at later places only, and compare the answers of the earlier places: a net that sees the past alone cannot notice.",
           "One cut is not enough, for a hole may join any two places: take every place as the first one that changes.",
           "other = x.clone(); other[:, place:] = torch.randn_like(other[:, place:]); then compare net(other)[:, :place] with net(x)[:, :place]."],
    explanation="A leak makes the loss in training splendid and the writing useless, so it shows late. Such a test takes a second."))
