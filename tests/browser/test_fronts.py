"""The widgets in JupyterLab and in Notebook 7, on a wide and a narrow page, in a light and a dark theme.

Nothing may be wider than its cell, every text must stand out from its ground, and the picture must follow
the slider. Notebook 7 is skipped where it is not installed.
"""

import importlib.util

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from .conftest import SECONDS
from .test_browser import BROKEN, DRAW, GRID, KERNEL, LINE, PAD, PLANE, POINTS, QUIZ, RETINA, SETUP, SLIDER, STEPS

CELLS = [SETUP, SLIDER, GRID, BROKEN, STEPS, PAD, RETINA, POINTS, QUIZ]
WIDTHS, THEMES = (1280, 800), ("JupyterLab Light", "JupyterLab Dark")
FRONTS = {"JupyterLab": "lab/tree", "Notebook 7": "notebooks"}
SMALL_TEXT = 4.5  # WCAG 2.1, level AA: the ratio of luminances that text of this size needs

# The parts of a cell that reach beyond it, and the boxes in it that would scroll sideways.
TOO_WIDE = """cell => {
  const edge = cell.getBoundingClientRect().right + 1;
  const parts = [...cell.querySelectorAll('.jp-OutputArea-output, .jp-OutputArea-output *')];
  const name = part => part.tagName + '.' + (part.getAttribute('class') ?? '');
  const out = parts.filter(part => part.getClientRects().length && part.getBoundingClientRect().right > edge);
  const scrolls = parts.filter(part => ['auto', 'scroll'].includes(getComputedStyle(part).overflowX)
    && part.tagName !== 'SELECT' && part.scrollWidth > part.clientWidth + 1);
  return [...out.map(part => 'beyond the cell: ' + name(part)), ...scrolls.map(part => 'scrolls: ' + name(part))]; }"""
# [text, contrast] of every piece of text in a cell's outputs: its colour against the ground behind it.
CONTRASTS = """cell => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
  const over = ([r, g, b, a = 1], ground) => [r, g, b].map((v, i) => a * v + (1 - a) * ground[i]);
  const ground = node => { if (!node) return [255, 255, 255];
    const own = numbers(getComputedStyle(node).backgroundColor);
    return (own[3] ?? 1) === 1 ? own.slice(0, 3) : over(own, ground(node.parentElement)); };
  const seen = (node, colour) => { let a = 1;
    for (let up = node; up; up = up.parentElement) a *= Number(getComputedStyle(up).opacity);
    return over([...colour.slice(0, 3), a * (colour[3] ?? 1)], ground(node)); };
  const told = [...cell.querySelectorAll('.jp-OutputArea-output *:not([aria-hidden=true])')]
    .filter(node => node.getClientRects().length
      && [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()));
  return told.map(node => { const style = getComputedStyle(node);
    const svg = node instanceof SVGElement;
    const one = light(seen(node, numbers(svg ? style.fill : style.color))), other = light(ground(node));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return [node.textContent.trim().slice(0, 40), ratio]; }); }"""
CHANGE_THEME = "theme => { window.jupyterapp.commands.execute('apputils:change-theme', { theme }); }"
SIZE = "node => node.viewBox ? [node.viewBox.baseVal.width, node.viewBox.baseVal.height] : [node.width, node.height]"
HAS_THEME = "theme => document.body.dataset.jpThemeName === theme"


def change(page, width: int, theme: str) -> None:
    """Give the page a width and a theme, and wait until it has both."""
    page.set_viewport_size({"width": width, "height": 1000})
    page.evaluate(CHANGE_THEME, theme)
    page.wait_for_function(HAS_THEME, arg=theme, timeout=20 * SECONDS)
    page.wait_for_timeout(300)  # it lays itself out anew


@pytest.fixture(scope="module", params=FRONTS)
def front(request, notebook):
    """The name of a front end, in which the widgets have just been run."""
    if request.param == "Notebook 7" and importlib.util.find_spec("notebook") is None:
        pytest.skip("Notebook 7 is not installed")
    folder = notebook.lab.root / "fronts"
    folder.mkdir(exist_ok=True)
    name = f"{request.param.replace(' ', '-').lower()}.ipynb"
    cells = [new_code_cell(source.strip()) for source in CELLS]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / name)
    notebook.open(f"fronts/{name}", FRONTS[request.param])
    notebook.page.errors.clear()  # what the front end itself says while it starts
    notebook.run()
    for answer in (0, 4):  # of the first question and of the second: an explanation stands under each
        notebook.cell(len(CELLS) - 1).locator("input[type=radio]").nth(answer).check()
    yield request.param
    change(notebook.page, WIDTHS[0], THEMES[0])
    notebook.stop()


@pytest.fixture(params=[(width, theme) for theme in THEMES for width in WIDTHS],
                ids=lambda given: f"{given[0]} px, {given[1].split()[-1].lower()}")
def look(request, front, notebook):
    """The notebook at one width, in one theme; with a name for its screenshots."""
    width, theme = request.param
    change(notebook.page, width, theme)
    return f"{front}-{width}-{theme.split()[-1]}".replace(" ", "")


def test_nothing_is_wider_than_its_cell(look, notebook):
    found = {}
    for number in range(LINE, len(CELLS)):
        cell = notebook.cell(number)
        notebook.shot(f"{look}-{number}")
        found[number] = cell.evaluate(TOO_WIDE)
    assert not any(found.values()), found
    assert notebook.page.evaluate("document.documentElement.scrollWidth") <= notebook.page.viewport_size["width"]


def test_every_text_stands_out_from_its_ground(look, notebook):
    faint, count = [], 0
    for number in range(LINE, len(CELLS)):
        contrasts = notebook.cell(number).evaluate(CONTRASTS)
        count += len(contrasts)
        faint += [(number, *one) for one in contrasts if one[1] < SMALL_TEXT]
    assert count > 40 and not faint


def test_the_picture_follows_the_slider(look, notebook):
    cell = notebook.cell(LINE)
    picture = cell.locator("img.course-picture")
    box, before = picture.bounding_box(), picture.get_attribute("src")
    assert box["width"] > 250 and box["height"] > 100
    # with the mouse: Notebook 7 keeps the arrow keys on a slider for its own commands
    handle, track = cell.locator(".noUi-handle").first, cell.locator(".noUi-base").first.bounding_box()
    assert handle.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(0, 114, 178)"
    share = 0.8 if float(handle.get_attribute("aria-valuenow")) < 1 else 0.2
    notebook.page.mouse.click(track["x"] + share * track["width"], track["y"] + track["height"] / 2)
    notebook.page.wait_for_function("([image, old]) => image.src !== old && image.complete",
                                    arg=[picture.element_handle(), before], timeout=20 * SECONDS)
    assert "Which way does the curve turn" in cell.inner_text()


def test_pads_keep_their_shape_and_numbers_their_grid(look, notebook):
    for number in (DRAW, PLANE):
        surface = notebook.cell(number).locator("canvas[role=application], .course-pad svg").first
        surface.wait_for(timeout=20 * SECONDS)
        surface.scroll_into_view_if_needed()
        box = surface.bounding_box()
        wide, high = surface.evaluate(SIZE)
        assert abs(box["width"] / box["height"] - wide / high) < 0.02
    assert notebook.cell(KERNEL).locator("input[type=number]").count() == 9


def test_the_page_complains_of_nothing(front, notebook):
    errors = [error for error in notebook.page.errors if "net::ERR" not in error]
    assert not errors, errors
