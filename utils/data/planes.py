"""Points of the plane in two classes, drawn for this course: tasks that a small net can be watched on."""
import math

import torch
from torch import Tensor

SEED = 1986


def planes() -> dict[str, tuple[Tensor, Tensor]]:
    """Four tasks: name -> points (120, 2) in the square from -1 to 1, labels (120, 1): 60 of 1, then 60 of 0.

    The same points in every call; in none of the tasks does a line part the two classes.
    """
    draw = torch.Generator().manual_seed(SEED)
    disc, ring = 0.4 * torch.rand(60, generator=draw) ** 0.5, 0.65 + 0.25 * torch.rand(60, generator=draw)
    around = 2 * math.pi * torch.rand(120, generator=draw)
    noise, along = torch.randn(120, 2, generator=draw), torch.linspace(0, 1, 60).repeat(2)
    labels = torch.tensor([1.0, 0.0]).repeat_interleave(60)[:, None]
    side = 2 * labels - 1  # the second class is the first, turned by half a circle
    corners = torch.tensor([[-0.5, 0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, -0.5]]).repeat_interleave(30, 0)
    moon = polar(torch.full((120,), 0.55), math.pi * along) - torch.tensor([0.27, 0.14])
    points = {"disc in a ring": polar(torch.cat([disc, ring]), around),
              "XOR clouds": corners + 0.13 * noise,
              "two moons": side * moon + 0.06 * noise,
              "two spirals": side * polar(0.1 + 0.75 * along, 0.4 + 1.5 * math.pi * along) + 0.02 * noise}
    return {name: (places.clamp(-0.98, 0.98), labels) for name, places in points.items()}


def polar(radius: Tensor, angle: Tensor) -> Tensor:
    """Points (N, 2) at these distances from the middle and at these angles, both (N,)."""
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
