"""Controls that also leave a still picture in the saved notebook.

``Explore`` puts sliders and menus above a picture, ``DrawPad`` is a square to draw a digit in,
``PointPad`` a plane to put points of two classes in. Each shows its question first, works with
mouse, finger and keyboard, says in words what went wrong, and leaves an ordinary PNG where no
kernel runs. ``Steps``, a slider with back, next and play buttons, is a control of Explore.
``Timeline`` goes through the field's history, event by event. ``quiz`` asks a chapter's questions.
"""

from .drawpad import DrawPad, mnist_like
from .explore import Explore
from .pointpad import PointPad
from .quiz import quiz
from .steps import Steps
from .timeline import Timeline

__all__ = ["DrawPad", "Explore", "PointPad", "Steps", "Timeline", "mnist_like", "quiz"]
