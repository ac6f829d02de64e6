"""Ten digits as pen strokes, to be drawn into a pad with a real mouse.

A stroke is a list of (x, y), shares of the pad: x to the right, y down. Each digit was written down
as a hand would move, with the slant and the gaps that hands leave.
"""

import math

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, across: float, up: float, start: float, end: float) -> Stroke:
    """Part of an ellipse around (x, y); degrees, counted clockwise on the page, 0 at the right."""
    steps = max(2, round(abs(end - start) / 15))
    angles = [math.radians(start + (end - start) * k / steps) for k in range(steps + 1)]
    return [(x + across * math.cos(a), y + up * math.sin(a)) for a in angles]


DIGITS: dict[int, list[Stroke]] = {
    0: [arc(0.50, 0.50, 0.19, 0.30, -80, 285)],
    1: [[(0.44, 0.27), (0.53, 0.19), (0.52, 0.50), (0.50, 0.81)]],
    2: [[*arc(0.49, 0.35, 0.18, 0.16, 190, 390), (0.54, 0.58),
         (0.40, 0.71), (0.31, 0.79), (0.50, 0.77), (0.72, 0.78)]],
    3: [[*arc(0.47, 0.34, 0.18, 0.14, 205, 440), *arc(0.47, 0.63, 0.21, 0.16, -80, 150)]],
    4: [[(0.40, 0.20), (0.35, 0.38), (0.31, 0.54), (0.50, 0.54), (0.72, 0.52)],
        [(0.63, 0.28), (0.61, 0.55), (0.59, 0.82)]],
    5: [[(0.68, 0.21), (0.42, 0.22), (0.39, 0.46), *arc(0.49, 0.61, 0.20, 0.18, 240, 490)]],
    6: [[(0.62, 0.19), (0.48, 0.30), (0.37, 0.48), *arc(0.50, 0.63, 0.16, 0.16, 190, -185)]],
    7: [[(0.29, 0.24), (0.50, 0.23), (0.70, 0.22), (0.61, 0.42), (0.52, 0.62), (0.46, 0.81)]],
    8: [[*arc(0.51, 0.34, 0.15, 0.14, -30, -270), *arc(0.50, 0.64, 0.18, 0.16, -90, 270),
         *arc(0.51, 0.34, 0.15, 0.14, 90, -40)]],
    9: [[*arc(0.50, 0.36, 0.17, 0.15, -10, -350), (0.67, 0.40), *arc(0.48, 0.63, 0.19, 0.18, 0, 130)]],
}
