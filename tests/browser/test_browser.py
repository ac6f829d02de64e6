"""The widgets in a real JupyterLab: seen before running, then moved, drawn in, and asked."""

import json
import statistics
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from utils.quizzes import questions

from .conftest import ROOT, SECONDS

SETUP = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
import ipywidgets as W, matplotlib.pyplot as plt, numpy as np
from utils.widgets import DrawPad, Explore, PointPad, Steps, quiz
"""
SLIDER = """
drawn = []
def draw_line(weight, bias):
    drawn.append(weight)
    time.sleep(slow)
    x = np.linspace(-4, 4, 50)
    fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
    ax.plot(x, np.tanh(weight * x + bias))
    ax.set(xlabel="input", ylabel="output", ylim=(-1.1, 1.1))
    return fig, f"slope {weight:.1f}"

slow = 0
line = Explore(draw_line, ask="Which way does the curve turn when the weight changes its sign?",
               strip=[dict(weight=-2), dict(weight=0), dict(weight=2)], alt="Three curves.",
               weight=W.FloatSlider(1, min=-3, max=3, step=0.1, description="weight"),
               bias=W.FloatSlider(0, min=-3, max=3, step=0.1, description="bias"))
line
"""
GRID = """
def draw_kernel(picture, **numbers):
    fig, ax = plt.subplots(figsize=(3, 3))
    ax.imshow(np.reshape(list(numbers.values()), (3, 3)), cmap="PuOr", vmin=-2, vmax=2)
    return fig

numbers = {f"k{r}{c}": W.BoundedFloatText(0, min=-2, max=2, step=0.5)
           for r in range(3) for c in range(3)}
kernel = Explore(draw_kernel, ask="Which numbers find a vertical edge?", columns=3,
                 picture=W.Dropdown(options=["seven", "four"], description="picture"), **numbers)
kernel
"""
BROKEN = """
def draw_root(number):
    if number < 0:
        raise ValueError(f"no real root of {number}")
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.barh([0], [number ** 0.5])
    return fig

root = Explore(draw_root, ask="What is the root of a negative number?",
               number=W.IntSlider(1, min=-2, max=4, description="number"))
root
"""
STEPS = """
def draw_step(step, kind):
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.bar(range(5), np.arange(5) <= step, color="C0" if kind == "blue" else "C1")
    return fig

steps = Explore(draw_step, ask="What comes next?", step=Steps(5),
                kind=W.ToggleButtons(options=["blue", "orange"], description="colour"))
steps
"""
PAD = """
start = np.zeros((28, 28))
start[4:24, 13:15] = 1
def respond(pixels):
    fig, ax = plt.subplots(figsize=(3.6, 2.8), layout="constrained")
    ax.bar(range(4), [pixels[:14, :14].sum(), pixels[:14, 14:].sum(),
                      pixels[14:, :14].sum(), pixels[14:, 14:].sum()])
    ax.set(xlabel="quarter", ylabel="ink")
    return fig

pad = DrawPad(28, respond, ask="Where will the ink be? Predict, then draw.", start=start)
pad
"""
RETINA = """
retina = DrawPad(20, binary=True, ask="How many photocells see it?",
                 respond=lambda p: (plt.figure(figsize=(2, 2)), f"{int(p.sum())} photocells on"))
retina
"""
POINTS = """
def divide(points):
    fig = plt.figure(figsize=(3.6, 3.6))
    ax = fig.add_axes([0, 0, 1, 1])
    ax.contourf([-1, 1], [-1, 1], [[0, 1], [0, 1]], levels=1, colors=["#fde9c9", "#cfe3f2"])
    return fig, f"{len(points)} points"

points = PointPad([[0.5, 0.5, 1], [-0.5, -0.5, -1]], divide, ask="Where does the line go?")
points
"""
FILM = """
frames = []
def draw_frame(frame):
    frames.append(frame)
    time.sleep(slow)
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.barh([0], [frame])
    ax.set(xlim=(0, 100))
    return fig

film = Explore(draw_frame, ask="How far does it go?", frame=Steps(100, "frame", play=True, interval=100))
film
"""
QUIZ = 'quiz("03")'
CELLS = [SETUP, SLIDER, GRID, BROKEN, STEPS, PAD, RETINA, POINTS, FILM, QUIZ]
LINE, KERNEL, ROOT_CELL, STEP, DRAW, CELLS20, PLANE, MOVIE, ASKED = range(1, 10)


@pytest.fixture(scope="module")
def widgets(notebook):
    """The notebook with the widgets, saved as a chapter is; opened, not run."""
    from utils import notebooks

    folder = notebook.lab.root / "chapters"
    folder.mkdir()
    cells = [new_code_cell(source.strip(), id=f"cell-{i}") for i, source in enumerate(CELLS)]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNEL}),
                   folder / "widgets.ipynb")
    assert notebooks.save(folder / "widgets.ipynb") == []
    notebook.open("chapters/widgets.ipynb")
    return notebook


def test_the_still_picture_is_seen_before_running(widgets):
    for i in range(1, ASKED):
        widgets.cell(i).locator("img[src^='data:image/png']").first.wait_for(timeout=10 * SECONDS)
    assert widgets.cell(ASKED).locator("ol > li").count() == 5
    widgets.cell(LINE)
    widgets.shot("before-running")


@pytest.fixture(scope="module")
def live(widgets):
    """The same notebook after Run All."""
    widgets.run()
    widgets.shot("after-running")
    return widgets


def source(cell) -> str:
    return cell.locator("img.course-picture").first.get_attribute("src")


def wait_for_new_picture(cell, old: str) -> None:
    picture = cell.locator("img.course-picture").first
    cell.page.wait_for_function(
        "([image, old]) => image.src !== old && image.complete && image.naturalWidth > 0",
        arg=[picture.element_handle(), old], timeout=20 * SECONDS)


def test_a_slider_changes_the_picture(live):
    cell = live.cell(LINE)
    before = source(cell)
    handle = cell.locator(".noUi-handle").first
    handle.focus()
    for _ in range(5):
        live.page.keyboard.press("ArrowRight")
    wait_for_new_picture(cell, before)
    live.wait_python("print(round(line.values['weight'], 1), round(drawn[-1], 1))", "1.5 1.5")
    cell.get_by_text("slope 1.5", exact=True).wait_for(timeout=10 * SECONDS)
    assert "Which way does the curve turn" in cell.inner_text()
    assert cell.locator("img.course-picture").get_attribute("title") == "Three curves."


def test_how_long_the_page_waits_for_a_picture(live):
    cell = live.cell(LINE)
    cell.locator(".noUi-handle").first.focus()
    seconds = []
    for key in ["ArrowLeft", "ArrowRight"] * 10:
        before, start = source(cell), time.perf_counter()
        live.page.keyboard.press(key)
        wait_for_new_picture(cell, before)
        seconds.append(time.perf_counter() - start)
    print(f"from key to picture: {statistics.median(seconds):.2f} s")
    assert len(seconds) == 20  # each key gave a new picture; a busy machine may take its time over it


def test_a_fast_drag_skips_pictures_and_ends_on_the_last_value(live):
    live.python("slow = 0.1; drawn.clear()")
    cell = live.cell(LINE)
    handle = cell.locator(".noUi-handle").first
    handle.hover()
    box = cell.locator(".noUi-base").first.bounding_box()
    y = box["y"] + box["height"] / 2
    live.page.mouse.down()
    live.page.mouse.move(box["x"] + 2, y, steps=30)
    live.page.mouse.move(box["x"] + box["width"] - 1, y, steps=60)
    live.page.mouse.up()
    live.wait_python("print(round(drawn[-1], 1))", "3.0")
    drawings = int(live.python("print(len(drawn))"))
    live.python("slow = 0")
    print(f"a drag over 61 values drew {drawings} pictures")
    assert drawings < 45


def test_nine_numbers_stand_in_a_grid(live):
    cell = live.cell(KERNEL)
    inputs = cell.locator("input[type=number]")
    assert inputs.count() == 9
    boxes = [inputs.nth(i).bounding_box() for i in range(9)]
    assert len({round(b["x"]) for b in boxes}) == len({round(b["y"]) for b in boxes}) == 3
    before = source(cell)
    inputs.nth(4).fill("1.5")
    inputs.nth(4).press("Enter")
    wait_for_new_picture(cell, before)
    live.wait_python("print(kernel.values['k11'])", "1.5")
    before = source(cell)
    cell.locator("select").select_option("four")
    live.wait_python("print(kernel.values['picture'])", "four")


def test_an_error_is_told_in_words(live):
    cell = live.cell(ROOT_CELL)
    handle = cell.locator(".noUi-handle").first
    handle.focus()
    live.page.keyboard.press("ArrowLeft")
    live.page.keyboard.press("ArrowLeft")
    alert = cell.locator("[role=alert]")
    alert.wait_for(timeout=20 * SECONDS)
    assert "ValueError: no real root of -1 (line 3 of" in alert.inner_text()
    live.shot("error-in-words")
    handle.focus()
    live.page.keyboard.press("ArrowRight")
    alert.wait_for(state="detached", timeout=20 * SECONDS)


def test_steps_go_on_and_back(live):
    cell = live.cell(STEP)
    before = source(cell)
    cell.get_by_role("button", name="next").click()
    wait_for_new_picture(cell, before)
    cell.get_by_role("button", name="next").click()
    cell.get_by_role("button", name="back").click()
    cell.get_by_role("button", name="orange").click()
    live.wait_python("print(steps.values)", "{'step': 1, 'kind': 'orange'}")


def test_a_slider_keeps_the_arrow_keys_to_itself(live):
    cell = live.cell(STEP)
    handle = cell.locator(".noUi-handle").first
    handle.focus()
    live.page.keyboard.press("ArrowUp")
    live.wait_python("print(steps.values['step'])", "2")
    live.page.keyboard.press("ArrowDown")
    live.wait_python("print(steps.values['step'])", "1")
    assert live.page.evaluate("() => document.activeElement.className").startswith("noUi-handle")


def test_steps_play_by_themselves_and_pause(live):
    cell = live.cell(MOVIE)
    cell.get_by_role("button", name="play").press("Enter")
    for _ in range(3):
        wait_for_new_picture(cell, source(cell))
    live.shot("playing")
    cell.get_by_role("button", name="pause").press("Enter")
    cell.get_by_role("button", name="play").wait_for(timeout=20 * SECONDS)
    stood, picture = live.python("print(film.values, len(frames))"), source(cell)
    live.page.wait_for_timeout(1 * SECONDS)
    assert live.python("print(film.values, len(frames))") == stood and source(cell) == picture
    assert 0 < int(live.python("print(film.values['frame'])")) < 99


def test_slow_pictures_are_left_out_of_the_play(live):
    live.python("slow = 0.5; film._controls['frame'].value = 60; frames.clear()")
    cell = live.cell(MOVIE)
    cell.get_by_role("button", name="play").click()
    live.wait_python("print(film.values['frame'])", "99", seconds=40)
    cell.get_by_role("button", name="play").wait_for(timeout=20 * SECONDS)
    assert int(live.python("slow = 0; print(len(frames))")) < 15


def drag(page, surface, *stops):
    """Press at the first stop, move over the others, release; stops are shares of the surface."""
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stops]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def test_a_drawing_reaches_python(live):
    cell = live.cell(DRAW)
    cell.get_by_role("button", name="clear").click()
    live.wait_python("print(pad.raw.sum())", "0.0")
    before = source(cell)
    drag(live.page, cell.locator("canvas[role=application]"), (0.1, 0.2), (0.4, 0.2), (0.25, 0.6))
    wait_for_new_picture(cell, before)
    live.wait_python("print(pad.raw[5, 3:11].min() > 0.9, pad.raw[:, 14:].sum())", "True 0.0")
    # the network reads it centred: its mass is in the middle
    live.wait_python("rows = pad.pixels.sum(1); print(round((rows @ range(28)) / rows.sum()))", "14")
    live.shot("drawn")


def test_a_finger_draws_too(live):
    cell = live.cell(DRAW)
    cell.get_by_role("button", name="clear").click()
    live.wait_python("print(pad.raw.sum())", "0.0")
    canvas = cell.locator("canvas[role=application]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    screen = live.page.context.new_cdp_session(live.page)
    for kind, share in [("Start", 0.2), ("Move", 0.4), ("Move", 0.6), ("Move", 0.8), ("End", None)]:
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + (share or 0) * box["height"]}
        points = [place] if share else []
        screen.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    screen.detach()
    live.wait_python("print(pad.raw[6:22, 13:15].min(), pad.raw[:, 18:].sum())", "1.0 0.0")


def test_the_pad_is_drawn_in_with_the_keyboard(live):
    cell = live.cell(DRAW)
    cell.get_by_role("button", name="clear").click()
    live.wait_python("print(pad.raw.sum())", "0.0")
    cell.locator("canvas[role=application]").focus()
    for key in ["ArrowUp", "ArrowLeft", "Space", *["Shift+ArrowDown"] * 6]:
        live.page.keyboard.press(key)
    live.wait_python("print(pad.raw[13:20, 13].min())", "1.0")
    assert "row 20, column 14: ink" in cell.inner_text()
    assert live.page.evaluate(  # JupyterLab's own keys did not move the notebook on
        "() => document.activeElement.tagName") == "CANVAS"
    live.shot("keyboard")


def test_the_retina_switches_photocells(live):
    cell = live.cell(CELLS20)
    canvas = cell.locator("canvas[role=application]")
    drag(live.page, canvas, (0.125, 0.125), (0.825, 0.125))
    live.wait_python("print(retina.pixels.sum(), retina.pixels[2, 2:17].sum())", "15.0 15.0")
    drag(live.page, canvas, (0.125, 0.125), (0.125, 0.125))
    live.wait_python("print(retina.pixels.sum())", "14.0")
    cell.get_by_text("14 photocells on").wait_for(timeout=10 * SECONDS)
    canvas.focus()
    live.page.keyboard.press("Enter")
    live.wait_python("print(retina.pixels[10, 10])", "1.0")
    live.shot("retina")


def at(cell, x, y):
    """Where (x, y) of the plane is on the page, after bringing all of it into view."""
    square = cell.locator(".course-pad rect").first
    square.scroll_into_view_if_needed()
    box = square.bounding_box()
    return box["x"] + (x + 1) / 2 * box["width"], box["y"] + (1 - y) / 2 * box["height"]


ROWS = "print([[round(v, 1) + 0.0 for v in p] for p in points.points.tolist()])"


def rows(*points) -> str:
    return str([[float(v) for v in point] for point in points])


def test_points_are_dragged_added_and_removed(live):
    cell = live.cell(PLANE)
    page = live.page
    page.mouse.move(*at(cell, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(cell, 0.2, -0.4), steps=20)
    page.mouse.up()
    live.wait_python(ROWS, rows((0.2, -0.4, 1), (-0.5, -0.5, -1)))
    page.mouse.click(*at(cell, -0.8, 0.8))
    page.keyboard.down("Shift")
    page.mouse.click(*at(cell, 0.8, 0.8))
    page.keyboard.up("Shift")
    live.wait_python(
        ROWS, rows((0.2, -0.4, 1), (-0.5, -0.5, -1), (-0.8, 0.8, 1), (0.8, 0.8, -1)))
    cell.get_by_text("4 points", exact=True).wait_for(timeout=10 * SECONDS)
    live.shot("points")
    page.mouse.dblclick(*at(cell, -0.5, -0.5))
    live.wait_python(ROWS, rows((0.2, -0.4, 1), (-0.8, 0.8, 1), (0.8, 0.8, -1)))
    assert cell.locator(".course-pad image").get_attribute("href").startswith("data:image/png")


def test_points_are_moved_with_the_keyboard(live):
    cell = live.cell(PLANE)
    cell.get_by_role("button", name="clear").click()
    live.wait_python(ROWS, "[]")
    cell.get_by_role("button", name="class −1").click()
    cell.locator(".course-pad svg").focus()
    for key in ["Enter", "ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight"]:
        live.page.keyboard.press(key)
    live.wait_python(ROWS, rows((0.1, 0.1, -1)))
    for key in ["c", "Enter", "n"]:
        live.page.keyboard.press(key)
    live.wait_python(ROWS, rows((0.1, 0.1, 1), (0, 0, -1)))
    live.page.keyboard.press("Delete")
    live.wait_python(ROWS, rows((0, 0, -1)))
    cell.get_by_role("button", name="reset").click()
    live.wait_python(ROWS, rows((0.5, 0.5, 1), (-0.5, -0.5, -1)))


def test_what_was_drawn_is_there_after_scrolling_away(live):
    live.cell(LINE)
    cell = live.cell(CELLS20)
    lit = cell.locator("canvas[role=application]").evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, 280, 280).data"
        ".filter((v, i) => i % 4 === 0 && v === 255).length")
    assert lit > 13 * 13 * int(float(live.python("print(retina.pixels.sum())"))) * 0.9


def test_a_wide_response_stays_beside_its_pad(live):
    live.python("""
def respond_wide(pixels):
    return plt.figure(figsize=(6.4, 2.8))
pad._respond = respond_wide
pad.redraw()""")
    cell = live.cell(DRAW)
    pad = cell.locator("canvas[role=application]").bounding_box()
    live.page.wait_for_function("picture => picture.naturalWidth === 640", timeout=20 * SECONDS,
                                arg=cell.locator("img.course-picture").element_handle())
    picture = cell.locator("img.course-picture").bounding_box()
    assert picture["x"] > pad["x"] + pad["width"] and 300 < picture["width"] < 640
    assert abs(picture["height"] / picture["width"] - 280 / 640) < 0.01


def test_the_page_has_nothing_to_complain_of(live):
    assert not live.page.errors, json.dumps(live.page.errors, indent=1)


def test_a_question_is_answered_and_explained(live):
    cell = live.cell(ASKED)
    first = questions("03")[0]
    right = [option.right for option in first.options].index(True)
    for option in first.options:
        assert option.why not in cell.inner_text()
    for k in [(right + 1) % len(first.options), right]:
        cell.locator(".widget-radio-box").first.locator("input").nth(k).check()
        cell.get_by_text(first.options[k].why).wait_for(timeout=10 * SECONDS)
    assert "Right." in cell.inner_text() and "0 of 5 right at the first try" in cell.inner_text()
    cell.locator(".widget-radio-box").nth(1).locator("input").first.focus()
    live.page.keyboard.press("Space")
    cell.get_by_text(questions("03")[1].options[0].why).wait_for(timeout=10 * SECONDS)
    live.shot("quiz-after-use")


def test_long_options_stay_on_a_narrow_page(live):
    size = live.page.viewport_size
    live.page.set_viewport_size({"width": 800, "height": 700})
    cell = live.cell(ASKED)
    wide = cell.evaluate("""cell => [...cell.querySelectorAll('.widget-radio-box label')]
        .filter(label => label.scrollWidth > label.clientWidth + 1
                || label.getBoundingClientRect().right > cell.getBoundingClientRect().right).length""")
    live.shot("quiz-800")
    live.page.set_viewport_size(size)
    assert wide == 0
