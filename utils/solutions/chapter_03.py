"""The exercises of chapter 03, the convolutional network."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from utils.device import lab
from utils.exercises import Exercise, NotDone, bank, called


def three(answer, what):
    """Three numbers of a prediction, from a tuple, list or array. Raises NotDone while one is still `...`."""
    parts = answer.tolist() if hasattr(answer, "tolist") else answer
    assert isinstance(parts, tuple | list) and len(parts) == 3, f"The answer is three numbers, one for each of the three {what}."
    if any(part is ... for part in parts):
        raise NotDone
    parts = [part[0] if isinstance(part, tuple | list) and len(set(part)) == 1 else part for part in parts]
    return [part.item() if hasattr(part, "item") else part for part in parts]


def check_sides(answer):
    """Three sides of a picture of 28 x 28 after a convolution, a pooling and a convolution."""
    first, second, third = three(answer, "sides")
    assert first != 12, "12 leaves out the padding: two pixels on each side make the picture 32 wide."
    assert first != 24, "24 is stride 1 without padding; the first layer has stride 2 and padding 2."
    assert first != 28, "28 is stride 1: a stride of 2 looks at every second place only."
    assert first == 14, f"the first side is not {first}: put this layer's padding, window and stride into the formula of convolve."
    assert second != 14, "pooling over 2 x 2 halves the side."
    assert second == 7, f"pooling over 2 x 2 makes one of two; of 14 that does not leave {second}."
    assert third != 7, "the last layer has no padding: a window of 3 fits into 7 places in fewer than 7 ways."
    assert third == 5, f"in how many ways does a window of 3 fit into 7 places? Not in {third}."


bank(Exercise(
    "03.1", kind="predict", minutes=2, level="easy", reference=(14, 7, 5), check=check_sides,
    right=[[14, 7, 5], torch.tensor([14.0, 7.0, 5.0]), ((14, 14), (7, 7), (5, 5))],
    wrong=[((12, 6, 4), "padding"), ((24, 12, 10), "stride 1"), ((28, 14, 12), "stride of 2"),
           ((14, 14, 12), "halves"), ((14, 7, 7), "no padding"),
           ((13, 7, 5), "formula of convolve"), ((14, 6, 4), "one of two"), ((14, 7, 4), "how many ways"), (14, "three numbers")],
    hints=["The docstring of convolve has the formula: (H + 2 padding - k) // stride + 1.",
           "First layer: H = 28, padding 2, k = 5, stride 2. Pooling halves what comes out. Last layer: padding 0, k = 3, stride 1."],
    explanation="14, 7, 5: with padding k // 2 a stride of two halves an even side, as pooling does; a window of k without padding costs k - 1."))


def whole(size):
    """Whether a stride or padding is a word, a whole number, or a tuple or list of these."""
    parts = size if isinstance(size, tuple | list) else (size,)
    return all(isinstance(part, int | str) for part in parts)


def check_geometry(answer):
    """Stride and padding with which a 5 x 5 kernel keeps the size of the picture."""
    assert isinstance(answer, dict), "the answer is a dict with stride and padding."
    if ... in answer.values():
        raise NotDone
    assert set(answer) <= {"stride", "padding"}, "only stride and padding may change; the kernel stays 5 x 5."
    assert all(map(whole, answer.values())), f"stride and padding are whole numbers; one of {answer} is not."
    high, wide = nn.Conv2d(1, 1, 5, **answer)(torch.zeros(1, 1, 16, 16)).shape[2:]
    assert high == wide, f"the maps are {high} x {wide}: a square picture should give square maps."
    assert wide != 8, "the maps are 8 x 8, as in 1989: with a stride of 2 half of the places are left out."
    assert wide != 12, "the maps are 12 x 12: without padding a window of 5 fits into 16 places in 12 ways."
    assert wide <= 16, f"the maps are {wide} x {wide}: too much padding, some windows now look at background alone."
    assert wide == 16, f"the maps are {wide} x {wide}, and they should be 16 x 16."
    steps = answer.get("stride", 1)
    assert steps in (1, (1, 1), [1, 1]), \
        "the maps are 16 x 16, but by so much padding that whole windows look at background alone, and the picture is read at every second place or fewer."


bank(Exercise(
    "03.2", kind="change", minutes=3, level="easy", reference={"stride": 1, "padding": 2}, check=check_geometry,
    right=[{"stride": 1, "padding": "same"}, {"padding": 2}, {"stride": (1, 1), "padding": (2, 2)}],
    wrong=[({"stride": 2, "padding": 2}, "8 x 8"), ({"stride": 1, "padding": 0}, "12 x 12"), ({"stride": 2, "padding": 10}, "background alone"),
           ({"stride": 1, "padding": 2.0}, "whole numbers"), ({"stride": 1, "padding": (2, 0)}, "square maps"), ({"stride": 1, "padding": 1}, "14 x 14"),
           ({"stride": 1, "padding": 4}, "too much padding"), ({"kernel_size": 1}, "stays 5 x 5"), ((1, 2), "a dict")],
    hints=["Which of the two, stride or padding, left out half of the places? Which one adds places at the border?",
           "With stride 1 the side grows by 2 padding and shrinks by k - 1. The two must cancel."],
    explanation="Stride 1 and padding 2, half the kernel on each side: torch also calls it padding=\"same\"."))


def max_pool(maps):
    """(B, C, H, W), H and W even -> (B, C, H / 2, W / 2): the largest of each 2 x 2."""
    top = torch.maximum(maps[..., ::2, ::2], maps[..., ::2, 1::2])
    bottom = torch.maximum(maps[..., 1::2, ::2], maps[..., 1::2, 1::2])
    return torch.maximum(top, bottom)


def pool_by_shape(maps):
    """Another way: cut every side into pairs, then take the maximum over them."""
    batch, channels, height, width = maps.shape
    return maps.reshape(batch, channels, height // 2, 2, width // 2, 2).amax((3, 5))


def pool_by_rows(maps):
    """A mistake: the larger of two rows, but every second column is never looked at."""
    return torch.maximum(maps[..., ::2, ::2], maps[..., 1::2, ::2])


class Names(TorchFunctionMode):
    """While it is active it notes the names of torch's functions that are called, in `seen`."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Note one call and let it through."""
        self.seen.add(getattr(function, "__name__", ""))
        return function(*args, **(kwargs or {}))


def check_pool(answer):
    """Max pooling against torch's, with the common mistakes named."""
    assert callable(answer), "The answer is a function of maps."
    maps = torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(3))
    with Names() as names:
        pooled = called(answer, maps.clone())
    pooled = torch.as_tensor(pooled, dtype=torch.float32).detach()
    wanted = F.max_pool2d(maps, 2)
    assert pooled.shape == wanted.shape, \
        f"(2, 3, 6, 8) should become (2, 3, 3, 4), and became {tuple(pooled.shape)}."
    assert not torch.allclose(pooled, F.avg_pool2d(maps, 2)), "this is the average of the four, not the largest."
    assert not torch.allclose(pooled, maps[..., ::2, ::2]), "this keeps the upper left unit of each four; compare all four."
    assert not torch.allclose(pooled, pool_by_rows(maps)), "the units in odd columns (1::2) are never looked at."
    assert not torch.allclose(pooled, wanted.clamp(min=0)), "four negative numbers came out as 0, but the largest of them is wanted: with what does your maximum begin?"
    assert torch.allclose(pooled, wanted), "some answers are not the largest of their four units."
    assert not any("pool" in name for name in names.seen), "The numbers are right, but they are torch's own pooling: do it with slices."


bank(Exercise(
    "03.3", kind="build", minutes=10, level="medium", reference=max_pool, check=check_pool,
    right=[pool_by_shape, lambda maps: max_pool(maps).double(), lambda maps: max_pool(maps).tolist()],
    wrong=[(lambda maps: F.avg_pool2d(maps, 2), "average"), (lambda maps: maps[..., ::2, ::2], "upper left"),
           (pool_by_rows, "odd columns"), (lambda maps: maps.amax((2, 3)), "(2, 3, 3, 4)"),
           (lambda maps: max_pool(maps.clamp(min=0)), "four negative numbers"), (lambda maps: F.max_pool2d(maps, 2), "torch's own"),
           (nn.MaxPool2d(2), "torch's own"), (3, "a function"), (lambda maps: max_pool(maps).round(), "some answers")],
    hints=["maps[..., ::2, ::2] is the upper left unit of each four; there are three more such slices.",
           "torch.maximum takes the larger of two tensors, place by place; use it three times."],
    explanation="The largest of four slices. Its gradient goes to the winner alone, and it has nothing to learn."))


def separable_parameters(inputs, outputs, k):
    """k * k weights and a bias for each input map; then a 1 x 1 convolution with biases."""
    return inputs * k * k + inputs + inputs * outputs + outputs


def counted_by_torch(inputs, outputs, k):
    """The same by building both layers."""
    layers = nn.Conv2d(inputs, inputs, k, groups=inputs), nn.Conv2d(inputs, outputs, 1)
    return sum(p.numel() for layer in layers for p in layer.parameters())


def check_separable(answer):
    """The count against layers built by torch."""
    assert callable(answer), f"The answer is a function of inputs, outputs and k, that works for layers of any size; this is {type(answer).__name__}."
    for inputs, outputs, k in ((2, 3, 3), (64, 128, 3), (16, 16, 5)):
        got, ordinary = called(answer, inputs, outputs, k), inputs * outputs * k * k + outputs
        assert not isinstance(got, tuple | list | dict), "It should return one number, both layers together."
        got = float(got)
        got = int(got) if got == int(got) else got
        assert got != ordinary, f"{got:,} is the ordinary layer, where every output map has a kernel for every input map."
        assert got != inputs * k * k + inputs * outputs, f"{got:,} leaves out the biases: one a map, in both layers."
        assert got != inputs * k * k + inputs, f"{got:,} is the first layer only; the 1 x 1 layer mixes the maps."
        assert got != inputs * outputs + outputs, f"{got:,} is the second layer only; the first one has a k x k kernel for each input map."
        assert got not in (inputs * k * k + 1 + inputs * outputs + 1, inputs * k * k + inputs * outputs + outputs, inputs * k * k + inputs + inputs * outputs), \
            f"{got:,} has the weights, but not all the biases: how many maps does each of the two layers give?"
        assert got == counted_by_torch(inputs, outputs, k), \
            f"For {inputs} to {outputs} maps and k = {k} it is not {got:,}. Draw these maps: which kernels does each layer lay on them, and which biases does it add?"


bank(Exercise(
    "03.4", kind="build", minutes=5, level="medium", reference=separable_parameters, check=check_separable,
    right=[counted_by_torch, lambda *sizes: torch.tensor(counted_by_torch(*sizes)), lambda *sizes: float(counted_by_torch(*sizes))],
    wrong=[(lambda inputs, outputs, k: inputs * outputs * k * k + outputs, "ordinary layer"),
           (lambda inputs, outputs, k: inputs * k * k + inputs * outputs, "biases"),
           (lambda inputs, outputs, k: inputs * k * k + inputs, "first layer only"), (lambda inputs, outputs, k: inputs * outputs + outputs, "second layer only"),
           (lambda inputs, outputs, k: inputs * k * k + inputs * outputs + outputs, "not all the biases"),
           (lambda inputs, outputs, k: outputs * k * k + outputs + inputs * outputs + outputs, "Draw these maps"),
           (8_960, "a function"), (lambda inputs, outputs, k: (inputs * k * k + inputs, inputs * outputs + outputs), "one number")],
    hints=["The first layer: one k x k kernel and one bias for each input map.",
           "The second: inputs * outputs weights of 1 x 1, and one bias for each output map."],
    explanation="About an eighth of the ordinary layer here: nets for telephones are built of these."))


STROKES = {"rising": torch.eye(9).flip(1), "falling": torch.eye(9), "level": F.pad(torch.ones(1, 9), (0, 0, 4, 4)),
           "upright": F.pad(torch.ones(9, 1), (4, 4))}


def check_kernel(answer):
    """Nine numbers that find rising strokes, twice as strongly as any other, and are silent on flat areas."""
    numbers = torch.as_tensor(answer, dtype=torch.float32).detach().cpu()
    assert numbers.numel() == 9, f"A kernel of 3 x 3 has nine numbers; this has {numbers.numel()}."
    kernel = numbers.reshape(1, 1, 3, 3)
    flat, size = float(numbers.sum()), float(numbers.abs().sum())
    largest = {name: float(F.conv2d(stroke[None, None], kernel).max()) for name, stroke in STROKES.items()}
    rising, lowest = largest.pop("rising"), -float(F.conv2d(STROKES["rising"][None, None], -kernel).max())
    most = max(largest, key=largest.get)
    assert size > 0, "Nine zeros answer nothing at all."
    assert abs(flat) < 1e-3 * size, f"On a bright flat area it answers {flat:.3g}, and should be silent: what do the numbers of the edge kernels add up to?"
    assert rising > 0, "Its largest answer to the rising stroke is not even above zero: where do the positive weights lie under that stroke?"
    assert -lowest < 2 * rising, f"The rising stroke gets its strongest answer below zero, {lowest:.3g}: turn the signs."
    assert largest["falling"] < 2 * rising or most != "falling", \
        "It finds the falling stroke, from the upper left to the lower right. Row 0 is the *top* row: mirror the kernel."
    assert largest[most] <= rising / 2 + 1e-4, \
        f"Rising {rising:.3g}, but {most} {largest[most]:.3g}: not half as much. Which of the weights under the {most} stroke could be more negative?"


bank(Exercise(
    "03.5", kind="change", minutes=6, level="medium", reference=[[-1, -1, 2], [-1, 2, -1], [2, -1, -1]], check=check_kernel,
    right=[[-2, -1, 3, -1, 2, -1, 3, -1, -2], torch.tensor([[-0.3, -0.3, 0.6], [-0.3, 0.6, -0.3], [0.6, -0.3, -0.3]]).double()],
    wrong=[([[-1, 0, 1]] * 3, "not half as much"), ([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]], "falling stroke"), ([[0, 0, 1], [0, 1, 0], [1, 0, 0]], "flat area"),
           ([[1, 1, -2], [1, -2, 1], [-2, 1, 1]], "signs"), ([[0, 0, 0], [-1, 2, -1], [0, 0, 0]], "not half as much"), ([[0] * 3] * 3, "Nine zeros"), ([1, -1], "nine numbers"),
           ([[0, 1, 0], [-1, 0, 1], [0, -1, 0]], "not even above zero")],
    hints=["Lay the kernel on the rising stroke, in the middle: it covers the lower left, the middle and the upper right. Those weights should be large.",
           "The other six are negative and equal, and such that all nine add up to zero."],
    explanation="Positive weights in the shape of what is sought, negative ones beside it, a sum of zero: a kernel is a small "
                "template, and its map says how well the template fits at each place."))


def check_widths(answer):
    """How many pixels wide is what one unit of S2, C3 and S4 of LeNet-5 can see."""
    second, third, fourth = three(answer, "layers")
    assert second != 10, "S2: its two neighbours in C1 do not look at separate windows of 5; the windows overlap."
    assert second not in (2, 5), "S2: it reads two units side by side in C1, each with a window of five. How much of the picture is that together?"
    assert second == 6, f"S2: two windows of five, one pixel apart, do not cover {second:g} pixels."
    assert third != 10, "C3: neighbours in S2 are not one pixel apart. S2 halves the side, so a step there is a step of how many pixels?"
    assert third not in (5, 30), "C3: it reads five units of S2 in a row, and their windows of six overlap."
    assert third == 14, f"C3: the five units of S2 in its window, each six wide, do not cover {third:g} pixels."
    assert fourth != 15, "S4: two neighbours in C3 are still two pixels apart, for C3 steps over S2 unit by unit."
    assert fourth == 16, f"S4: two windows of 14, two pixels apart, do not cover {fourth:g} pixels."


bank(Exercise(
    "03.6", kind="predict", minutes=5, level="medium", reference=(6, 14, 16), check=check_widths,
    right=[[6, 14, 16], torch.tensor([6, 14, 16])],
    wrong=[((10, 50, 100), "overlap"), ((5, 9, 13), "side by side"), ((6, 10, 11), "not one pixel apart"), ((6, 30, 60), "windows of six overlap"),
           ((6, 14, 15), "still two pixels"), ((6, 14, 28), "two pixels apart"), ((7, 14, 16), "one pixel apart"), (6, "three numbers")],
    hints=["Draw a line of pixels. The first unit of C1 covers pixels 0 to 4, the second 1 to 5. S2 reads both.",
           "From S2 on, neighbours are two pixels apart: five of them begin at 0, 2, 4, 6 and 8, and each is as wide as your answer for S2.",
           "S4 reads two units of C3 side by side. C3 steps over S2 unit by unit: by how many pixels is the second window shifted against the first?"],
    explanation="A layer widens the window by (its own width − 1) × the step between its neighbours. After the first halving each layer "
                "counts double: that is how a deep net of small windows sees a whole digit, and why its reach is still fixed in advance."))


def summary(maps):
    """(B, C, H, W) -> (B, C): the largest answer of each map, wherever it is."""
    return maps.amax((2, 3))


def summed_up(answer, maps, which):
    """What a learner's summary makes of maps, as float32 on the CPU; `which` names them. AssertionError for other shapes or nan."""
    found = called(answer, maps.clone())
    assert not isinstance(found, tuple) or not hasattr(found, "indices"), "max with a dimension gives two things, values and indices; the numbers are its .values."
    found, (batch, count) = torch.as_tensor(found, dtype=torch.float32).detach(), maps.shape[:2]
    shape = tuple(found.shape)
    assert shape != (batch, count, 1, 1), f"The numbers are there, in the shape {shape}; the last two sides should go."
    assert shape == (batch, count), f"From a batch of {batch} with {count} maps each come {batch} x {count} numbers, and the shape came out as {shape}."
    assert found.isfinite().all(), f"Not every number is finite (nan or inf) for {which}: is something divided by 0, or a logarithm or mean taken of nothing?"
    return found


def check_summary(answer):
    """Same numbers wherever a pattern stands; other numbers for other values; each map for itself."""
    assert callable(answer), "The answer is a function of maps."
    draw = torch.Generator().manual_seed(37)
    patterns, others = (torch.rand(2, 3, 4, 4, generator=draw) + 0.1 for _ in range(2))
    places = [F.pad(patterns, (left, 8 - left, top, 8 - top)) for top, left in ((4, 4), (4, 6), (1, 4), (0, 0), (8, 5))]
    found = [summed_up(answer, maps, "a pattern on an empty ground") for maps in places]
    empty, first = summed_up(answer, torch.zeros(2, 3, 12, 12), "an empty map"), found[0]
    size = float(first.abs().max())

    def same(one, other):
        return (one - other).abs() <= 1e-3 * size

    assert (first - empty).abs().max() > 1e-4 * size, "An empty map gives the same numbers as a full one: that is the same everywhere, but says nothing."
    moves = ("two pixels to the right", "three pixels up", "four pixels up and to the left", "four pixels down and one to the right")
    for move, other in zip(moves, found[1:]):
        assert same(first, other).all(), f"The pattern moved {move}, and the numbers changed: somewhere a place counts more than another."
    assert (first[0] - first[1]).abs().min() > 1e-4 * size, \
        "Two pictures with different patterns get the same number: does it look at the values, not only at where there are any, and has each picture its own?"
    for change in (0 * patterns, 3 * others):
        alone = patterns.clone()
        alone[:, 1:] = change[:, 1:]
        beside = summed_up(answer, F.pad(alone, (4, 4, 4, 4)), "maps beside others")
        assert same(beside[:, 0], first[:, 0]).all(), "Maps 1 and 2 of the pictures were changed, and the number of map 0 with them: each map for itself."
        alone = torch.stack([patterns[0], change[1]])
        beside = summed_up(answer, F.pad(alone, (4, 4, 4, 4)), "a picture beside another")
        assert same(beside[0], first[0]).all(), "The other picture of the batch was changed, and the numbers of the first one with it: each picture for itself."
    single = summed_up(answer, places[0][:1], "a batch of one picture")
    assert same(single[0], first[0]).all(), "A picture alone gets other numbers than in a batch of two: each picture for itself."


def weighted_places(maps):
    """A mistake: a weight for each place, as in a fully connected layer."""
    return (maps * torch.linspace(0, 1, maps.shape[3], device=maps.device)).sum((2, 3))


def mean_of_bright(maps):
    """The mean of the numbers above 0; 0 for a map that has none."""
    bright = maps > 0
    return (maps * bright).sum((2, 3)) / bright.sum((2, 3)).clamp(min=1)


bank(Exercise(
    "03.7", kind="build", minutes=8, level="medium", reference=summary, check=check_summary,
    right=[lambda maps: maps.mean((2, 3)), lambda maps: F.adaptive_max_pool2d(maps, 1).flatten(1), lambda maps: maps.mean((2, 3)) / 1e3,
           lambda maps: maps.flatten(2).norm(dim=2).double(), lambda maps: maps.flatten(2).sort(2).values[..., -3:].mean(2), mean_of_bright,
           lambda maps: [[float(one.sum()) for one in picture] for picture in maps]],
    wrong=[(lambda maps: F.adaptive_avg_pool2d(maps, 1), "(2, 3, 1, 1)"), (lambda maps: F.max_pool2d(maps, 2), "2 x 3 numbers"),
           (lambda maps: maps[:, :, 6, 6], "a place counts more"), (weighted_places, "a place counts more"),
           (lambda maps: maps[:, :, ::2, ::2].amax((2, 3)), "a place counts more"), (lambda maps: maps.flatten(2).argmax(2), "a place counts more"),
           (lambda maps: torch.zeros(maps.shape[:2]), "says nothing"), (lambda maps: maps.amax((2, 3)).mean(0).expand(2, 3), "its own"), (lambda maps: (maps > 0).sum((2, 3)), "look at the values"),
           (lambda maps: maps.amax((2, 3)).softmax(1), "each map for itself"), (lambda maps: maps.amax((1, 2, 3)), "2 x 3 numbers"), (7, "a function"),
           (lambda maps: maps.amax((2, 3)) / (maps.amax((1, 2, 3))[:, None] + 1), "each map for itself"),
           (lambda maps: maps.sum((2, 3)) / (maps.sum((2, 3)).sum(0) + 1e-9), "each picture for itself"),
           (lambda maps: maps.sum((2, 3)) / maps.sum((2, 3)).sum(0), "finite"), (lambda maps: maps.amax((2, 3)) - maps.amax((2, 3)).mean(0), "each picture for itself"),
           (lambda maps: (maps - maps.mean(0)).amax((2, 3)), "each picture for itself"), (lambda maps: maps.sum((2, 3)) / len(maps), "A picture alone"),
           (lambda maps: F.batch_norm(maps, None, None, training=True).amax((2, 3)), "each picture for itself"),
           (lambda maps: maps.sum((2, 3)) / maps.amax((2, 3)), "finite"), (lambda maps: maps.sum((2, 3)) / (maps != 0).sum((2, 3)), "finite"),
           (lambda maps: torch.stack([torch.stack([one[one > 0].mean() for one in picture]) for picture in maps]), "mean taken of nothing"),
           (lambda maps: maps.log().sum((2, 3)), "finite"), (lambda maps: maps.flatten(2).max(2), ".values")],
    hints=["The map moves with the picture. What can you ask about a map so that the answer does not depend on where its numbers stand?",
           "A largest value, a sum, a mean: over both sides of a map (dimensions 2 and 3), and over nothing else."],
    explanation="Equivariant maps, then one number a map that forgets the place: together invariance, exact as long as nothing leaves the "
                "picture. The price is that the net no longer knows where anything stands, nor what stands beside what."))


class CopyBlock(nn.Module):
    """x + gain f(x), with a gain of 0 at the start: a copy at first, and the gain learns how much of f to add."""

    def __init__(self):
        super().__init__()
        self.layer, self.gain = nn.Linear(32, 32), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        """x (B, 32) -> (B, 32)."""
        return x + self.gain * self.layer(x).relu()


class Added(nn.Module):
    """x + f(x), the plain skip connection around any f, for right and wrong answers. after: what follows the sum."""

    def __init__(self, *layers, after=None):
        super().__init__()
        self.inner, self.after = nn.Sequential(*layers), after or nn.Identity()

    def forward(self, x):
        """x (B, 32) -> (B, 32)."""
        return self.after(x + self.inner(x))


class Scaled(CopyBlock):
    """A mistake: the gain is a number that nothing learns."""

    def __init__(self, gain):
        super().__init__()
        del self.gain
        self.gain = gain


class InPlace(CopyBlock):
    """A mistake: the sum is written over the input, which the gradient still needs."""

    def forward(self, x):
        """x (B, 32), changed in place."""
        x += self.gain * self.layer(x).relu()
        return x


def zeroed(layer):
    """A layer with all its parameters at 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def learned(stack, rate=0.01, steps=250):
    """Train a stack to give |x| for x (256, 32), by Adam.

    Returns the mean squared error of the last step, and the largest slope that a matrix of weights had in it.
    """
    x = torch.randn(256, 32, generator=torch.Generator().manual_seed(5)).to(lab.device)
    weights = [weight for weight in stack.parameters() if weight.requires_grad]
    means, squares = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
    for step in range(1, steps + 1):
        loss = (stack(x.clone()) - x.abs()).square().mean()
        assert loss.requires_grad, "What comes out does not depend on any weight that learns: is forward without no_grad and detach, and is every weight an nn.Parameter?"
        slopes = torch.autograd.grad(loss, weights, allow_unused=True)
        with torch.no_grad():  # by hand: torch.optim takes seconds to import where nothing used it yet
            for weight, slope, mean, square in zip(weights, slopes, means, squares):
                if slope is not None:
                    mean.lerp_(slope, 0.1)
                    square.lerp_(slope**2, 0.001)
                    weight -= rate * mean / (1 - 0.9**step) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
    reached = [float(slope.abs().max()) for slope in slopes if slope is not None and slope.ndim > 1]
    return loss.item(), max(reached, default=0.0)


def check_copy(blocks):
    """48 fresh blocks in a row give back what they got, and leave it as it was."""
    deep, x = nn.Sequential(*blocks).to(lab.device), torch.randn(64, 32).to(lab.device)
    given = x.clone()
    copy = given
    with torch.no_grad():
        for block in deep:
            copy = block(copy)
            if copy is None or copy is ...:
                raise NotDone
            assert copy.shape == x.shape, f"A block takes (B, 32) and gives (B, 32); of (64, 32) this one makes {tuple(copy.shape)}."
    assert given._version == 0, "A block writes into its own input, which the gradient still needs: write x = x + ..., not x += ..."
    off = float((copy - x).norm() / x.norm())
    assert not torch.allclose(copy, x.relu(), atol=1e-3), "The positive numbers come through, the negative ones are lost: something comes after the sum."
    assert copy.abs().max() > 1e-3, "Nothing comes through 48 fresh blocks: where is the way around the layer?"
    assert off < 0.01, f"48 fresh blocks change their input by {off:.2g} times its size. Is there a way around the layer, and what does the layer add at the start?"


def check_block(answer):
    """48 fresh blocks copy; two of them learn |x| better than any linear map could."""
    assert not isinstance(answer, nn.Module), "This is one block; hand over the class, from which blocks are made."
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(48)
        blocks = [answer() for _ in range(48)]
        if any(block is None or block is ... for block in blocks):
            raise NotDone
        assert all(isinstance(block, nn.Module) for block in blocks), \
            "CopyBlock() should make a module: an object of a class made from nn.Module."
        assert len({id(block) for block in blocks}) == 48, "Every call should make a block of its own; this one hands out the same again."
        check_copy(blocks)
        pair = nn.Sequential(answer(), answer()).to(lab.device)
        assert any(weight.requires_grad for weight in pair.parameters()), "A perfect copy, and nothing that could learn: the block has no parameters."
        loss, reached = learned(pair)
    assert loss < 1 or reached > 0, \
        f"It copies, but after 250 steps the error is still {loss:.2f}: no gradient reaches the weights. Are there two zeros in a row, is the gain not an nn.Parameter, or is a ReLU at exactly 0?"
    assert loss < 1, f"It copies, but after 250 steps the error is still {loss:.2f}, though a gradient reaches the weights. Is what f adds held small by a factor that cannot grow, or has f too few units?"
    assert loss < 0.38, f"It learns too little in 250 steps (error {loss:.2f}): what can the block represent, and how large is the gradient at the start?"
    assert loss < 0.27, f"It learns, but no better than a linear map (error {loss:.2f}). Is something in the block not linear, and does it have weights before it?"


bank(Exercise(
    "03.8", kind="build", minutes=15, level="hard", reference=CopyBlock, check=check_block,
    right=[lambda: Added(nn.Linear(32, 64), nn.ReLU(), zeroed(nn.Linear(64, 32))),
           lambda: Added(nn.Linear(32, 32), nn.Tanh(), zeroed(nn.Linear(32, 32))),
           lambda: Added(nn.LayerNorm(32), nn.Linear(32, 32), nn.ReLU(), zeroed(nn.Linear(32, 32, bias=False)))],
    wrong=[(lambda: nn.Sequential(nn.Linear(32, 32), nn.ReLU()), "change their input"), (lambda: Added(nn.Linear(32, 32), nn.ReLU()), "change their input"),
           (lambda: Added(zeroed(nn.Linear(32, 32)), nn.ReLU()), "a ReLU at exactly 0"), (nn.Identity, "no parameters"),
           (lambda: Added(zeroed(nn.Linear(32, 32)), nn.ReLU(), zeroed(nn.Linear(32, 32))), "two zeros in a row"),
           (lambda: Scaled(0.0), "not an nn.Parameter"), (lambda: Scaled(1e-4), "cannot grow"), (lambda: InPlace(), "not x +="),
           (lambda: Added(nn.Linear(32, 8), nn.ReLU(), zeroed(nn.Linear(8, 32))), "too little"), (nn.Linear(32, 32), "hand over the class"), (lambda: nn.Linear(32, 16), "(64, 16)"),
           (lambda: Added(zeroed(nn.Linear(32, 32))), "linear map"), (lambda: Added(zeroed(nn.Linear(32, 32)), after=nn.ReLU()), "after the sum"),
           (lambda: zeroed(nn.Linear(32, 32)), "Nothing comes through"), (lambda: torch.zeros(32), "a module")],
    hints=["The skip connection makes x + f(x). For a copy f(x) must be 0 at first, while the weights that make it 0 still get a gradient.",
           "f can end in a second linear layer, or in one number to multiply with. Let that last one start at 0, and leave the others random."],
    explanation="A skip connection offers the copy; a last factor of zero makes it exact, so that even 48 layers start as one that does "
                "nothing and add only what lowers the loss. A zero in front of it as well would block the gradient."))
