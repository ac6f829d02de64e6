"""Chapter 02: the definitions that the reader sees, called directly, and its exercises."""
import pytest
import torch

from tests.definitions import load
from utils.data import family_trees
from utils.data.images import Split
from utils.exercises import find, judge

POINTS = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
XOR = torch.tensor([[0.0], [1], [1], [0]])


@pytest.fixture(scope="module")
def chapter():
    return load("02_mlp.ipynb", constants=("grid",))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- the two passes -----------------------------------------------------------------------------

SHAPES = [(sizes, direct) for sizes in [(2, 3, 1), (5, 4, 3), (3, 4, 2, 5, 2)] for direct in (False, True)]


@pytest.mark.parametrize(("sizes", "direct"), [((2, 1), False), *SHAPES])
def test_backward_gives_autograds_gradients(chapter, sizes, direct):
    weights = [w.cpu().double().requires_grad_() for w in chapter.start(sizes, range(4), 1.0, direct)]
    inputs = torch.randn(6, sizes[0], generator=seeded(), dtype=torch.float64)
    labels = torch.rand(6, sizes[-1], generator=seeded(1), dtype=torch.float64)
    seen, outputs = chapter.forward(weights, inputs, direct)
    autograd = torch.autograd.grad((outputs - labels).square().sum() / 2, weights)
    by_hand = chapter.backward(weights, seen, outputs, outputs - labels)
    for mine, theirs, layer in zip(by_hand, autograd, weights, strict=True):
        assert mine.shape == layer.shape
        torch.testing.assert_close(mine, theirs, atol=1e-12, rtol=1e-12)


def test_the_gradient_can_be_wrong(chapter):
    """The comparison above is able to fail: without the derivative of the output it does."""
    weights = [w.cpu().double().requires_grad_() for w in chapter.start((2, 2, 1), range(2), 1.0)]
    seen, outputs = chapter.forward(weights, POINTS.double())
    true = torch.autograd.grad((outputs - XOR).square().sum() / 2, weights)
    wrong = chapter.backward(weights, seen, outputs, (outputs - XOR) / (outputs * (1 - outputs)))
    assert not torch.allclose(true[0], wrong[0])


def test_forward_is_a_stack_of_logistic_layers(chapter):
    below, above = (w[0].cpu() for w in chapter.start((3, 4, 2), [7], 1.0))
    inputs = torch.randn(5, 3, generator=seeded())
    hidden = torch.sigmoid(inputs @ below[:, :3].T + below[:, 3])
    expected = torch.sigmoid(hidden @ above[:, :4].T + above[:, 4])
    seen, outputs = chapter.forward([below[None], above[None]], inputs)
    torch.testing.assert_close(outputs[0], expected)
    assert [tuple(s.shape) for s in seen] == [(1, 5, 4), (1, 5, 5)] and (seen[1][..., -1] == 1).all()


def test_a_direct_output_sees_the_inputs_too(chapter):
    below, above = (w.cpu() for w in chapter.start((2, 1, 1), [3], 1.0, direct=True))
    assert below.shape == (1, 1, 3) and above.shape == (1, 1, 4)  # hidden, two inputs, bias
    seen, _ = chapter.forward([below, above], POINTS, direct=True)
    assert torch.equal(seen[1][0, :, 1:3], POINTS)


def test_start_depends_on_its_own_seed_alone(chapter):
    many, one = chapter.start((2, 2, 1), range(5), 0.5), chapter.start((2, 2, 1), [3], 0.5)
    for layers, layer in zip(many, one, strict=True):
        assert torch.equal(layers[3:4], layer) and layer.abs().max() <= 0.5
    assert not torch.equal(many[0][0], many[0][1])


def test_change_is_equation_nine(chapter):
    weights, speed = [torch.tensor([[1.0]])], [torch.tensor([[0.5]])]
    chapter.change(weights, [torch.tensor([[2.0]])], speed, rate=0.1, momentum=0.9)
    assert speed[0].item() == pytest.approx(0.9 * 0.5 - 0.1 * 2) and weights[0].item() == pytest.approx(1.25)


# --- the experiments of 1986 --------------------------------------------------------------------

def test_nets_side_by_side_learn_what_each_learns_alone(chapter):
    weights, outputs, _ = chapter.experiment((2, 2, 1), POINTS, XOR, starts=4, sweeps=300, rate=0.5, spread=0.5)
    alone, speed = chapter.start((2, 2, 1), [2], 0.5), [torch.zeros(1, 2, 3), torch.zeros(1, 1, 3)]
    alone = [layer.cpu() for layer in alone]
    for _ in range(300):
        seen, found = chapter.forward(alone, POINTS)
        chapter.change(alone, chapter.backward(alone, seen, found, found - XOR), speed, 0.5, 0.9)
    for layers, layer in zip(weights, alone, strict=True):
        torch.testing.assert_close(layers[2:3], layer, atol=1e-4, rtol=1e-3)


def test_waited_counts_the_sweeps_before_success(chapter):
    _, _, never = chapter.experiment((2, 1, 1), POINTS, XOR, starts=3, sweeps=5)
    assert never.isinf().all()
    _, _, at_once = chapter.experiment((2, 2, 1), POINTS, 0.5 + 0 * XOR, starts=3, sweeps=5)
    assert at_once.tolist() == [0, 0, 0]
    _, outputs, some = chapter.experiment((2, 2, 1), POINTS, XOR, starts=20, sweeps=2000, rate=0.5, spread=0.5)
    assert some.isfinite().sum() >= 15 and some[some.isfinite()].min() > 50
    right = ((outputs > 0.5) == (XOR > 0.5)).all(1)[:, 0]
    assert right[some.isfinite()].all()


def test_the_trees_hold_104_questions_and_112_facts():
    facts = family_trees()
    questions = {(person, relation) for person, relation, _ in facts}
    assert (len(facts), len(set(facts)), len(questions)) == (112, 112, 104)
    assert {c for a, b, c in facts if (a, b) == ("Colin", "aunt")} == {"Jennifer", "Margaret"}


def test_the_nets_place_for_every_name():
    people = load("02_mlp.ipynb", constants=("people",)).people
    assert len(people) == 24 and {a for a, _, _ in family_trees()} == set(people)
    twin = dict(zip(people[:12], people[12:], strict=True))
    facts = set(family_trees())
    assert all((twin[a], b, twin[c]) in facts for a, b, c in facts if a in twin)  # the trees are isomorphic


def test_likeness_is_a_correlation(chapter):
    feature = torch.arange(24.0)
    codes = torch.stack([3 * feature + 1, -feature, torch.ones(24) + torch.tensor([1.0, -1] * 12)])
    found = chapter.likeness(codes, feature)
    assert found[:2].tolist() == pytest.approx([1, 1], abs=1e-5) and found[2] < 0.2


# --- the playground -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def playground():
    return load("02_mlp.ipynb", constants=("SQUASH", "PLANES"))


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "ReLU"])
def test_a_film_is_what_autograd_would_have_learned(playground, name):
    states, more = playground.film("two moons", 3, name, 0.1)
    more(), more()
    points, labels = playground.PLANES["two moons"]
    weights = [layer.clone().requires_grad_() for layer in states[0][:2]]
    speed = [torch.zeros_like(layer) for layer in weights]
    for _ in range(10):
        _, outputs = playground.answer(weights, playground.with_one(points), name)
        gradients = torch.autograd.grad((outputs - labels).square().sum() / 2, weights)
        with torch.no_grad():
            playground.change(weights, gradients, speed, 0.1, 0.9)
    for kept, layer in zip(states[1][:2], weights, strict=True):
        torch.testing.assert_close(kept, layer.detach(), atol=1e-4, rtol=1e-3)


def wrong(playground, *setting) -> list[int]:
    """For each of the four starts, how many points are on the wrong side after 400 sweeps."""
    states, more = playground.film(*setting)
    while len(states) <= 40:
        more()
    labels = playground.PLANES[setting[0]][1]
    return ((states[40][2] > 0.5) != (labels > 0.5)).sum((1, 2)).tolist()


def test_what_one_should_have_seen_in_the_playground(playground):
    disc = "disc in a ring"
    few = [wrong(playground, disc, units, "sigmoid", 0.03) for units in (1, 2, 3)]
    assert min(few[0]) > 20 and min(few[1]) > 4 and few[2] == [0, 0, 0, 0]
    relu = wrong(playground, disc, 3, "ReLU", 0.03)
    assert min(relu[0], relu[3]) > 10 and relu[1:3] == [0, 0]
    assert wrong(playground, disc, 8, "sigmoid", 0.3) == [60, 60, 60, 60]  # one answer for all points
    assert min(wrong(playground, "two moons", 3, "sigmoid", 0.03)) > 8
    assert wrong(playground, "two moons", 3, "sigmoid", 0.1) == [0, 0, 0, 0]
    assert wrong(playground, "XOR clouds", 2, "sigmoid", 0.03)[3] > 30


# --- theorem and digits -------------------------------------------------------------------------

def test_twice_the_stairs_is_half_the_error(chapter):
    errors = [(chapter.stairs(units) - chapter.wave(chapter.grid))[1:].abs().max().item()
              for units in (200, 400)]
    assert errors[1] == pytest.approx(errors[0] / 2, rel=0.1) and errors[0] < 0.1


def test_parameter_counts_are_the_papers(chapter):
    def thousands(*sizes: int) -> int:
        return round(sum(p.numel() for p in chapter.OldNet(*sizes).parameters()) / 1000)
    assert [thousands(784, 1000, 10), thousands(784, 300, 100, 10), thousands(784, 500, 150, 10)] == [795, 267, 469]


def test_the_old_net_squashes_between_its_limits(chapter):
    one = chapter.OldNet(1, 1)  # f(1) = 1 and f(-1) = -1, after the pixels were scaled
    torch.nn.init.ones_(one.layers[0].weight)
    pixels = (torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1) + 0.1) / 1.275
    torch.testing.assert_close(one(pixels).flatten(), torch.tensor([-1.0, 1.0]), atol=1e-4, rtol=0)
    net = chapter.OldNet(784, 5, 10)
    assert net(torch.rand(3, 1, 28, 28, generator=seeded())).shape == (3, 10)
    assert all(layer.weight.abs().max() <= 2.4 / layer.in_features for layer in net.layers)


def test_the_new_net_is_as_wide_as_the_old(chapter):
    net = chapter.new_net(784, 300, 10)
    assert net(torch.rand(3, 1, 28, 28, generator=seeded())).shape == (3, 10)
    counts = [sum(p.numel() for p in made.parameters()) for made in (net, chapter.OldNet(784, 300, 10))]
    assert counts == [238_510, 238_510]


def test_squared_error_is_zero_on_the_wanted_outputs(chapter):
    labels = torch.tensor([3, 0])
    wanted = torch.full((2, 10), -1.0)
    wanted[0, 3] = wanted[1, 0] = 1
    assert chapter.squared_error(wanted, labels) == 0
    assert chapter.squared_error(-wanted, labels) == pytest.approx(10 * 4 / 2)


@pytest.mark.parametrize(("right", "down"), [(2, 0), (-2, 0), (0, 1), (0, -3), (0, 0)])
def test_shift_moves_the_ink_and_lets_background_in(chapter, right, down):
    images = torch.zeros(1, 1, 9, 9)
    images[0, 0, 4, 4] = 1
    moved = chapter.shift(images, right, down)
    assert moved.shape == images.shape and moved.sum() == 1 and moved[0, 0, 4 + down, 4 + right] == 1
    assert chapter.shift(torch.ones(1, 1, 9, 9), right, down).sum() == (9 - abs(right)) * (9 - abs(down))


def test_error_moved_is_the_mean_of_four_moves(chapter, monkeypatch):
    images = torch.zeros(4, 1, 9, 9)
    images[:, 0, 4, 4] = 1
    split = Split(images, torch.tensor([1, 1, 1, 1]))
    monkeypatch.setattr(chapter, "data", type("Data", (), {"test": split}), raising=False)

    def to_the_right(images):
        return torch.stack([1 - images[:, 0, :, 5:].sum((1, 2)), images[:, 0, :, 5:].sum((1, 2))], 1)
    assert chapter.error_moved(to_the_right, 1) == 75.0


# --- exercises (right and wrong answers: test_solutions.py) -------------------------------------

@pytest.mark.parametrize(("number", "as_delivered"), [
    ("02.1", ...), ("02.3", lambda *arrays: None), ("02.4", lambda: ...), ("02.5", (..., ..., ...)),
    ("02.6", lambda error, weights: None), ("02.7", lambda: ...),
])
def test_exercises_are_not_done_as_delivered(number, as_delivered):
    assert judge(find(number), as_delivered) == ("not done yet", "")


def test_the_settings_as_delivered_are_refused():
    assert judge(find("02.2"), dict(rate=0.1, momentum=0.9, spread=0.3))[0] == "not right yet"


def test_another_way_to_name_the_same_weight_is_right():
    assert judge(find("02.1"), "bias -> out")[0] == "passed"


def test_the_course_nets_wired_by_hand_work_in_the_chapters_forward(chapter):
    for number, point, wanted in (("02.4", [1.0, 0, 1, 1], 1), ("02.4", [1.0, 1, 0, 0], 0),
                                  ("02.7", [0.0, 0.4], 1), ("02.7", [0.6, -0.7], 0)):
        net = [layer[None] for layer in find(number).reference()]
        assert chapter.forward(net, torch.tensor([point]))[1].round().item() == wanted


@pytest.mark.parametrize(("hidden", "output", "reached"), [(0, 0, "output"), (1, 0, "output"), (0, 1, "both")])
def test_what_zeros_stop(chapter, hidden, output, reached):
    """The three starts of exercise 02.5, in the chapter's own backward."""
    weights = [w.cpu() * size for w, size in zip(chapter.start((2, 2, 1), [0], 1.0), (hidden, output))]
    seen, found = chapter.forward(weights, torch.tensor([[1.0, 0]]))
    below, above = (bool(g.any()) for g in chapter.backward(weights, seen, found, found - 1))
    assert above and below == (reached == "both")
