"""The exercises of chapter 07, attention and the Transformer."""
import math

import torch
from torch.nn import functional as F

from utils.device import lab
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
    assert answer == 9, \
        f"not {answer:g}: count first how many weights one head holds for 50 words, and how many for 150."


bank(Exercise(
    "07.1", kind="predict", minutes=2, level="easy", reference=9, check=check_times,
    right=[9.0, torch.tensor(9), [9]],
    wrong=[(3, "three times as many"), (72, "number of heads"), (6, "multiplied"), (100, "count first"), (81, "count first"),
           (22_500, "how many times"), ((3, 9), "1 asked for, 2 given")],
    hints=["Every word asks every word: 50 words hold 50 * 50 weights a head.", "Count the same for 150 words, and divide. Before and after there are eight heads."],
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


def smoothed_with(targets, logits):
    """The mean over the batch of -sum(target * log chance), for targets (B, V)."""
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def smoothing_mistakes(logits, labels, epsilon):
    """The usual mistakes, message -> the number that each gives."""
    B, V = logits.shape
    right, wanted = F.one_hot(labels, V), smoothed_by_torch(logits, labels, epsilon)
    targets = (1 - epsilon) * right + epsilon / V
    return {"the sign: log chances are negative, the loss is positive.": -wanted,
            "this is the sum over the batch; take the mean.": B * wanted,
            "sum over the words of a row, and take the mean over the batch alone.": wanted / V,
            "epsilon has no effect yet.": F.cross_entropy(logits, labels),
            "epsilon is an argument; this is the loss with an epsilon of 0.1.": smoothed_by_torch(logits, labels, 0.1),
            "the share epsilon goes to all V words, the right one included.": smoothed_over_others(logits, labels, epsilon),
            "the targets of a row should sum to 1, and yours to less: what does the right word get of the share that goes to all?":
                smoothed_with(targets - epsilon / V * right, logits),
            "the targets of a row should sum to 1, and yours to more: what the others get, the right word gives up.":
                smoothed_with(targets + epsilon * right, logits),
            "the loss takes the *logarithm* of each chance.": -(targets * logits.softmax(1)).sum(1).mean(),
            "logits are no log chances yet: a softmax, and then the logarithm.": -(targets * logits).sum(1).mean(),
            "the softmax runs over the words of a row, not over the batch.": -(targets * logits.log_softmax(0)).sum(1).mean(),
            "the logarithm is the natural one.": wanted / math.log(2),
            "the entropy of the targets is not taken off.": wanted + (targets * targets.log()).sum(1).mean()}


def check_smoothed(answer):
    """Against torch's label smoothing for two batches, with the common mistakes named."""
    draw = torch.Generator().manual_seed(0)
    for B, V, epsilon in ((6, 5, 0.2), (4, 7, 0.3)):
        logits, labels = torch.randn(B, V, generator=draw), torch.randint(V, (B,), generator=draw)
        given = logits.to(lab.device, copy=True)
        got = torch.as_tensor(called(answer, given, labels, epsilon)).detach().float().squeeze()
        assert got.ndim == 0, f"the loss of a batch is one number, not {tuple(got.shape)}: take the mean."
        assert torch.equal(given.cpu(), logits), "your function changed the logits that it was given: work on a copy."
        for message, number in smoothing_mistakes(logits, labels, epsilon).items():
            assert not torch.isclose(got, number, atol=1e-5), message
        assert torch.isclose(got, smoothed_by_torch(logits, labels, epsilon), atol=1e-5), \
            f"another number is right for {B} words of {V}. Look at one row by hand: do its targets sum to 1, do its chances, " \
            "and is it a sum over the words first and a mean over the batch then?"


def smoothed_in_place(logits, labels, epsilon):
    """A mistake: the right number, but the logits of whoever called are log chances afterwards."""
    logits -= logits.logsumexp(1, keepdim=True)
    return smoothed_loss(logits, labels, epsilon)


def smoothed_by(change):
    """A (wrong) loss: change(targets, right words as ones, epsilon) before the sum."""
    def loss(logits, labels, epsilon):
        right = F.one_hot(labels, logits.shape[1])
        return smoothed_with(change((1 - epsilon) * right + epsilon / logits.shape[1], right, epsilon), logits)
    return loss


bank(Exercise(
    "07.3", kind="build", minutes=10, level="medium", reference=smoothed_loss, check=check_smoothed,
    right=[smoothed_by_torch, smoothed_by_shares, smoothed_by(lambda targets, right, epsilon: targets)],
    wrong=[(lambda logits, labels, epsilon: -smoothed_loss(logits, labels, epsilon), "the sign"),
           (lambda logits, labels, epsilon: len(labels) * smoothed_loss(logits, labels, epsilon), "take the mean"),
           (lambda logits, labels, epsilon: F.cross_entropy(logits, labels), "no effect"),
           (lambda logits, labels, epsilon: smoothed_loss(logits, labels, 0.1), "is an argument"),
           (lambda logits, labels, epsilon: F.cross_entropy(logits, labels, label_smoothing=epsilon, reduction="none"), "one number"),
           (lambda logits, labels, epsilon: smoothed_loss(logits, labels, epsilon) / logits.shape[1], "sum over the words"),
           (lambda logits, labels, epsilon: smoothed_loss(logits, labels, epsilon) / math.log(2), "natural"),
           (lambda logits, labels, epsilon: -((0.8 * F.one_hot(labels, 5) + 0.04) * logits.softmax(1)).sum(1).mean(), "logarithm"),
           (lambda logits, labels, epsilon: -((0.8 * F.one_hot(labels, 5) + 0.04) * logits).sum(1).mean(), "no log chances"),
           (lambda logits, labels, epsilon: -((0.8 * F.one_hot(labels, 5) + 0.04) * logits.log_softmax(0)).sum(1).mean(), "not over the batch"),
           (smoothed_by(lambda targets, right, epsilon: targets.where(right == 0, 1 - epsilon)), "yours to less"),
           (smoothed_by(lambda targets, right, epsilon: targets + epsilon * right), "yours to more"),
           (lambda logits, labels, epsilon: smoothed_loss(logits, labels, epsilon) + (lambda t: (t * t.log()).sum(1).mean())(
               (1 - epsilon) * F.one_hot(labels, logits.shape[1]) + epsilon / logits.shape[1]), "entropy of the targets"),
           (lambda logits, labels, epsilon: smoothed_loss(logits, 0 * labels, epsilon), "Look at one row"),
           (smoothed_in_place, "changed the logits"), (smoothed_over_others, "all V words")],
    hints=["Write down one row of targets for V = 5 and ε = 0.1. What does it sum to?",
           "F.one_hot(labels, V) marks the right words with 1 and the others with 0: shrink the marks, then give every word the same share. logits.log_softmax(-1) are the log chances.",
           "Targets and log chances are (B, V) both: multiply them place by place. A sum over the words leaves one number a row. What is still missing is the sign, and the batch."],
    explanation="The lowest value of this loss is not 0 but the entropy of the targets, where the chances equal the targets: to be surer than that costs."))


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


def check_top_k_first(answer):
    """Two rows at once, with the common mistakes named."""
    logits = torch.tensor([[0.3, 2.0, -1.0, 0.5], [-5.0, -2.0, -3.0, -4.0]])
    given = logits.to(lab.device, copy=True)
    got, wanted = torch.as_tensor(called(answer, given, 2)).to(logits), top_k(logits, 2)
    assert got.shape == logits.shape, f"(2, 4) logits should give (2, 4) logits, not {tuple(got.shape)}."
    assert torch.equal(given.cpu(), logits), "your function changed the logits that it was given: work on a copy."
    assert not torch.allclose(got, wanted.softmax(1)), "these are the chances; logits are asked for, the softmax comes after."
    assert not torch.equal(got.clamp(min=-1e3), wanted.clamp(min=-1e3)) or torch.equal(got, wanted), \
        "a very negative number is not −∞: use -torch.inf, so that the chance is exactly zero."
    assert not torch.equal(got, wanted.nan_to_num(neginf=0.0)), "a logit of 0 is not nothing: the others must be -inf."
    assert not torch.equal(got, top_k(logits, 3)), "one more than k is left: is `<` or `<=` right?"
    assert not torch.equal(got, top_k(logits, 1)), "one fewer than k is left: keep the k-th itself."
    assert torch.equal(got, wanted), "each row keeps its own k largest, unchanged; the rest is -inf."


def check_top_k(answer):
    """The usual mistakes first; then other k, other shapes, and rows that share values."""
    check_top_k_first(answer)
    draw = torch.Generator().manual_seed(0)
    shared = torch.tensor([[3.0, 1.0, 2.0, 0.0, -1.0], [0.0, 5.0, 3.0, 4.0, 2.0]])
    for logits, k, why in ((torch.randn(3, 4, generator=draw), 1, "k is an argument"), (shared, 3, "what another row keeps does not count"),
                           (shared, 5, "all five may stay"),
                           (torch.randn(6, generator=draw), 2, "one row alone has a single axis"),
                           (torch.randn(2, 3, 6, generator=draw), 2, "however many axes there are, a row runs along the last")):
        case = f"with logits {tuple(logits.shape)} and k = {k}"
        try:
            got = torch.as_tensor(called(answer, logits.clone(), k)).to(logits)
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            raise AssertionError(f"{case} it raised {type(error).__name__}: {error} ({why}).") from error
        assert got.shape == logits.shape, f"{case} it returns the shape {tuple(got.shape)}: {why}."
        kept = set(got.isfinite().sum(-1).flatten().tolist())
        assert len(kept) > 1 or kept == {k}, f"{case} each row keeps {kept.pop()}: k is an argument."
        assert torch.equal(got, top_k(logits, k)), f"{case} some row does not keep its own k largest, unchanged: {why}."


def top_k_in_place(logits, k):
    """A mistake: the right answer, written over the logits."""
    return logits.masked_fill_(logits < logits.topk(k).values[..., -1:], -torch.inf)


bank(Exercise(
    "07.4", kind="build", minutes=10, level="medium", reference=top_k, check=check_top_k,
    right=[top_k_by_scatter, top_k_by_rank, lambda logits, k: top_k(logits, k).tolist()],
    wrong=[(lambda logits, k: top_k(logits, k).nan_to_num(neginf=0.0), "not nothing"),
           (lambda logits, k: top_k(logits, k + 1), "one more"), (lambda logits, k: top_k(logits, k - 1), "one fewer"),
           (lambda logits, k: logits.topk(k).values, "should give (2, 4)"),
           (lambda logits, k: top_k(logits, k).softmax(-1), "the softmax comes after"),
           (lambda logits, k: top_k(logits, k).clamp(min=-1e9), "very negative"),
           (lambda logits, k: logits.masked_fill(logits < logits.max() - 2, -torch.inf), "its own k"),
           (lambda logits, k: top_k(logits, 2), "k is an argument"),
           (lambda logits, k: logits.masked_fill(logits < logits.topk(k, dim=1).values[:, -1:], -torch.inf), "single axis"),
           (lambda logits, k: torch.stack([top_k(row, k) for row in logits]) if logits.ndim > 1 else logits[0, 0], "single axis"),
           (lambda logits, k: torch.stack([row.where(row >= row.topk(k).values[-1], -torch.inf) for row in logits.view(-1, logits.shape[-1])]), "single axis"),
           (lambda logits, k: top_k(logits, k) if logits.ndim < 3 else logits.masked_fill(logits < logits.topk(k, 1).values[:, -1:], -torch.inf), "along the last"),
           (lambda logits, k: logits.where(logits > logits.sort(-1, descending=True).values[..., k, None], -torch.inf), "all five may stay"),
           (lambda logits, k: logits.where(torch.isin(logits, logits.topk(k).values), -torch.inf), "another row"),
           (top_k_in_place, "changed the logits")],
    hints=["logits.topk(k).values are the k largest, in order; the last of them is the smallest that may stay.",
           "Compare each logit with that smallest one of its own row. Keep the last axis, (..., 1), so that the two line up; masked_fill or torch.where does the rest."],
    explanation="Small chances add up: of thousands of unlikely words one would be drawn now and then."))


def check_weights(answer):
    """The weight of one key among four, and when two of the others are hidden."""
    seen, hidden = numbers(answer, 2)
    assert max(seen, hidden) <= 1 and min(seen, hidden) >= 0, "the weights of one query are a share of 1 each: from 0 to 1."
    assert not math.isclose(seen, 1), \
        "that is the score itself by the sum of the scores. A softmax first takes e to the power of each score, and e to the 0 is 1."
    assert not math.isclose(seen, math.e**3 / (math.e**3 + 3), rel_tol=5e-3), "the score is log 3, so its power is 3, and not e to the 3."
    assert not math.isclose(seen, 0.349, rel_tol=5e-3), "log is the natural logarithm here, so that e to the log 3 is 3."
    assert not math.isclose(seen, 0.25), "a quarter each would be the answer to four equal scores."
    assert not math.isclose(seen, 0.75, rel_tol=5e-3), "the first key weighs 3, but each of the *three* others weighs something too."
    assert math.isclose(seen, 0.5, rel_tol=5e-3), f"without a mask: {seen:g} is not it. Which powers do the four scores have, and what is their sum?"
    assert not math.isclose(hidden, 0.5, rel_tol=5e-3), \
        "the weights still sum to one: what the two hidden keys had is shared among the keys that are left."
    assert not math.isclose(hidden, 1), "one other key may still be looked at."
    assert math.isclose(hidden, 0.75, rel_tol=5e-3), f"with the mask: {hidden:g} is not it. Which powers are left, and what is their sum?"


bank(Exercise(
    "07.5", kind="predict", minutes=3, level="easy", reference=(0.5, 0.75), check=check_weights,
    right=[[1 / 2, 3 / 4], torch.tensor([0.5, 0.75])],
    wrong=[((0.5, 0.5), "shared among"), ((1, 1), "e to the 0 is 1"), ((0.349, 0.617), "natural logarithm"), ((0.87, 0.953), "e to the 3"), ((0.25, 0.5), "four equal"),
           ((3, 3), "from 0 to 1"), ((0.5, 1), "may still be looked at"), ((0.75, 0.75), "*three* others"),
           ((0.6, 0.75), "the four scores"), ((0.5, 0.6), "powers are left"), (0.5, "2 asked for, 1 given")],
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


def nearby_with_zeros(queries, keys, values, reach):
    """A mistake: the scores that should be hidden become 0."""
    back = torch.arange(queries.shape[-2])[:, None] - torch.arange(queries.shape[-2])
    weights = (queries @ keys.mT / queries.shape[-1] ** 0.5 * ((back >= 0) & (back <= reach)).to(queries)).softmax(-1)
    return weights @ values, weights


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
        zeroed = (queries @ keys.mT / 2 * ((back >= 0) & (back <= reach))).softmax(-1)
        assert not torch.allclose(weights, zeroed, atol=1e-4), "a score of 0 is not hidden: e to the 0 is 1. What does `attention` do with a mask?"
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
           (nearby_with_zeros, "e to the 0 is 1"),
           (masked_by(lambda back, reach: (back >= 0) & (back <= reach), root=False), "too sharp"),
           (lambda queries, keys, values, reach: nearby(queries, keys, values, reach)[0], "two things"),
           (lambda queries, keys, values, reach: nearby(queries, queries, values, reach), "not those of softmax"),
           (lambda queries, keys, values, reach: (values, nearby(queries, keys, values, reach)[1]), "mean of the values")],
    hints=["Only the mask has to change. Draw it for five tokens and a reach of 2: where do the True stand in each row?",
           "Number the places: torch.arange(T)[:, None] is the t of each row, torch.arange(T) the s of each column. How far back is s from t, and which distances may be seen?",
           "Or cut the square of True twice: tril() takes the future away. Its sister triu takes what is too far back; both accept a number that moves the cut. Try triu(-1) on a small square."],
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


def mixer(hole=(), blind=True):
    """Attention of a sequence to itself, a function (B, T, d) to (B, T, d).

    blind: with the mask of the past. hole: a pair (place, later place) that this mask lets through.
    """
    def net(x):
        T = x.shape[1]
        mask = torch.ones(T, T, dtype=torch.bool, device=x.device)
        mask = mask.tril() if blind else mask
        if hole and T > hole[1]:
            mask[hole] = True
        return (x @ x.mT / x.shape[2] ** 0.5).masked_fill(~mask, -torch.inf).softmax(-1) @ x
    return net


def far_look(weight, place, later):
    """A net (B, T, d) to (B, T, d): each place says what it is, but one also what a later one is, times a weight."""
    def net(x):
        said = x.clone()
        if x.shape[1] > later:
            said[:, place] += weight * x[:, later]
        return said
    return net


def balanced(x):
    """What stands at the next place is added to number 0 of an answer and taken from number 1. (B, T, d) to the same."""
    said, following = x.clone(), F.pad(x[:, 1:, 2], (0, 1))
    said[..., 0] += following
    said[..., 1] -= following
    return said


LOOK = "Try every place, every later one, every number of an answer."
HONEST = {"a running mean": lambda x: x.cumsum(1) / torch.arange(1, x.shape[1] + 1, device=x.device)[:, None],
          "attention with the mask of the past": mixer(),
          "a delay by one place": lambda x: F.pad(x[:, :-1], (0, 0, 1, 0)),
          "a net without any memory": torch.tanh}
LEAKY = {"attention without a mask": (mixer(blind=False), LOOK),
         "a sum from the end backwards": (lambda x: x.flip(1).cumsum(1).flip(1), LOOK),
         "a mask with one hole, through which place 1 sees place 2": (mixer(hole=(1, 2)), LOOK),
         "a net in which place 3 looks at place 5": (far_look(1, 3, 5), LOOK),
         "a leak in the last number of each answer alone":
             (lambda x: torch.cat([x[..., :-1], x[..., -1:].flip(1)], -1), LOOK),
         "a net that adds what comes next to the first number of an answer and takes it from the second":
             (balanced, "The numbers of an answer may cancel in their sum: give each its own weight, or compare one by one."),
         "a net in which place 2 sees a hundredth of place 4":
             (far_look(0.01, 2, 4), "A weak leak is a leak: compare with a tolerance just above the errors of rounding.")}


def false_alarm(answer, net, x):
    """What to say when an honest net was called leaky: look at what it was tried on."""
    heard = []

    def listening(one):
        heard.append(one.detach().clone())
        return net(one)

    try:
        called(answer, listening, x.clone())
        finite = all(bool(one.isfinite().all()) for one in heard)
    except RuntimeError:  # inside torch.func a tensor may not be looked at
        finite = True
    if finite:
        return "Of a change at a place only the answers *before* it count."
    return "It was tried on NaN or infinite numbers, and 0 times NaN is NaN again: change the future by finite numbers."


def check_sees_future(answer):
    """On nets that see the past alone, and on others that look ahead, openly, weakly or through one hole."""
    x = torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0))
    nets = {**{name: (net, "") for name, net in HONEST.items()}, **LEAKY}
    for name, (net, advice) in nets.items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            got = called(answer, net, x.clone())
            assert torch.as_tensor(got).numel() == 1, "one answer a net is asked for, True or False."
            if advice:
                assert bool(got), f"{name}: this net sees the future, and you did not notice. {advice}"
            elif bool(got):
                raise AssertionError(f"{name}: this net sees the past alone, and you say that it leaks. {false_alarm(answer, net, x)}")
    try:
        seen = bool(called(answer, LEAKY["attention without a mask"][0], x[:1].clone()))
    except IndexError as error:
        raise AssertionError(f"a batch may hold one sequence alone, and then it raised IndexError: {error}.") from error
    assert seen, "a batch of one sequence: this net, attention without a mask, sees the future, and you did not notice."


def leak_in_sums(net, x):
    """A mistake: the slope of the sum of an answer's numbers, in which they may cancel."""
    x = x.clone().requires_grad_(True)
    slopes = (torch.autograd.grad(net(x)[:, place].sum(), x)[0][:, place + 1:] for place in range(x.shape[1] - 1))
    return any(bool((slope != 0).any()) for slope in slopes)


def leak_by_weighted_slopes(net, x):
    """Another way: the slope of each answer, its numbers with weights drawn at random."""
    x = x.clone().requires_grad_(True)
    said = net(x)
    weights, slopes = torch.randn_like(said), []
    for place in range(x.shape[1] - 1):
        slope, = torch.autograd.grad((weights * said)[:, place].sum(), x, retain_graph=True)
        slopes.append(slope[:, place + 1:].abs().max())
    return max(slopes) > 0


def leak_in_own_rows(net, x):
    """Another way: random rows of its own, longer than x, cut at each place."""
    x = torch.randn(2, x.shape[1] + 2, x.shape[2], device=x.device)
    return any(bool((net(x[:, :place]) - net(x)[:, :place]).abs().max() > 1e-5) for place in range(1, x.shape[1]))


def leak_by(noticed):
    """A (wrong) detective that cuts the future off and asks noticed(differences) whether they are large enough."""
    def sees(net, x):
        return any(bool(noticed(net(x[:, :place]) - net(x)[:, :place])) for place in range(1, x.shape[1]))
    return sees


def leak_by_nan(net, x):
    """A mistake: nan in the future reaches the past through weights of zero."""
    for place in range(1, x.shape[1]):
        other = x.clone()
        other[:, place:] = torch.nan
        if net(other)[:, :place].isnan().any():
            return True
    return False


bank(Exercise(
    "07.8", kind="build", minutes=15, level="medium", reference=sees_future, check=check_sees_future,
    right=[sees_future_by_slopes, sees_future_one_by_one, sees_future_by_cutting, leak_by_weighted_slopes, leak_in_own_rows],
    wrong=[(lambda net, x: True, "you say that it leaks"), (lambda net, x: False, "did not notice"),
           (lambda net, x: not torch.allclose(net(x.flip(1)), net(x)), "*before* it count"),
           (lambda net, x: not torch.allclose(net(x[:, :3]), net(x)[:, :3], atol=1e-6), "one hole"),
           (lambda net, x: not torch.allclose(net(torch.cat([x[:, :1], -x[:, 1:]], 1))[:, 0], net(x)[:, 0]), "one hole"),
           (lambda net, x: not torch.allclose(net(torch.cat([x[:, :-1], -x[:, -1:]], 1))[:, :-1], net(x)[:, :-1]), "one hole"),
           (lambda net, x: sees_future(lambda one: net(one)[..., :1], x), "last number"),
           (leak_in_sums, "cancel in their sum"), (leak_by(lambda change: change.sum().abs() > 1e-4), "cancel in their sum"),
           (leak_by(lambda change: change.abs().max() > 0.1), "rounding"), (leak_by(lambda change: change.abs().max() > 0.3), "rounding"),
           (leak_by(lambda change: change.abs().mean() > 0.01), "rounding"), (leak_by(lambda change: change[1].abs().max() > 1e-5), "one sequence"),
           (leak_by_nan, "finite numbers"),
           (lambda net, x: sees_future(net, x) | torch.zeros(2, dtype=torch.bool), "one answer")],
    hints=["Change the input at later places only, and compare the answers of the earlier places: a net that sees the past alone cannot notice.",
           "One cut is not enough, for a hole may join any two places: take every place as the first one that changes.",
           "For each place: put random numbers at this place and all later ones of a copy (x.clone()), or cut them off. What must be the same in both answers, number by number, up to rounding?"],
    explanation="A leak makes the loss in training splendid and the writing useless, so it shows late. Such a test takes a second."))
