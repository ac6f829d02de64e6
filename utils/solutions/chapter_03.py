"""The exercises of chapter 03, the convolutional network."""
import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises import Exercise, NotDone, bank, called


def check_sides(answer):
    """Three sides of a picture of 28 x 28 after a convolution, a pooling and a convolution."""
    if any(side is ... for side in answer):
        raise NotDone
    first, second, third = answer
    assert first != 12, "12 leaves out the padding: two pixels on each side make the picture 32 wide."
    assert first != 24, "24 is stride 1 without padding; the first layer has stride 2 and padding 2."
    assert first != 28, "28 is stride 1: a stride of 2 looks at every second place only."
    assert first == 14, f"the first side is (28 + 2 * 2 - 5) // 2 + 1, and that is not {first}."
    assert second != 14, "pooling over 2 x 2 halves the side."
    assert second == 7, f"pooling halves 14, and that is not {second}."
    assert third != 7, "the last layer has no padding: a window of 3 fits into 7 places in fewer than 7 ways."
    assert third == 5, f"a window of 3 fits into 7 places in 7 - 3 + 1 ways, not {third}."


bank(Exercise(
    "03.1", kind="predict", minutes=2, level="easy", reference=(14, 7, 5), check=check_sides,
    right=[[14, 7, 5]],
    wrong=[((12, 6, 4), "padding"), ((24, 12, 10), "stride 1"), ((28, 14, 12), "stride of 2"),
           ((14, 14, 12), "halves"), ((14, 7, 7), "no padding")],
    hints=["The docstring of convolve has the formula: (H + 2 padding - k) // stride + 1.",
           "First layer: (28 + 4 - 5) // 2 + 1. Pooling: half of that. Last layer: padding 0, stride 1."],
    explanation="14, 7, 5: a stride or a pooling of two halves a side, a window of k without padding costs k - 1."))


def check_geometry(answer):
    """Stride and padding with which a 5 x 5 kernel keeps the size of the picture."""
    if ... in answer.values():
        raise NotDone
    assert set(answer) <= {"stride", "padding"}, "only stride and padding may change; the kernel stays 5 x 5."
    layer = nn.Conv2d(1, 1, 5, **answer)
    side = layer(torch.zeros(1, 1, 16, 16)).shape[-1]
    assert side != 8, "the maps are 8 x 8, as in 1989: with a stride of 2 half of the places are left out."
    assert side != 12, "the maps are 12 x 12: without padding a window of 5 fits into 16 places in 12 ways."
    assert side <= 16, f"the maps are {side} x {side}: too much padding, the window now looks at background alone."
    assert side == 16, f"the maps are {side} x {side}, and they should be 16 x 16."


bank(Exercise(
    "03.2", kind="change", minutes=3, level="easy", reference={"stride": 1, "padding": 2}, check=check_geometry,
    right=[{"stride": 1, "padding": "same"}, {"padding": 2}],
    wrong=[({"stride": 2, "padding": 2}, "8 x 8"), ({"stride": 1, "padding": 0}, "12 x 12"),
           ({"stride": 1, "padding": 4}, "too much padding")],
    hints=["With stride 1 the side grows by 2 padding and shrinks by 5 - 1.",
           "2 padding = 4."],
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


def check_pool(answer):
    """Max pooling against torch's, with the common mistakes named."""
    maps = torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(3))
    pooled = called(answer, maps.clone())
    wanted = F.max_pool2d(maps, 2)
    assert pooled.shape == wanted.shape, \
        f"(2, 3, 6, 8) should become (2, 3, 3, 4), and became {tuple(pooled.shape)}."
    assert not torch.allclose(pooled, F.avg_pool2d(maps, 2)), "this is the average of the four, not the largest."
    assert not torch.allclose(pooled, maps[..., ::2, ::2]), "this keeps the upper left unit of each four; compare all four."
    assert not torch.allclose(pooled, pool_by_rows(maps)), "the units in odd columns (1::2) are never looked at."
    assert torch.allclose(pooled, wanted), "some answers are not the largest of their four units."


bank(Exercise(
    "03.3", kind="build", minutes=10, level="medium", reference=max_pool, check=check_pool, right=[pool_by_shape],
    wrong=[(lambda maps: F.avg_pool2d(maps, 2), "average"), (lambda maps: maps[..., ::2, ::2], "upper left"),
           (pool_by_rows, "odd columns"), (lambda maps: maps.amax((2, 3)), "(2, 3, 3, 4)")],
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
    for inputs, outputs, k in ((2, 3, 3), (64, 128, 3), (16, 16, 5)):
        got, ordinary = called(answer, inputs, outputs, k), inputs * outputs * k * k + outputs
        assert got != ordinary, f"{got:,} is the ordinary layer, where every output map has a kernel for every input map."
        assert got != inputs * k * k + inputs * outputs, f"{got:,} leaves out the biases: one a map, in both layers."
        assert got != inputs * k * k + inputs, f"{got:,} is the first layer only; the 1 x 1 layer mixes the maps."
        wanted = counted_by_torch(inputs, outputs, k)
        assert got == wanted, f"for {inputs} to {outputs} maps and k = {k} it is {wanted:,}, not {got:,}."


bank(Exercise(
    "03.4", kind="build", minutes=5, level="medium", reference=separable_parameters, check=check_separable,
    right=[counted_by_torch],
    wrong=[(lambda inputs, outputs, k: inputs * outputs * k * k + outputs, "ordinary layer"),
           (lambda inputs, outputs, k: inputs * k * k + inputs * outputs, "biases"),
           (lambda inputs, outputs, k: inputs * k * k + inputs, "first layer only")],
    hints=["The first layer: one k x k kernel and one bias for each input map.",
           "The second: inputs * outputs weights of 1 x 1, and one bias for each output map."],
    explanation="About an eighth of the ordinary layer here: nets for telephones are built of these."))
