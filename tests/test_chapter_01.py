"""Chapter 01: the definitions that the reader sees, called directly, and its exercises."""
from itertools import product

import numpy as np
import pytest
import torch

from tests.definitions import load
from utils.data import left_and_right, squares_and_circles
from utils.exercises import find, judge

EXERCISES = tuple(f"01.{k}" for k in range(1, 8))


@pytest.fixture(scope="module")
def chapter():
    return load("01_perceptron.ipynb")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- 1943 ---------------------------------------------------------------------------------------

def test_gates_have_their_truth_tables(chapter):
    for a, b in product((0, 1), repeat=2):
        assert chapter.fires((a, b), 2) == (a and b)
        assert chapter.fires((a, b), 1) == (a or b)
        assert chapter.xor_gate(a, b) == (a != b)


def test_one_inhibiting_input_silences_a_unit(chapter):
    assert chapter.fires((1, 1, 1), 1) == 1
    assert chapter.fires((1, 1, 1), 1, inhibit=(0, 1)) == 0
    assert chapter.fires((), 0) == 1  # threshold zero: fires unless inhibited


# --- the rule -----------------------------------------------------------------------------------

def test_the_rule_changes_weights_only_on_a_mistake(chapter):
    weights = torch.tensor([1.0, 2.0])
    wrong = chapter.correct(weights, torch.tensor([1.0, 1.0]), torch.tensor(1.0))
    assert not wrong and weights.tolist() == [1, 2]
    wrong = chapter.correct(weights, torch.tensor([1.0, 1.0]), torch.tensor(-1.0))
    assert wrong and weights.tolist() == [0, 1]


def test_a_sum_of_zero_is_a_mistake(chapter):
    weights = torch.zeros(3)
    assert chapter.correct(weights, torch.tensor([1.0, 2.0, 3.0]), torch.tensor(-1.0))
    assert weights.tolist() == [-1, -2, -3]


def test_the_rule_on_many_units_is_the_rule_on_each(chapter):
    inputs, labels = torch.randn(5, 7, generator=seeded()), torch.tensor([1.0, -1, 1, -1, 1])
    weights = torch.randn(5, 7, generator=seeded(1))
    alone = [row.clone() for row in weights]
    wrong = chapter.correct(weights, inputs, labels)
    for i, row in enumerate(alone):
        by_hand = row + labels[i] * inputs[i] if labels[i] * (row @ inputs[i]) <= 0 else row
        assert torch.allclose(weights[i], by_hand)
        assert bool(wrong[i]) == bool(labels[i] * (row @ inputs[i]) <= 0)


def test_one_card_corrects_ten_units(chapter):
    weights, card = torch.zeros(10, 785), torch.rand(1, 785, generator=seeded())
    sheet = torch.full((10,), -1.0)
    sheet[3] = 1
    assert chapter.correct(weights, card, sheet).all()
    assert torch.equal(weights[3], card[0]) and torch.equal(weights[4], -card[0])


def test_lms_is_a_step_down_the_gradient(chapter):
    weights = torch.randn(4, generator=seeded(), requires_grad=True)
    inputs, label = torch.randn(4, generator=seeded(1)), torch.tensor(-1.0)
    (0.5 * (label - weights @ inputs) ** 2).backward()
    moved = weights.detach().clone()
    chapter.descend(moved, inputs, label, rate=0.05)
    assert torch.allclose(moved, weights.detach() - 0.05 * weights.grad)


# --- Novikoff -----------------------------------------------------------------------------------

def test_margin_of_known_sets(chapter):
    axes, ones = torch.eye(9), torch.ones(9)
    assert chapter.margin(axes, ones) == pytest.approx(1 / 3)
    pair = torch.tensor([[1.0, 0.5], [1.0, -0.5]])
    assert chapter.margin(pair, torch.tensor([1.0, 1.0])) == pytest.approx(1.0)
    assert chapter.margin(pair, torch.tensor([1.0, -1.0])) == pytest.approx(0.5)


def test_margin_is_that_of_a_hard_margin_machine(chapter):
    svm = pytest.importorskip("sklearn.svm")
    points, labels = chapter.planted(60, 5, 0.1, seeded(3))
    machine = svm.LinearSVC(C=1e6, loss="hinge", fit_intercept=False, max_iter=2_000_000, tol=1e-8)
    normal = machine.fit(points.numpy(), labels.numpy()).coef_[0]
    theirs = (labels.numpy() * (points.numpy() @ normal)).min() / np.linalg.norm(normal)
    assert theirs <= chapter.margin(points, labels) * (1 + 1e-4)
    assert theirs == pytest.approx(chapter.margin(points, labels), rel=0.02)


def test_margin_is_zero_where_nothing_separates(chapter):
    xor = torch.tensor([[1.0, a, b] for a, b in product((0, 1), repeat=2)])
    assert chapter.margin(xor, torch.tensor([-1.0, 1, 1, -1])) == 0


def test_planted_points_keep_their_distance(chapter):
    points, labels = chapter.planted(50, 3, 0.2, seeded(4))
    assert points.shape == (50, 3) and torch.allclose(points.norm(dim=1), torch.ones(50))
    assert set(labels.tolist()) <= {-1.0, 1.0}
    assert chapter.margin(points, labels) >= 0.2 - 1e-6


@pytest.mark.parametrize("dimensions, gap", [(2, 0.05), (3, 0.1), (12, 0.02)])
def test_corrections_never_exceed_the_bound(chapter, dimensions, gap):
    points, labels = chapter.planted(60, dimensions, gap, seeded(dimensions))
    bound = (1 / chapter.margin(points, labels)) ** 2
    assert chapter.bound(points, labels) == pytest.approx(bound, rel=1e-4)
    generator = seeded(9)
    for _ in range(10):
        order = torch.randperm(60, generator=generator)
        passed = chapter.path(points[order], labels[order], most=100_000)
        assert 1 <= len(passed) <= bound
        assert (labels * (points @ passed[-1]) > 0).all()  # it stops only where all are right


def test_the_axes_reach_the_bound(chapter):
    labels = torch.tensor([1.0, -1, -1, 1, 1])
    assert len(chapter.path(torch.eye(5), labels)) == 5
    assert chapter.bound(torch.eye(5), labels) == pytest.approx(5)


def test_the_path_is_cut_where_nothing_separates(chapter):
    xor = torch.tensor([[1.0, a, b] for a, b in product((0, 1), repeat=2)])
    assert len(chapter.path(xor, torch.tensor([-1.0, 1, 1, -1]), most=17)) == 17


# --- the Mark I ---------------------------------------------------------------------------------

def test_wiring_counts(chapter):
    wiring = chapter.wire(30, 10, seeded())
    assert wiring.shape == (30, 400)
    assert (wiring == 1).sum(1).eq(10).all() and (wiring == -1).sum(1).eq(10).all()
    assert (wiring == 0).sum(1).eq(380).all() and wiring.unique(dim=0).shape == (30, 400)


def test_wiring_has_no_favourite_cell(chapter):
    wiring = chapter.wire(4000, 40, seeded())
    for sign in (1, -1):
        often = (wiring == sign).float().mean(0)  # a tenth of the units, for every cell
        assert 0.08 < often.min() and often.max() < 0.12


def test_a_units_fire_at_one(chapter):
    wiring = torch.zeros(3, 400)
    wiring[0, 0], wiring[1, 0], wiring[1, 1], wiring[2, 1] = 1, 1, -1, 1
    image = torch.zeros(1, 400)
    image[0, :2] = 1
    assert chapter.fire(image, wiring).tolist() == [[1, 0, 1]]
    wiring = chapter.wire(40, 10, seeded())
    assert chapter.fire(torch.zeros(1, 400), wiring).sum() == 0  # an empty retina, and a full one,
    assert chapter.fire(torch.ones(1, 400), wiring).sum() == 0   # wake nobody


@pytest.mark.parametrize("ring", [None, 2])
def test_shapes_have_one_area_and_stay_on_the_retina(ring):
    images, labels = squares_and_circles(400, seeded(), side=11, ring=ring)
    assert images.shape == (400, 400) and set(images.unique().tolist()) == {0.0, 1.0}
    lit = [images[labels == kind].sum(1).mean().item() for kind in (-1, 1)]
    area = 121 if ring is None else 121 - 49
    assert lit == pytest.approx([area, area], rel=0.02)


def test_halves_lie_in_their_half():
    images, labels = left_and_right(200, seeded())
    columns = images.view(200, 20, 20).sum(1)
    assert (columns[labels < 0][:, 10:] == 0).all() and (columns[labels > 0][:, :10] == 0).all()
    sides = images.sum(1).sqrt()
    assert sides.min() == 3 and sides.max() == 6


def test_a_machine_learns_left_from_right(chapter):
    wirings = torch.stack([chapter.wire(200, 20, seeded(i)) for i in range(2)])
    curve, weights = chapter.learning_curve(left_and_right, wirings, [20, 400], seeded(5))
    assert curve.shape == (2, 2) and weights.shape == (2, 200)
    assert curve[1].min() > 85 and curve[1].mean() > curve[0].mean()


def test_each_machine_gets_its_own_cards(chapter):
    wirings = torch.stack([chapter.wire(50, 10, seeded())] * 2)  # the same wiring twice
    fired, labels = chapter.present(squares_and_circles, 30, wirings, seeded(1), side=12)
    assert fired.shape == (30, 2, 50) and labels.shape == (30, 2)
    assert set(fired.unique().tolist()) == {0.0, 1.0} and not torch.equal(fired[:, 0], fired[:, 1])


# --- digits, Minsky and Papert ------------------------------------------------------------------

def test_ten_perceptrons_have_a_weight_a_pixel_and_a_constant(chapter):
    chapter.ten = torch.randn(10, 785, generator=seeded())  # as the notebook's cell assigns them
    images = torch.rand(3, 1, 28, 28, generator=seeded(1))
    by_hand = images.flatten(1) @ chapter.ten[:, 1:].T + chapter.ten[:, 0]
    assert torch.allclose(chapter.read(images), by_hand, atol=1e-4)
    assert chapter.with_one(torch.zeros(2, 1, 28, 28)).tolist()[0] == [1.0] + [0.0] * 784


def test_separable_agrees_with_known_gates(chapter):
    rows = np.array([(1, *bits) for bits in product((0, 1), repeat=2)])
    assert chapter.separable(rows, np.array([-1, -1, -1, 1]))
    assert not chapter.separable(rows, np.array([-1, 1, 1, -1]))
    assert sum(chapter.separable(rows, np.array(t)) for t in product((-1, 1), repeat=4)) == 14


def test_parity_needs_all_its_points(chapter):
    assert [chapter.parity_order(n) for n in range(1, 5)] == [1, 2, 3, 4]


@pytest.mark.parametrize("rows, said", [
    ([(0.5, 0.5, 1), (-0.5, -0.5, -1)], "bound"), ([(0.1, 0.1, 1)], "bound"),
    ([(0.0, 0.0, 1), (0.0, 0.0, -1)], "no line"),
    ([(1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1)], "no line"),
], ids=["two", "one", "same place", "xor"])
def test_the_pad_answers_whatever_is_put_on_it(chapter, rows, said):
    figure = chapter.respond(np.array(rows, dtype=float))
    words = figure.axes[0].texts[0].get_text()
    chapter.plt.close(figure)
    assert "corrections" in words and said in words


def test_the_pad_bears_to_be_emptied(chapter):
    figure = chapter.respond(np.zeros((0, 3)))
    chapter.plt.close(figure)
    assert not figure.axes[0].texts


# --- exercises ----------------------------------------------------------------------------------

@pytest.mark.parametrize("number", EXERCISES)
def test_reference_and_other_right_answers_pass(number):
    exercise = find(number)
    for answer in [exercise.reference, *exercise.right]:
        assert judge(exercise, answer) == ("passed", "")


@pytest.mark.parametrize("number", EXERCISES)
def test_known_mistakes_are_named(number):
    exercise = find(number)
    assert len(exercise.wrong) >= 2 and exercise.hints and exercise.right
    for answer, words in exercise.wrong:
        state, message = judge(exercise, answer)
        assert state == "not right yet" and words in message, (number, answer, message)


@pytest.mark.parametrize("number", EXERCISES)
def test_what_is_not_done_is_not_called_wrong(number):
    for answer in (..., None) if number in ("01.1", "01.5") else (..., lambda *arguments: None):
        assert judge(find(number), answer)[0] == "not done yet"
