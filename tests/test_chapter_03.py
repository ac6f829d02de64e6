"""Chapter 03: the definitions that the reader sees, called directly, and its exercises."""
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.definitions import load
from utils.exercises import find, judge



@pytest.fixture(scope="module")
def chapter():
    return load("03_cnn.ipynb", constants=("C3", "DRAWN", "rows", "codes", "PRESETS"))


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def seeded(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


# --- convolution by hand --------------------------------------------------------------------------

@pytest.mark.parametrize("size, k, stride, padding", [
    ((6, 6), 3, 1, 0), ((7, 5), 3, 2, 1), ((16, 16), 5, 2, 2), ((9, 9), 1, 3, 0), ((5, 5), 5, 1, 0),
])
def test_loops_agree_with_torch(chapter, size, k, stride, padding):
    image, kernel = seeded(*size), seeded(k, k)
    by_torch = F.conv2d(image[None], kernel[None, None], stride=stride, padding=padding)[0]
    by_hand = chapter.convolve(image, kernel, stride, padding)
    assert by_hand.shape == by_torch.shape
    assert torch.allclose(by_hand, by_torch, atol=1e-5)


def test_padding_is_a_frame_of_zeros(chapter):
    corner = chapter.convolve(torch.ones(4, 4), torch.ones(3, 3), padding=1)
    assert corner[0, 0] == 4 and corner[1, 1] == 9 and corner.shape == (4, 4)


def test_shift_moves_and_loses(chapter):
    images = torch.arange(1.0, 10).view(1, 1, 3, 3)
    assert chapter.shift(images, right=1)[0, 0].tolist() == [[0, 1, 2], [0, 4, 5], [0, 7, 8]]
    assert chapter.shift(images, right=-1, down=2)[0, 0].tolist() == [[0, 0, 0], [0, 0, 0], [2, 3, 0]]
    assert torch.equal(chapter.shift(images, right=0), images)


def test_the_map_moves_with_the_picture(chapter):
    image, kernel = F.pad(seeded(1, 1, 8, 8), (4, 4, 4, 4)), seeded(1, 1, 3, 3)
    moved = F.conv2d(chapter.shift(image, 2, 1), kernel)
    assert torch.allclose(moved, chapter.shift(F.conv2d(image, kernel), 2, 1), atol=1e-5)


def test_wobble_moves_each_picture_by_its_own_shift(chapter):
    torch.manual_seed(0)
    images = torch.zeros(64, 1, 28, 28)
    images[:, 0, 14, 14] = 1
    moved, labels = chapter.wobble(images, torch.arange(64), most=3)
    places = moved.flatten(1).argmax(1)
    rows, columns = places // 28, places % 28
    assert moved.shape == images.shape and labels.tolist() == list(range(64))
    assert moved.sum() == 64 and len(set(places.tolist())) > 20
    assert {int(rows.min()), int(columns.min())} == {11} and {int(rows.max()), int(columns.max())} == {17}


def test_train_makes_the_net_from_its_seed(chapter):
    split = chapter.Split(torch.rand(40, 1, 28, 28), torch.arange(40) % 10)
    runs = [chapter.train(chapter.make_mlp, split, F.cross_entropy, epochs=2, rate=0.1, size=20, seed=seed)
            for seed in (3, 3, 4)]
    (one, history), (same, _), (other, _) = runs
    assert len(history["loss"]) == len(history["error"]) == 2 and len(history.steps["loss"]) == 4
    assert history["loss"][1] < history["loss"][0]
    assert torch.equal(one[1].weight, same[1].weight) and not torch.equal(one[1].weight, other[1].weight)


# --- the net of 1989 ------------------------------------------------------------------------------

def test_squash_has_fixed_points_at_one(chapter):
    assert torch.allclose(chapter.squash(torch.tensor([-1.0, 0, 1])), torch.tensor([-1.0, 0, 1]), atol=1e-4)


def test_1989_shapes_and_parameters(chapter):
    net = chapter.LeCun1989()
    assert [count(part) for part in net.children()] == [1068, 2592, 5790, 310]
    assert count(net) == 9760
    assert net(seeded(3, 1, 16, 16)).shape == (3, 10)
    assert net.H1.bias.shape == (12, 8, 8) and net.H2.bias.shape == (12, 4, 4)


def test_1989_shares_weights_within_a_map_but_no_bias(chapter):
    net = chapter.LeCun1989()
    flat = net.H1(torch.full((1, 1, 20, 20), 0.5))
    assert torch.allclose(flat, flat[..., :1, :1].expand_as(flat), atol=1e-5)
    with torch.no_grad():
        net.H1.bias[3, 2, 5] += 1
    changed = (net.H1(torch.full((1, 1, 20, 20), 0.5)) - flat).detach()
    assert float(changed[0, 3, 2, 5]) == pytest.approx(1, abs=1e-5)
    assert float(changed.abs().sum()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("m", range(12))
def test_each_map_of_h2_sees_eight_maps_and_no_gradient_reaches_the_others(chapter, m):
    net = chapter.LeCun1989()
    maps = seeded(1, 12, 12, 12).requires_grad_()
    net.H2(maps)[0, m].sum().backward()
    reached = {i for i in range(12) if maps.grad[0, i].abs().sum() > 0}
    assert reached == {(m + k) % 12 for k in range(8)}


def test_every_map_of_h1_is_read_eight_times(chapter):
    read = chapter.LeCun1989().H2.pairs[:, 1].bincount()
    assert read.tolist() == [8] * 12


def test_the_border_is_background(chapter):
    """Outside the picture is -1: a picture of background gives one answer everywhere."""
    net = chapter.LeCun1989()
    answers = net.H1(F.pad(torch.full((1, 1, 16, 16), -1.0), (2, 2, 2, 2), value=-1))
    assert torch.allclose(answers, answers[..., :1, :1].expand_as(answers), atol=1e-5)


def test_table_convolution_with_a_full_table_is_torchs(chapter):
    torch.manual_seed(1)
    layer = chapter.TableConv([range(3)] * 4, inputs=3, bias=(4, 1, 1), stride=2)
    images, kernels = seeded(2, 3, 11, 11), layer.weight.view(4, 3, 5, 5)
    assert torch.allclose(layer(images), F.conv2d(images, kernels, stride=2), atol=1e-5)


# --- LeNet-5 --------------------------------------------------------------------------------------

def test_the_table_of_c3_is_the_papers(chapter):
    wanted = [{m, (m + 1) % 6, (m + 2) % 6} for m in range(6)]
    wanted += [{m, (m + 1) % 6, (m + 2) % 6, (m + 3) % 6} for m in range(6)]
    wanted += [{0, 1, 3, 4}, {1, 2, 4, 5}, {0, 2, 3, 5}, set(range(6))]
    assert [set(row) for row in chapter.C3] == wanted
    assert sum(map(len, chapter.C3)) == 60


def test_lenet5_shapes_and_parameters(chapter):
    net = chapter.LeNet5()
    assert [count(part) for part in net.children()] == [156, 12, 1516, 32, 48120, 10164]
    assert count(net) == 60_000
    answers = net(torch.rand(2, 1, 28, 28))
    assert answers.shape == (2, 10) and (answers <= 0).all()


def test_c3_blocks_what_its_table_leaves_out(chapter):
    net = chapter.LeNet5()
    for m, row in enumerate(chapter.C3):
        maps = seeded(1, 6, 14, 14).requires_grad_()
        net.C3(maps)[0, m].sum().backward()
        assert {i for i in range(6) if maps.grad[0, i].abs().sum() > 0} == set(row)


def test_codes_are_ten_different_pictures(chapter):
    assert chapter.codes.shape == (10, 84) and set(chapter.codes.unique().tolist()) == {-1.0, 1.0}
    apart = (chapter.codes[:, None] != chapter.codes).sum(2) + 84 * torch.eye(10, dtype=torch.int64)
    assert apart.min() >= 5


def test_the_nearest_code_wins(chapter):
    net = chapter.LeNet5()
    assert net.codes.shape == (10, 84) and not net.codes.requires_grad
    with torch.no_grad():
        net.F6.weight.zero_()
        net.F6.bias.copy_(torch.atanh(chapter.codes[7] / 1.7159) * 1.5)  # F6 paints a seven
    assert net(torch.rand(1, 1, 28, 28)).argmax() == 7


def test_subsampling_has_two_numbers_a_map(chapter):
    layer = chapter.Subsampling(3)
    maps = seeded(2, 3, 6, 4)
    four = sum(maps[..., i::2, j::2] for i in (0, 1) for j in (0, 1))
    assert count(layer) == 6
    assert torch.allclose(layer(maps), chapter.squash(four * layer.coefficient + layer.bias), atol=1e-5)


def test_losses(chapter):
    labels = torch.tensor([3, 0])
    right = 2 * F.one_hot(labels, 10).float() - 1
    assert chapter.squared_error(right, labels) == 0 and chapter.squared_error(-right, labels) == 4
    far = torch.full((2, 10), -50.0)
    near = far.clone()
    near[[0, 1], labels] = 0.0
    assert chapter.rubbish_loss(near, labels) < 0.2 < 10 < chapter.rubbish_loss(far, labels)


# --- later ideas, and the end ---------------------------------------------------------------------

@pytest.mark.parametrize("pieces", [{}, {"activation": nn.Tanh}, {"dropout": 0.5}, {"norm": True}, {"skip": True}])
def test_small_nets(chapter, pieces):
    net = chapter.small_net(**pieces)
    assert net(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_small_nets_hold_what_was_asked_for(chapter):
    def kinds(**pieces):
        return [type(layer).__name__ for layer in chapter.small_net(**pieces).modules()]

    assert kinds().count("Conv2d") == kinds().count("ReLU") == 4 and "BatchNorm2d" not in kinds()
    assert kinds(norm=True).count("BatchNorm2d") == 3 and kinds(activation=nn.Tanh).count("Tanh") == 4
    assert [layer.p for layer in chapter.small_net(dropout=0.5) if isinstance(layer, nn.Dropout)] == [0.5]


def test_a_silent_block_with_a_skip_copies(chapter):
    block, images = chapter.Block(nn.Conv2d(16, 16, 3, padding=1), skip=True), torch.rand(1, 16, 4, 4)
    nn.init.zeros_(block.layer.weight)
    nn.init.zeros_(block.layer.bias)
    assert torch.equal(block(images), images)


def test_a_residual_block_adds_its_input(chapter):
    x = torch.rand(5, 32)
    plain, residual = (chapter.Block(nn.Linear(32, 32), nn.BatchNorm1d(32), skip=skip) for skip in (False, True))
    residual.load_state_dict(plain.state_dict())
    y = plain.norm(plain.layer(x))
    assert torch.allclose(plain(x), y.relu()) and torch.allclose(residual(x), (x + y).relu(), atol=1e-6)


@pytest.mark.parametrize("depth", [4, 16, 48])
def test_deep_nets_have_their_depth_and_differ_in_nothing_but_the_skips(chapter, depth):
    plain, residual = chapter.deep_net(depth, False), chapter.deep_net(depth, True)
    assert sum(isinstance(layer, nn.Linear) for layer in plain.modules()) == depth
    assert count(plain) == count(residual) and plain(torch.rand(3, 1, 8, 8)).shape == (3, 10)


@pytest.mark.parametrize("errors, batches", [
    ([50.0] * 30, 31), ([50.0] * 10 + [0.0] * 20, 19), ([0.0] * 30, 10), ([0.0] * 10 + [90.0] * 20, 10),
])
def test_a_trial_counts_the_batches_to_ten_percent(chapter, monkeypatch, errors, batches):
    """The mean of ten batches is below 10 % when nine of them are at 0 and one is at 50."""
    data = chapter.Split(torch.rand(30, 1, 28, 28), torch.arange(30) % 10)
    history = type("History", (), {"steps": {"error": errors}})
    monkeypatch.setattr(chapter, "train", lambda make, *_, **__: (make(), history))
    chapter.mnist, chapter.test = type("Data", (), {"train": data}), data
    error, found = chapter.trial(0, 1)
    assert found == batches and 0 <= error <= 100


@pytest.mark.parametrize("gap", [1, 7, 20])
def test_sequences_hold_two_marks_at_the_distance(chapter, gap):
    sequences, labels = chapter.which_first(50, 1, gap, gap)
    symbols = sequences.argmax(1)
    a, b = (symbols == 4).long().argmax(1), (symbols == 5).long().argmax(1)
    assert sequences.shape == (50, 6, 64) and (sequences.sum(1) == 1).all()
    assert ((a - b).abs() == gap).all() and ((b < a).long() == labels).all()
    assert ((symbols >= 4).sum(1) == 2).all()
    assert torch.minimum(a, b).min() >= 17 and torch.maximum(a, b).max() <= 46  # a window of 17 never meets the end


def test_gaps_are_drawn_from_all_distances_by_default(chapter):
    symbols = chapter.which_first(2000, seed=2)[0].argmax(1)
    gaps = ((symbols == 4).long().argmax(1) - (symbols == 5).long().argmax(1)).abs()
    assert set(gaps.tolist()) == set(range(1, 21))


def test_a_net_of_windows_reads_sequences(chapter):
    assert chapter.window_net(9)(torch.rand(3, 6, 64)).shape == (3, 2)


def test_the_opening_drawing_of_a_kernel(chapter):
    chapter.mnist = type("Data", (), {"test": type("Test", (), {"images": torch.rand(1, 1, 28, 28)})})
    for preset in ("my nine numbers", *chapter.PRESETS):
        figure = chapter.look(preset, **{f"k{i}": 0.0 for i in range(9)})
        assert len(figure.axes) == 3
        chapter.plt.close(figure)


# --- exercises ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, as_delivered", [
    ("03.1", (..., ..., ...)), ("03.2", dict(stride=..., padding=...)),
    ("03.3", lambda maps: ...), ("03.4", lambda inputs, outputs, k: ...), ("03.6", (..., ..., ...)),
    ("03.7", lambda maps: ...), ("03.8", lambda: None),
])
def test_exercises_are_not_done_as_delivered(number, as_delivered):
    assert judge(find(number), as_delivered) == ("not done yet", "")


def test_the_stubs_of_a_block_and_of_a_kernel(chapter):
    assert judge(find("03.8"), chapter.CopyBlock) == ("not done yet", "")
    assert judge(find("03.5"), [[-1, 0, 1]] * 3)[0] == "not right yet"


@pytest.mark.parametrize("layer, width", [("S2", 6), ("C3", 14), ("S4", 16)])
def test_what_a_unit_of_lenet5_sees(chapter, layer, width):
    """The answer of exercise 03.6, found by asking which pixels have a gradient."""
    net, pixels = chapter.LeNet5(), torch.rand(1, 1, 32, 32, requires_grad=True)
    maps = pixels
    for name, part in net.named_children():
        maps = part(maps)
        if name == layer:
            break
    maps[0, -1, 1, 1].backward()
    seen = pixels.grad[0, 0].ne(0)
    assert seen.any(0).sum() == seen.any(1).sum() == width


def test_the_kernel_of_an_exercise_in_the_chapters_loops(chapter):
    kernel = torch.tensor(find("03.5").reference).float()
    rising, falling = (chapter.convolve(stroke, kernel).max() for stroke in (torch.eye(9).flip(1), torch.eye(9)))
    assert rising >= 2 * falling and not chapter.convolve(torch.ones(9, 9), kernel).any()
