"""The exercises of chapter 08, BERT."""
import math

import torch

from utils.exercises import Exercise, NotDone, bank, called


def check_lottery(answer):
    """15 % of 1,000 places are asked about, 80 % of those masked."""
    if any(part is ... for part in answer):
        raise NotDone
    counted, masked = answer
    assert masked != 800, "80 % are masked of the pieces that were *chosen*, not of all."
    assert masked != 150, "not all of the chosen places show [MASK]: a tenth is swapped, a tenth stays."
    assert counted != 120, "the loss counts all chosen places, also those without a [MASK]."
    assert counted != 1000, "the loss counts only the chosen places; the others are given away."
    assert counted == 150, f"15 % of 1,000 is not {counted}."
    assert masked == 120, f"80 % of 150 is not {masked}."


bank(Exercise(
    "08.1", kind="predict", minutes=2, level="easy", reference=(150, 120), check=check_lottery, right=[(150.0, 120.0)],
    wrong=[((150, 150), "swapped"), ((120, 120), "all chosen places"), ((1000, 150), "swapped"),
           ((150, 800), "*chosen*"), ((1000, 120), "given away"), ((100, 80), "15 %")],
    hints=["First the chosen ones: 15 % of 1,000.", "Of these, 80 % are covered."],
    explanation="150 and 120. So a row of 128 pieces teaches about 19 words; a reader from the left would learn from all 128."))


def cut(word, vocabulary):
    """The greedy cut of WordPiece, or ["[UNK]"]."""
    pieces, rest = [], word
    while rest:
        prefix = "##" if pieces else ""
        fitting = [end for end in range(len(rest), 0, -1) if prefix + rest[:end] in vocabulary]
        if not fitting:
            return ["[UNK]"]
        pieces.append(prefix + rest[:fitting[0]])
        rest = rest[fitting[0]:]
    return pieces


DELIVERED = ["un", "aff", "##able", "##a"]


def check_pieces(answer):
    """One piece more, not the whole word, and the greedy cut must go through."""
    answer = list(answer)
    if answer == DELIVERED:
        raise NotDone
    added = [piece for piece in answer if piece not in DELIVERED]
    assert set(DELIVERED) <= set(answer), "keep the four pieces that were there."
    assert "unaffable" not in answer, "that is the whole word; the point is to do without."
    assert len(added) == 1, f"add one piece, not {len(added)}."
    assert added[0].startswith("##") or added[0].startswith("una"), \
        f"{added[0]!r} can only begin a word; a piece that goes on begins with ##."
    assert cut("unaffable", answer) != ["[UNK]"], \
        f"with {added[0]!r} the longest-first cut still gets stuck: follow it piece by piece."


bank(Exercise(
    "08.2", kind="change", minutes=5, level="medium", reference=[*DELIVERED, "##ff"], check=check_pieces,
    right=[[*DELIVERED, "##aff"], [*DELIVERED, "##affable"], [*DELIVERED, "unaff"]],
    wrong=[([*DELIVERED, "unaffable"], "whole word"), ([*DELIVERED, "affable"], "begin a word"),
           ([*DELIVERED, "##f", "##x"], "add one piece"), ([*DELIVERED, "##fable"], "gets stuck"),
           (["un", "##affable"], "keep the four")],
    hints=["The cut goes un, then the longest ## piece that fits, and so on.", "After un and ##a, what is missing before ##able?"],
    explanation='"aff" was there, but only as the beginning of a word. The same letters inside a word are another piece, ##aff.'))


def rate_factor(step, warmup, total):
    """0 at step 0, 1 at `warmup`, 0 at `total`, straight between."""
    return min(step / warmup, (total - step) / (total - warmup))


def factor_by_cases(step, warmup, total):
    """Another way: the two lines one after the other."""
    if step < warmup:
        return step / warmup
    return 1 - (step - warmup) / (total - warmup)


def check_schedule(answer):
    """The ends, the peak, and the middle of each line."""
    at = [float(called(answer, step, 10, 110)) for step in (10, 0, 5, 60, 110)]
    assert math.isclose(at[0], 1, abs_tol=1e-6), f"at the end of the warm-up it is 1, not {at[0]:.3f}."
    assert math.isclose(at[1], 0, abs_tol=1e-6), f"at step 0 it is 0, not {at[1]:.3f}."
    assert math.isclose(at[2], 0.5, abs_tol=1e-6), f"half way up it is 0.5, not {at[2]:.3f}."
    assert not math.isclose(at[3], 50 / 110, rel_tol=1e-3), \
        "the fall is counted from step 0; it begins at the end of the warm-up and has total - warmup steps."
    assert math.isclose(at[3], 0.5, abs_tol=1e-6), f"half way down, at step 60, it is 0.5, not {at[3]:.3f}."
    assert math.isclose(at[4], 0, abs_tol=1e-6), f"at the last step it is 0, not {at[4]:.3f}."


bank(Exercise(
    "08.3", kind="build", minutes=10, level="medium", reference=rate_factor, check=check_schedule, right=[factor_by_cases],
    wrong=[(lambda step, warmup, total: min(step / warmup, 1), "half way down"),
           (lambda step, warmup, total: min(step / warmup, (total - step) / total), "end of the warm-up"),
           (lambda step, warmup, total: step / total, "end of the warm-up"),
           (lambda step, warmup, total: step / warmup if step <= warmup else (total - step) / total, "counted from step 0"),
           (lambda step, warmup, total: min(1, (total - step) / (total - warmup)), "at step 0")],
    hints=["Upwards: step / warmup.", "Downwards: (total - step) / (total - warmup)."],
    explanation="Small steps first, while the new layer is still random and its gradients would spoil what was learned before."))


def mean_of(states, mask):
    """states (B, T, D), mask (B, T) of 0 and 1 -> (B, D)."""
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def mean_by_product(states, mask):
    """Another way: weights that sum to one, and a product of matrices."""
    weights = mask.float() / mask.float().sum(1, keepdim=True)
    return torch.einsum("bt,btd->bd", weights, states)


def check_mean(answer):
    """With and without filling, and for rows of different length."""
    states = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]], [[1.0, 1.0], [2.0, 2.0], [6.0, 6.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    got, wanted = called(answer, states.clone(), mask), mean_of(states, mask)
    assert tuple(got.shape) == (2, 2), f"two sentences of width 2 give (2, 2), not {tuple(got.shape)}."
    assert not torch.allclose(got, states.mean(1)), "this counts the filling too: the third state of the first row."
    assert not torch.allclose(got, (states * mask[..., None]).mean(1)), \
        "the filling is set to zero, but still counted: divide by the number of real places."
    assert not torch.allclose(got, (states * mask[..., None]).sum(1)), "this is the sum; divide by the number of places."
    assert not torch.allclose(got, states[:, 0]), "this is the first state, as the paper takes it; here it is the mean."
    assert torch.allclose(got, wanted, atol=1e-5), f"it should be {wanted.tolist()}, not {got.tolist()}."


bank(Exercise(
    "08.4", kind="build", minutes=10, level="medium", reference=mean_of, check=check_mean, right=[mean_by_product],
    wrong=[(lambda states, mask: states.mean(1), "counts the filling"),
           (lambda states, mask: (states * mask[..., None]).mean(1), "still counted"),
           (lambda states, mask: (states * mask[..., None]).sum(1), "this is the sum"),
           (lambda states, mask: states[:, 0], "first state"),
           (lambda states, mask: states.mean(2), "(2, 2)")],
    hints=["Multiply the states by mask[..., None]; what is filling becomes zero.", "Sum over dim 1, then divide by mask.sum(1, keepdim=True)."],
    explanation="[2.0, 3.0]: the filling may hold anything. A mean over all T would shrink with every column of it."))
