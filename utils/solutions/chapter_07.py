"""The exercises of chapter 07, attention and the Transformer."""
import torch
from torch.nn import functional as F

from utils.exercises import Exercise, bank, called


def check_times(answer):
    """How many times as many weights for three times as many words."""
    assert isinstance(answer, int | float) and not isinstance(answer, bool), "The answer is a number."
    assert answer != 3, "three times as many words ask, but each of them also asks three times as many."
    assert answer not in (24, 72, 8), "the number of heads is the same before and after."
    assert answer != 6, "the two factors of three are multiplied, not added."
    assert answer == 9, f"{answer:g} is not 150 * 150 / (50 * 50)."


bank(Exercise(
    "07.1", kind="predict", minutes=2, level="easy", reference=9, check=check_times, right=[9.0],
    wrong=[(3, "three times as many"), (72, "number of heads"), (6, "multiplied"), (100, "150 * 150")],
    hints=["Every word asks every word: 50 words hold 50 * 50 weights a head.", "150 * 150 against 50 * 50."],
    explanation="Nine: the table of weights grows with the square of the length, in every head."))


def check_mask(answer):
    """The lower triangle with its diagonal."""
    assert isinstance(answer, torch.Tensor) and answer.shape == (4, 4), "The mask is a tensor of shape (4, 4)."
    seen = answer.bool()
    assert not seen[0, 1:].any(), "the first word still sees words that come after it."
    assert seen.diagonal().all(), "each word should see itself too; with nothing to see a softmax has no answer."
    assert torch.equal(seen, past_of_four()), "each word should see itself and *all* of its past, and nothing else."


def past_of_four():
    """The mask (4, 4) of the past."""
    return torch.ones(4, 4, dtype=torch.bool).tril()


bank(Exercise(
    "07.2", kind="change", minutes=5, level="medium", reference=past_of_four(), check=check_mask,
    right=[torch.arange(4)[:, None] >= torch.arange(4), torch.ones(4, 4).tril()],
    wrong=[(torch.ones(4, 4, dtype=torch.bool).triu(), "come after"),
           (torch.ones(4, 4, dtype=torch.bool), "come after"),
           (torch.ones(4, 4, dtype=torch.bool).tril(-1), "see itself"), (torch.eye(4).bool(), "all* of its past")],
    hints=["Rows ask, columns are asked: row 0 may have a True in column 0 only.", "triu keeps the upper triangle."],
    explanation="tril() keeps the diagonal and what lies below it: row t sees the places 0 to t."))


def smoothed_loss(logits, labels, epsilon):
    """logits (B, V), labels (B,) to one number."""
    V = logits.shape[1]
    targets = (1 - epsilon) * F.one_hot(labels, V) + epsilon / V
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def smoothed_by_torch(logits, labels, epsilon):
    """Another way: torch's own."""
    return F.cross_entropy(logits, labels, label_smoothing=epsilon)


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
    got = torch.as_tensor(called(answer, logits.clone(), labels, 0.2))
    wanted = smoothed_by_torch(logits, labels, 0.2)
    assert got.ndim == 0, f"the loss of a batch is one number, not {tuple(got.shape)}: take the mean."
    assert not torch.isclose(got, -wanted, atol=1e-5), "the sign: log chances are negative, the loss is positive."
    assert not torch.isclose(got, 6 * wanted, atol=1e-4), "this is the sum over the batch; take the mean."
    assert not torch.isclose(got, F.cross_entropy(logits, labels), atol=1e-5), "epsilon has no effect yet."
    assert not torch.isclose(got, smoothed_over_others(logits, labels, 0.2), atol=1e-5), \
        "the share epsilon goes to all V words, the right one included."
    assert torch.isclose(got, wanted, atol=1e-5), "the number differs from torch's label smoothing."


bank(Exercise(
    "07.3", kind="build", minutes=10, level="medium", reference=smoothed_loss, check=check_smoothed, right=[smoothed_by_torch],
    wrong=[(lambda logits, labels, epsilon: -smoothed_loss(logits, labels, epsilon), "the sign"),
           (lambda logits, labels, epsilon: len(labels) * smoothed_loss(logits, labels, epsilon), "take the mean"),
           (lambda logits, labels, epsilon: F.cross_entropy(logits, labels), "no effect"),
           (smoothed_over_others, "all V words")],
    hints=["targets = (1 - epsilon) * F.one_hot(labels, V) + epsilon / V.",
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


def check_top_k(answer):
    """Two rows at once, with the common mistakes named."""
    logits = torch.tensor([[0.3, 2.0, -1.0, 0.5], [-5.0, -2.0, -3.0, -4.0]])
    got, wanted = called(answer, logits.clone(), 2), top_k(logits, 2)
    assert got.shape == logits.shape, f"(2, 4) logits should give (2, 4) logits, not {tuple(got.shape)}."
    assert not torch.equal(got, wanted.nan_to_num(neginf=0.0)), "a logit of 0 is not nothing: the others must be -inf."
    assert not torch.equal(got, top_k(logits, 3)), "one more than k is left: is `<` or `<=` right?"
    assert not torch.equal(got, top_k(logits, 1)), "one fewer than k is left: keep the k-th itself."
    assert torch.equal(got, wanted), "each row keeps its own k largest, unchanged; the rest is -inf."


bank(Exercise(
    "07.4", kind="build", minutes=10, level="medium", reference=top_k, check=check_top_k, right=[top_k_by_scatter],
    wrong=[(lambda logits, k: top_k(logits, k).nan_to_num(neginf=0.0), "not nothing"),
           (lambda logits, k: top_k(logits, k + 1), "one more"), (lambda logits, k: top_k(logits, k - 1), "one fewer"),
           (lambda logits, k: logits.topk(k).values, "should give (2, 4)"),
           (lambda logits, k: logits.masked_fill(logits < logits.max() - 2, -torch.inf), "its own k")],
    hints=["logits.topk(k).values are the k largest, in order; the last of them is the smallest that may stay.",
           "logits.masked_fill(logits < least, -torch.inf)"],
    explanation="Small chances add up: of thousands of unlikely words one would be drawn now and then."))
