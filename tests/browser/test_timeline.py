"""The timeline in a real JupyterLab: it moves by key and by button, and opens the chapter of an event."""

import shutil

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from utils.notebooks import KERNEL

from .conftest import ROOT, SECONDS

CELL = """import sys
sys.path.insert(0, "..")
from utils.widgets import Timeline
Timeline(ask="Which came first?", start="perceptrons-book", alt="A map of the years with one event marked.")"""
TAB = "[...document.querySelectorAll('.jp-mod-current .lm-TabBar-tabLabel')].map(tab => tab.textContent).join()"


def test_the_timeline_moves_and_opens_a_chapter(notebook):
    course, page = notebook.lab.root / "years", notebook.page
    for part in ("assets", "chapters", "utils"):
        shutil.copytree(ROOT / part, course / part, ignore=shutil.ignore_patterns("__pycache__", "bert"))
    shutil.copy(ROOT / "pyproject.toml", course)
    small = new_notebook(cells=[new_code_cell(CELL)], metadata={"kernelspec": KERNEL})
    nbformat.write(small, course / "chapters" / "small.ipynb")
    page.errors.clear()
    notebook.open("years/chapters/small.ipynb")
    notebook.run()
    cell = notebook.cell(0)
    told = cell.locator("[role=status]")
    told.get_by_text("1969 ·").wait_for(timeout=20 * SECONDS)
    cell.locator(".noUi-handle").press("ArrowLeft")
    told.get_by_text("1966 · A conversation").wait_for(timeout=20 * SECONDS)
    cell.get_by_role("button", name="next").click()
    told.get_by_text("1969 ·").wait_for(timeout=20 * SECONDS)
    cell.locator("select").select_option(label="only: winter")
    told.get_by_text("1974–1980 ·").wait_for(timeout=20 * SECONDS)
    cell.locator("select").select_option(label="what has a chapter")
    told.get_by_text("1974 ·").wait_for(timeout=20 * SECONDS)
    cell.locator(".noUi-handle").press("Home")
    told.get_by_text("1943 ·").wait_for(timeout=20 * SECONDS)
    cell.get_by_role("link", name="Open chapter 1").click()
    page.wait_for_function(f"() => ({TAB}).includes('01_perceptron.ipynb')", timeout=30 * SECONDS)
    heading = page.get_by_role("heading", name="1943: gates that do not learn")
    heading.wait_for(timeout=30 * SECONDS)
    page.get_by_role("tab", name="small.ipynb").click()  # JupyterLab goes to the heading of a chapter that is open
    cell.get_by_role("link", name="Open chapter 1").click()
    page.wait_for_function(f"() => ({TAB}).includes('01_perceptron.ipynb')", timeout=30 * SECONDS)
    page.wait_for_timeout(2000)
    notebook.shot("timeline-opened")
    assert 0 <= heading.bounding_box()["y"] < 1000
    errors = [error for error in page.errors if "net::ERR" not in error]
    assert not errors, errors
    notebook.stop()
