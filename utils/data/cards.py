"""Cards for the Mark I's retina of 20 x 20 light cells, drawn as the tasks of 1958 and 1960 ask."""
import math

import torch
from torch import Generator, Tensor

from utils.arguments import MOST, instance, real, whole


def left_and_right(count: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Squares of side 3 to 6 in the left (-1) or the right (+1) half of the retina.

    Returns images (count, 400) of 0 and 1, and labels (count,) of -1 and +1.
    The task of the press demonstration of July 1958; sizes are this course's choice.
    """
    check(count, generator)
    labels = signs(count, generator)
    images = torch.zeros(count, 20, 20)
    for image, label in zip(images, labels):
        side = int(torch.randint(3, 7, (), generator=generator))
        top = int(torch.randint(0, 21 - side, (), generator=generator))
        left = int(torch.randint(0, 11 - side, (), generator=generator)) + (10 if label > 0 else 0)
        image[top:top + side, left:left + side] = 1
    return images.flatten(1), labels


def squares_and_circles(count: int, generator: Generator, side: float,
                        ring: float | None = None) -> tuple[Tensor, Tensor]:
    """Squares (+1) and circles (-1) of equal area, at random places and angles on the retina.

    side: of the square, in cells, up to 14 so that a turned one fits. ring: the thickness of an
    outline; None draws solid figures. Returns images (count, 400) and labels (count,).
    Raises ValueError for a side that leaves the retina.
    """
    check(count, generator)
    if not 0 < real("side", side) <= 14:
        raise ValueError(f"side is between 0 and 14 cells, so that a turned square fits; it is {side}.")
    if ring is not None and not 0 < real("ring", ring) <= side:
        raise ValueError(f"ring is how thick an outline is, above 0 and at most the side, {side} cells, not {ring}.")
    labels = signs(count, generator)
    radius = 2 * (side - ring) / math.pi + ring / 2 if ring else side / math.pi**0.5
    down, right = seen_from_figures(count, max(side / 2**0.5, radius), generator)
    beyond_square = torch.maximum(down.abs(), right.abs()) - side / 2
    beyond_circle = torch.hypot(down, right) - radius
    beyond = torch.where(labels[:, None] > 0, beyond_square, beyond_circle)
    return ((beyond <= 0) & (beyond > -(ring or side))).float(), labels


def check(count: int, generator: Generator) -> None:
    """Refuse a number of cards or a generator that nothing can be drawn with."""
    whole("count", count, 1, MOST)
    instance("generator", generator, Generator, "a torch.Generator")
    if generator.device.type != "cpu":
        raise ValueError(f"generator draws on the CPU: write torch.Generator(), without {generator.device}.")


def signs(count: int, generator: Generator) -> Tensor:
    """Random labels (count,) of -1 and +1."""
    return torch.randint(0, 2, (count,), generator=generator) * 2.0 - 1


def seen_from_figures(count: int, reach: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Where the 400 cells lie as seen from figures at random places and angles.

    reach: how far a figure extends from its centre, in cells; it keeps the figure on the retina.
    Returns down and right, each (count, 400), in cells.
    """
    cells = torch.cartesian_prod(torch.arange(20), torch.arange(20)) + 0.5
    centre = reach + (20 - 2 * reach) * torch.rand(count, 1, 2, generator=generator)
    angle = torch.rand(count, 1, generator=generator) * math.pi / 2
    down, right = (cells - centre).unbind(2)
    return down * angle.cos() - right * angle.sin(), right * angle.cos() + down * angle.sin()
