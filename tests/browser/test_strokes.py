"""Ten digits drawn with a real mouse into chapter 3's pad, and what its LeNet-5 reads in them.

The whole chapter runs first, so only COURSE_BROWSER=all does it. COURSE_DATA=FOLDER lets the nets learn
from MNIST; without it they learn from the stand-in, which holds a few hundred coarse digits.
"""

import os
import shutil

import nbformat
import pytest

from .conftest import ROOT, SECONDS
from .strokes import DIGITS
from .test_chapters import PARTS, widget_cells

CHAPTER = "03_cnn.ipynb"
READ = """from utils.widgets.panel import ALIVE
drawn = [panel for panel in ALIVE.values() if type(panel).__name__ == "DrawPad"][-1]
page = answers(drawn.pixels)
print([name.get_text() for name in page.axes[1].get_yticklabels() if name.get_text().startswith("CNN")][0])
plt.close(page)"""
INK = READ.splitlines()[0] + """
drawn = [panel for panel in ALIVE.values() if type(panel).__name__ == "DrawPad"][-1]
print(float(drawn.raw.sum()) > 0)"""


def wait_for_picture(cell, old: str) -> str:
    """Wait until the cell's picture is another one, and return it."""
    picture = cell.locator("img.course-picture")
    cell.page.wait_for_function("([image, old]) => image.src !== old && image.complete",
                                arg=[picture.element_handle(), old], timeout=60 * SECONDS)
    return picture.get_attribute("src")


def draw(cell, strokes) -> None:
    """Draw the strokes into the cell's pad with the mouse."""
    canvas, mouse = cell.locator("canvas[role=application]"), cell.page.mouse
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=3)
        mouse.up()


@pytest.mark.skipif(os.environ.get("COURSE_BROWSER") != "all", reason="chapter 3 takes minutes: COURSE_BROWSER=all")
def test_lenet_reads_ten_drawn_digits(notebook):
    course = notebook.lab.root / "strokes"
    for part in PARTS:
        shutil.copytree(ROOT / part, course / part, ignore=shutil.ignore_patterns("__pycache__", "bert"))
    notebook.open(f"strokes/chapters/{CHAPTER}")
    if data := os.environ.get("COURSE_DATA"):
        notebook.python(f"import os; os.environ['COURSE_DATA'] = {data!r}")
    notebook.run(timeout=1800)
    sources = [cell.source for cell in nbformat.read(ROOT / "chapters" / CHAPTER, as_version=4).cells]
    pad, = [number for number in widget_cells(ROOT / "chapters" / CHAPTER) if "DrawPad(" in sources[number]]
    cell = notebook.cell(pad)
    read = {}
    for digit, strokes in DIGITS.items():
        before = cell.locator("img.course-picture").get_attribute("src")
        cell.get_by_role("button", name="clear").click()
        notebook.wait_python(INK, "False")
        before = wait_for_picture(cell, before)
        draw(cell, strokes)
        notebook.wait_python(INK, "True")
        wait_for_picture(cell, before)
        read[digit] = notebook.python(READ)
        notebook.shot(f"digit-{digit}")
    notebook.stop()
    right = [digit for digit, answer in read.items() if answer == f"CNN: {digit}"]
    print(f"{len(right)} of 10 drawn digits were read: {read}")
    assert len(right) >= 8, read
