"""The exercises of chapter 08, BERT."""
import math

import torch

from utils.exercises import Exercise, NotDone, bank, called


def as_tensor(answer):
    """A tensor, or lists and tuples of numbers or tensors, as one tensor."""
    if isinstance(answer, list | tuple):
        return torch.stack([as_tensor(part) for part in answer])
    return torch.as_tensor(answer)


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
    hints=["First the chosen ones, whatever happens to them afterwards.", "The 80 % are taken of those, not of the 1,000."],
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
    other = [float(called(answer, step, 4, 20)) for step in (2, 12)]
    assert math.isclose(at[0], 1, abs_tol=1e-6), f"at the end of the warm-up it is 1, not {at[0]:.3f}."
    assert math.isclose(at[1], 0, abs_tol=1e-6), f"at step 0 it is 0, not {at[1]:.3f}."
    assert math.isclose(at[2], 0.5, abs_tol=1e-6), f"half way up it is 0.5, not {at[2]:.3f}."
    assert not math.isclose(at[3], 50 / 110, rel_tol=1e-3), \
        "the fall is counted from step 0; it begins at the end of the warm-up and has total - warmup steps."
    assert math.isclose(at[3], 0.5, abs_tol=1e-6), f"half way down, at step 60, it is 0.5, not {at[3]:.3f}."
    assert math.isclose(at[4], 0, abs_tol=1e-6), f"at the last step it is 0, not {at[4]:.3f}."
    assert all(math.isclose(value, 0.5, abs_tol=1e-6) for value in other), \
        "right for a warm-up of 10 steps in 110, but not for 4 in 20: use the arguments."


bank(Exercise(
    "08.3", kind="build", minutes=10, level="medium", reference=rate_factor, check=check_schedule, right=[factor_by_cases],
    wrong=[(lambda step, warmup, total: min(step / warmup, 1), "half way down"),
           (lambda step, warmup, total: min(step / warmup, (total - step) / total), "end of the warm-up"),
           (lambda step, warmup, total: step / total, "end of the warm-up"),
           (lambda step, warmup, total: step / warmup if step <= warmup else (total - step) / total, "counted from step 0"),
           (lambda step, warmup, total: min(1, (total - step) / (total - warmup)), "at step 0"),
           (lambda step, warmup, total: min(step / 10, (110 - step) / 100), "use the arguments")],
    hints=["Two straight lines; at every step the smaller of the two is the answer.", "Upwards: step / warmup.",
           "Downwards the line must be 1 at `warmup` and 0 at `total`: what is left of the steps, over how many the fall has."],
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
    got, wanted = as_tensor(called(answer, states.clone(), mask)).float(), mean_of(states, mask)
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
    hints=["mask[..., None] has the shape (B, T, 1), which goes with states (B, T, D).",
           "Multiply the states by it: what is filling becomes zero, and a sum over dim 1 no longer sees it.",
           "Divide by how many places hold text, mask.sum(1, keepdim=True), not by T."],
    explanation="[2.0, 3.0]: the filling may hold anything. A mean over all T would shrink with every column of it."))


def check_scores(answer):
    """Two names said, three there, one of them right. Percent or shares, as the learner likes."""
    if any(part is ... for part in answer):
        raise NotDone
    precision, recall, f1 = (100 * float(part) if max(answer) <= 1 else float(part) for part in answer)

    def near(a, b, c):
        return max(abs(precision - a), abs(recall - b), abs(f1 - c)) < 0.6

    assert not near(100, 200 / 3, 80), "New alone is half a name, and half a name counts as nothing."
    assert not near(100 / 3, 50, 40), "swapped: precision looks at what was said, recall at what was there to be found."
    assert abs(precision - 500 / 7) > 0.6 and abs(f1 - 500 / 7) > 0.6, "that counts words; count names, each as a whole."
    assert abs(precision - 50) < 0.6, f"two names were said; how many of them are right as a whole? Not {precision:.0f} %."
    assert abs(recall - 100 / 3) < 0.6, f"three names were there; how many of them were found whole? Not {recall:.0f} %."
    assert abs(f1 - 125 / 3) > 0.6, "that is the ordinary mean; the harmonic one is nearer to the smaller number."
    assert abs(f1 - 40) < 0.6, f"2 · precision · recall / (precision + recall) is not {f1:.1f} %."


bank(Exercise(
    "08.5", kind="predict", minutes=3, level="easy", reference=(50, 100 / 3, 40), check=check_scores,
    right=[(0.5, 1 / 3, 0.4), [50, 33, 40], torch.tensor([50.0, 33.3, 40.0])],
    wrong=[((100, 200 / 3, 80), "half a name"), ((100 / 3, 50, 40), "swapped"), ((500 / 7,) * 3, "counts words"),
           ((50, 100 / 3, 125 / 3), "harmonic"), ((100, 100 / 3, 50), "two names were said"),
           ((50, 200 / 3, 57), "three names were there"), ((50, 33.3, 50), "is not 50.0")],
    hints=["List the names that were said, then those that were there; cross out what does not agree in first word, last word and kind.",
           "One name is on both lists. Divide it by the length of the one list, then of the other."],
    explanation="50, 33.3 and 40 %, though five of seven words have the right tag. A wrong end costs twice: a name too many and a name missed."))


def may_look(there, left_only):
    """there (B, T), 1 text and 0 filling -> (B, T, T): may the place of the row look at that of the column?"""
    allowed = there.bool()[:, None, :].repeat(1, there.shape[1], 1)
    return allowed.tril() if left_only else allowed


def may_look_by_places(there, left_only):
    """Another way: compare the numbers of the places; 0 and 1 for True and False."""
    place = torch.arange(there.shape[1], device=there.device)
    past = (place[None, :] <= place[:, None]).int() if left_only else torch.ones(len(place), len(place), dtype=torch.int)
    return past.to(there.device) * there[:, None, :]


def may_look_broadcast(there, left_only):
    """Another way, which leaves it to broadcasting where all rows of a table are alike."""
    return torch.ones(len(there[0]), len(there[0]), device=there.device).tril() * there[:, None] if left_only \
        else there[:, None] == 1


def looked(answer, there, left_only):
    """The weights (B, T, T) of an attention in which all scores are equal, under the learner's table."""
    table = as_tensor(called(answer, there.clone(), left_only)).float()
    B, T = there.shape
    assert table.ndim == 3 and table.shape[0] in (1, B) and table.shape[1] in (1, T) and table.shape[2] == T, \
        f"two rows of five places give a table (2, 5, 5), not {tuple(table.shape)}."
    assert ((table == 0) | (table == 1)).all(), "the table holds True and False, or 1 and 0, no numbers to be added."
    text = there[:, :, None].bool()
    wanted = may_look(there, left_only)
    assert not torch.equal((table == 0).expand(B, T, T) & text, wanted & text), \
        "turned round: here True means that a place may look, not that it is hidden."
    scores = torch.zeros(B, T, T).masked_fill(table.expand(B, T, T) == 0, -torch.inf)
    return scores.softmax(2)


def check_may_look(answer):
    """What an attention does with the table: nothing of the filling, nothing of the future, all the rest."""
    there = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    text = there[:, :, None].bool()  # what a place of the filling looks at does not matter
    both, left = (torch.where(text, looked(answer, there, flag), 0.0) for flag in (False, True))
    for weights in (both, left):
        assert torch.allclose(weights.sum(2), there.float()), \
            "some place of the text may look nowhere, so its weights cannot sum to one: each may at least see itself."
    assert not left.triu(1).any(), "left_only, and still a place sees what stands to its right."
    for weights in (both, left):
        assert not weights[1, :, 3:].any(), \
            "in the second row places of the text look at the filling; a column of filling is closed to every row."
    assert (both[0] > 0).all() and (both[1, :3, :3] > 0).all(), "with both sides a place sees all of the text, left and right."
    assert (left[0].tril() > 0).sum() == 15, "left_only: a place sees itself and *all* that stands to its left."


bank(Exercise(
    "08.6", kind="build", minutes=10, level="medium", reference=may_look, check=check_may_look,
    right=[may_look_by_places, may_look_broadcast, lambda there, left_only: may_look(there, left_only).tolist()],
    wrong=[(lambda there, left_only: ~may_look(there, left_only), "turned round"),
           (lambda there, left_only: may_look(there, False), "to its right"),
           (lambda there, left_only: may_look(there, True), "left and right"),
           (lambda there, left_only: may_look(torch.ones_like(there), left_only), "look at the filling"),
           (lambda there, left_only: may_look(there, left_only).tril(-1) if left_only else may_look(there, False), "look nowhere"),
           (lambda there, left_only: may_look(there, left_only).transpose(1, 2), "to its right"),
           (lambda there, left_only: may_look(there, False).tril(0).triu(-1) if left_only else may_look(there, False), "all* that stands"),
           (lambda there, left_only: torch.ones(5, 5).tril() if left_only else torch.ones(5, 5), "(2, 5, 5)"),
           (lambda there, left_only: torch.zeros(2, 5, 5).masked_fill(~may_look(there, left_only), -torch.inf), "True and False")],
    hints=["Row i of a table belongs to the place that looks, column j to the place that is looked at.",
           "Filling closes whole columns: a table in which every row is `there`. Then think of left_only.",
           "Left only keeps the columns j <= i, which is the lower triangle with its diagonal."],
    explanation="One triangle is all that divides the two readers of this chapter; the rest of the network is the same."))


def choose_words(begins):
    """begins (B, T), True where a word begins -> (B, T), True for the pieces of the chosen words."""
    number = begins.long().cumsum(1) - 1                         # for each piece the number of its word
    lots = torch.rand(begins.shape, device=begins.device)        # one for each word, some to spare
    return lots.gather(1, number) < 0.15


def choose_word_by_word(begins):
    """Another way: go from left to right, and draw where a word begins."""
    rows = []
    for row in begins.tolist():
        chosen = []
        for begin in row:
            chosen.append(bool(torch.rand(()) < 0.15) if begin else chosen[-1])
        rows.append(chosen)
    return torch.tensor(rows)


def choose_a_share(begins):
    """Another way: of each row's words exactly as many as 15 % are, rounded."""
    number = begins.long().cumsum(1) - 1
    count = number[:, -1:] + 1
    lots = torch.rand(begins.shape, device=begins.device)
    lots = lots.masked_fill(torch.arange(begins.shape[1], device=begins.device) >= count, 2.0)
    rank = lots.argsort(1).argsort(1)
    return (rank < (0.15 * count).round()).gather(1, number)


def piece_by_piece(begins):
    """A wrong answer: the lottery of the chapter, one lot a piece."""
    return torch.rand(begins.shape, device=begins.device) < 0.15


def spread_to_words(begins):
    """A wrong answer: one lot a piece, and a word is chosen when one of its pieces is."""
    number = begins.long().cumsum(1) - 1
    hit = torch.zeros(begins.shape, dtype=torch.long, device=begins.device)
    return hit.scatter_reduce(1, number, piece_by_piece(begins).long(), "amax").gather(1, number).bool()


def per_word(begins, asked):
    """How long each word is and how many of its pieces are asked: (B, T) each, 0 where there is no word."""
    number, none = begins.long().cumsum(1) - 1, torch.zeros(begins.shape, dtype=torch.long)
    return none.scatter_add(1, number, torch.ones_like(none)), none.scatter_add(1, number, asked.long())


def check_words(answer):
    """A lottery by what it draws: whole words, each with the same chance, each on its own, anew each time."""
    with torch.random.fork_rng():
        torch.manual_seed(8)
        begins = torch.rand(300, 60) < 0.6
        begins[:, 0] = True
        draws = [as_tensor(called(answer, begins.clone())) for _ in range(2)]
    assert all(tuple(draw.shape) == (300, 60) for draw in draws), f"one True or False a piece, (300, 60), not {tuple(draws[0].shape)}."
    asked, again = (draw.bool() for draw in draws)
    length, hit = per_word(begins, asked)
    word = length > 0
    assert asked.any(), "no word was chosen at all."
    assert not torch.equal(asked, begins), "every word was chosen, and only its beginning."
    assert not torch.equal(asked, again), "two calls chose the same pieces: draw new lots in each call, without a fixed seed."
    assert (asked & ~begins).any(), "only beginnings are asked: the pieces that go on stay in sight and give the word away."
    assert ((hit == 0) | (hit == length)).all(), "some words are asked in part: all pieces of a word share one lot."
    share, short, long = (100 * (hit > 0)[some].float().mean().item() for some in (word, length == 1, length > 2))
    assert long - short < 6, f"of words in three or more pieces {long:.0f} % were chosen, of whole ones {short:.0f} %: " \
        "one lot for each word, not one for each piece."
    first = (hit[:, 0] > 0).float().mean()
    assert 0 < first < 1, "the first word of every row has the same fate: each row needs lots of its own."
    whole_rows = ((hit > 0).sum(1) == word.sum(1)).float().mean()
    assert whole_rows < 0.02, "whole rows were chosen: each word needs a lot of its own."
    assert 12 < share < 18, f"about 15 % of the words should be chosen, not {share:.0f} %."


bank(Exercise(
    "08.7", kind="build", minutes=15, level="hard", reference=choose_words, check=check_words,
    right=[choose_word_by_word, choose_a_share, lambda begins: choose_words(begins).int()],
    wrong=[(piece_by_piece, "in part"), (spread_to_words, "one lot for each word"),
           (lambda begins: piece_by_piece(begins) & begins, "only beginnings"),
           (lambda begins: begins, "every word"), (lambda begins: torch.zeros_like(begins), "no word"),
           (lambda begins: (torch.rand(len(begins), 1, device=begins.device) < 0.15).expand(begins.shape), "whole rows"),
           (lambda begins: choose_words(begins) | choose_words(begins[:1]), "in part"),
           (lambda begins: (torch.rand(60, device=begins.device) < 0.15)[begins.long().cumsum(1) - 1], "fate"),
           (lambda begins: ~choose_words(begins), "not 85 %"),
           (lambda begins: torch.rand(begins.shape, generator=torch.Generator().manual_seed(0)) < 0.15, "fixed seed")],
    hints=["Number the words first: begins.long().cumsum(1) counts the beginnings up to each piece.",
           "Draw a lot for each word, not for each piece; more lots than words do no harm.",
           "lots.gather(1, number) hands every piece the lot of its word."],
    explanation="Where half a word stays in sight the other half is a riddle of spelling. Whole words must be guessed from the sentence."))


def fill_all(row, chances, gap):
    """row: numbers of pieces, `gap` where one is hidden. chances(row) -> (T, V). Returns the row without gaps."""
    row = list(row)
    while gap in row:
        gaps = [place for place, piece in enumerate(row) if piece == gap]
        surest = chances(row)[gaps].max(1)  # for each gap the chance of its best piece, and that piece
        best = int(surest.values.argmax())
        row[gaps[best]] = int(surest.indices[best])
    return row


def fill_the_sure_ones(row, chances, gap):
    """Another way: in each round all gaps that are as sure as the surest, and a tensor at the end."""
    row = torch.as_tensor(row).clone()
    while (row == gap).any():
        best = chances(row.tolist()).max(1)
        values = best.values.where(row == gap, torch.tensor(-1.0))
        row = torch.where(values > values.max() - 1e-6, best.indices, row)
    return row


def toy_chances(step, limit=40):
    """A network that knows: a piece is one more than its neighbour at `step` (-1 left, 1 right). 10 is the gap."""
    calls = []

    def chances(row):
        calls.append(1)
        assert len(calls) <= limit, f"still asking after {limit} looks: does each round fill a gap?"
        row, table = [int(piece) for piece in row], torch.full((len(row), 10), 0.08)
        for place, piece in enumerate(row):
            beside = row[place + step] if 0 <= place + step < len(row) else 10
            if piece != 10:
                table[place, (piece + 5) % 10] = 9  # where a piece is in sight it dreams of another one
            else:
                table[place, 0 if beside == 10 else (beside + 1) % 10] = 0.15 if beside == 10 else 3
        return table / table.sum(1, keepdim=True)

    return chances


def fill_in_turn(row, chances, gap, backwards=False):
    """A wrong answer: from the left to the right, or back, whatever the network is sure of."""
    row = list(row)
    for place in sorted(range(len(row)), reverse=backwards):
        if row[place] == gap:
            row[place] = int(chances(row)[place].argmax())
    return row


def fill_at_once(row, chances, gap):
    """A wrong answer: one look for all gaps."""
    best = chances(row).argmax(1).tolist()
    return [best[place] if piece == gap else piece for place, piece in enumerate(row)]


def fill_by_first_look(row, chances, gap):
    """A wrong answer: the order is by sureness, but the pieces are those of the first look."""
    looks = [chances(row) for _ in range(2)]
    return fill_at_once(row, lambda _: looks[0], gap)


def fill_the_least_sure(row, chances, gap):
    """A wrong answer: the gap with the lowest chance first."""
    row = list(row)
    while gap in row:
        gaps = [place for place, piece in enumerate(row) if piece == gap]
        surest = chances(row)[gaps].max(1)
        worst = int(surest.values.argmin())
        row[gaps[worst]] = int(surest.indices[worst])
    return row


def fill_anything(row, chances, gap):
    """A wrong answer: the surest place of all, whether it is a gap or not."""
    row = list(row)
    while gap in row:
        surest = chances(row).max(1)
        best = int(surest.values.argmax())
        row[best] = int(surest.indices[best])
    return row


def tried(way):
    """What a way of filling makes of three rows; the clue comes from the right in the first, else from the left."""
    rows = (([10, 10, 10, 4], 1), ([4, 10, 10, 10], -1), ([2, 10, 10, 3, 10, 10], -1))
    return [(row, as_tensor(called(way, list(row), toy_chances(step), 10))) for row, step in rows]


def check_fill(answer):
    """Networks whose clues come from the right or from the left: only the surest gap first serves both."""
    found = tried(answer)
    for row, got in found:
        assert tuple(got.shape) == (len(row),), f"a row of {len(row)} pieces comes back with {tuple(got.shape)}."
        got = got.tolist()
        assert 10 not in got, f"{got} still has a gap (10)."
        assert all(new == old for new, old in zip(got, row) if old != 10), \
            f"{row} became {got}: pieces in sight stay as they are, however sure the network is of others there."
    made = [got.tolist() for _, got in found]
    for words, way in (("all gaps were filled from one look", fill_at_once), ("the gaps were filled from left to right", fill_in_turn),
                       ("the gaps were filled from right to left", lambda *given: fill_in_turn(*given, backwards=True))):
        assert made != [got.tolist() for _, got in tried(way)], \
            f"{words}, some while the network knew nothing of them. Which one is it surest of, after each new piece?"
    for (row, got), (_, wanted) in zip(found, tried(fill_all)):
        assert torch.equal(got.long(), wanted), f"{row} became {got.tolist()}: fill the gap with the highest chance first, then look again."


bank(Exercise(
    "08.8", kind="build", minutes=15, level="hard", reference=fill_all, check=check_fill, right=[fill_the_sure_ones],
    wrong=[(fill_in_turn, "from left to right"), (fill_at_once, "from one look"), (fill_by_first_look, "from one look"),
           (lambda *given: fill_in_turn(*given, backwards=True), "from right to left"),
           (fill_anything, "still asking"), (lambda row, chances, gap: row, "still has a gap"),
           (lambda row, chances, gap: chances(row).argmax(1), "stay as they are"), (fill_the_least_sure, "highest chance first"),
           (lambda row, chances, gap: fill_all(row, chances, gap)[:-1], "comes back with")],
    hints=["One gap a round. Ask `chances` anew in each round, for the piece that you have put in changes what the network knows.",
           "In a round, compare the gaps only: chances(row)[gaps].max(1) has the best chance of each and its piece.",
           "The argmax over these best chances says which gap to fill; stop when the row has no gap left."],
    explanation="The order is the network's own: a gap beside known pieces first, the next one with its help. From the left it would have guessed blindly."))
