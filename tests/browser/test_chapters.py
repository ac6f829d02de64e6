"""The chapters' own widgets in a real JupyterLab: run the chapter, then touch each of them.

A chapter takes a minute or two, so only the first one with a widget is run by default;
COURSE_BROWSER=all runs every chapter that has one.
"""

import os
import shutil

import nbformat
import pytest

from .conftest import ROOT, SECONDS

VIEW = "application/vnd.jupyter.widget-view+json"
PARTS = ("assets", "chapters", "utils")
SHOWN = """cell => [...cell.querySelectorAll('img.course-picture, .course-pad image, [role=status]')]
  .map(part => part.src || part.getAttribute('href') || part.textContent).join('|')"""


def widget_cells(path) -> list[int]:
    """The numbers of the cells whose saved output is one of the course's widgets."""
    cells = nbformat.read(path, as_version=4).cells
    return [i for i, cell in enumerate(cells)
            if any(VIEW in output.get("data", {}) for output in cell.get("outputs", []))]


def chapters() -> list[str]:
    """The chapters to run: those with a widget, or only the first of them."""
    found = [p.name for p in sorted((ROOT / "chapters").glob("*.ipynb")) if widget_cells(p)]
    return found if os.environ.get("COURSE_BROWSER") == "all" else found[:1]


@pytest.fixture(scope="module")
def course(notebook):
    """The notebook page, with a copy of the course to run in."""
    for part in PARTS:
        shutil.copytree(ROOT / part, notebook.lab.root / "course" / part,
                        ignore=shutil.ignore_patterns("__pycache__"))
    return notebook


def move_a_slider(cell) -> None:
    handle = cell.locator(".noUi-handle").first
    handle.focus()
    at_the_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
    handle.press("ArrowLeft" if at_the_end else "ArrowRight")


def choose_another(cell) -> None:
    menu = cell.locator("select").first
    count = menu.locator("option").count()
    menu.select_option(index=(menu.evaluate("menu => menu.selectedIndex") + 1) % count)


def draw_a_stroke(cell) -> None:
    canvas = cell.locator("canvas[role=application]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page = cell.page
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"], steps=10)
    page.mouse.up()


def drag_a_point(cell) -> None:
    svg = cell.locator(".course-pad svg")
    svg.scroll_into_view_if_needed()
    point = svg.locator("g > *").first.bounding_box()
    x, y = point["x"] + point["width"] / 2, point["y"] + point["height"] / 2
    middle = svg.locator("rect").first.bounding_box()
    page = cell.page
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2, steps=10)
    page.mouse.up()


def type_a_sentence(cell) -> None:
    """The sentence that stands there without its last word but one; Enter sends it."""
    field = cell.locator("input[type=text]").first
    *words, last = field.input_value().split()
    field.fill(" ".join([*words[:-1], last]))
    field.press("Enter")


def answer_a_question(cell) -> None:
    cell.locator("input[type=radio]:not(:checked)").last.check()


# the sentence first: a menu may then choose a part of it, in which another sentence need not show
TOUCHES = {"input[type=text]": type_a_sentence, ".noUi-handle": move_a_slider, "select": choose_another,
           "canvas[role=application]": draw_a_stroke, ".course-pad svg": drag_a_point,
           "input[type=radio]": answer_a_question}


def touch_everything(notebook, number: int) -> int:
    """Touch every kind of control in a cell and see the answer change; returns how many kinds."""
    cell = notebook.cell(number)
    cell.locator(".course-picture, .course-pad, .course-quiz").first.wait_for(timeout=30 * SECONDS)
    kinds = [touch for part, touch in TOUCHES.items() if cell.locator(part).count()]
    for touch in kinds:
        before = cell.evaluate(SHOWN)
        touch(cell)
        with notebook.expecting(f"cell {number}: another picture or text after {touch.__name__}"):
            notebook.page.wait_for_function(f"([cell, old]) => ({SHOWN})(cell) !== old",
                                            arg=[cell.element_handle(), before], timeout=30 * SECONDS)
    assert not cell.locator("[role=alert]").count(), cell.locator("[role=alert]").inner_text()
    return len(kinds)


@pytest.mark.parametrize("name", chapters())
def test_the_widgets_of(name, course):
    numbers = widget_cells(ROOT / "chapters" / name)
    course.page.errors.clear()
    course.open(f"course/chapters/{name}")
    for number in numbers:
        still = course.cell(number).locator("img[src^='data:image/png'], .jp-RenderedHTML ol > li > ul").first
        still.wait_for(timeout=30 * SECONDS)
        course.shot(f"{name}-{number}-still")
    course.run(timeout=900)
    for number in numbers:
        assert touch_everything(course, number) > 0, f"cell {number} has nothing to touch"
        course.shot(f"{name}-{number}-live")
    course.stop()
    # the Colab badge is a picture on the net, which a test must not need
    errors = [error for error in course.page.errors if "net::ERR" not in error]
    assert not errors, errors
