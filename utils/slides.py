"""A chapter as slides: few words on the wall, the whole text in the speaker's notes, every picture.

Of a text cell a slide keeps its heading, the first sentence under it, quotations, tables and whatever asks
for a prediction. Of a code cell it keeps the picture or table that came out, or the code itself where it
defines something short.
"""
import copy
import re

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

VIEW = "application/vnd.jupyter.widget-view+json"
HEADING = re.compile(r"^#{1,4} +.+$", re.M)
SENTENCE = re.compile(r".+?[.:?!](?=\s|$)", re.S)
PICTURE = "picture-only"  # the tag of a cell whose code is left out
SHORT = 16  # lines of code that can be read on a wall
DEFINES = re.compile(r"^(def|class) ", re.M)


def deck(nb: NotebookNode) -> NotebookNode:
    """A copy of a chapter whose cells say which slide they are on: a picture stands under the text before it."""
    new, bare = copy.deepcopy(nb), False
    new.cells = []
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for part in parts(cell.source):
                new.cells += text_slide(part)
            bare = True  # nothing stands under this text yet
        elif cell.cell_type == "code" and not cell.get("metadata", {}).get("jupyter", {}).get("source_hidden"):
            slide = code_slide(cell, "-" if bare else "subslide")
            new.cells += slide
            bare = bare and not slide
    return new


def parts(source: str) -> list[str]:
    """A text cell cut before each of its headings."""
    cuts = [0, *(match.start() for match in HEADING.finditer(source) if match.start()), len(source)]
    return [source[a:b].strip() for a, b in zip(cuts, cuts[1:]) if source[a:b].strip()]


def text_slide(text: str) -> list[NotebookNode]:
    """The slide of a text, and its notes; text without a heading goes below what is on the wall."""
    heading = HEADING.match(text)
    kind = "slide" if heading else "subslide"
    cells = [new_markdown_cell(on_the_wall(text), metadata={"slideshow": {"slide_type": kind}})]
    return [*cells, new_markdown_cell(text, metadata={"slideshow": {"slide_type": "notes"}})]


def on_the_wall(text: str) -> str:
    """Heading, first sentence, quotations, tables, lists and predictions of a text, in their order."""
    kept, first = [], True
    for block in re.split(r"\n\s*\n", text):
        block = block.strip()
        if HEADING.match(block):
            heading, _, block = block.partition("\n")
            kept.append(heading)
        if not block:
            continue
        if re.match(r">|\||[-*] |\d+\. |!\[|\$\$|<(img|figure|table)", block):
            kept.append(block)
        elif first or "**Predict" in block:
            found = SENTENCE.findall(block)
            asked = [sentence.strip() for sentence in found if "redict" in sentence or sentence.strip().endswith("?")]
            kept.append(" ".join(dict.fromkeys((found[:1] if first else []) + asked)).strip() or block)
        first = False
    return "\n\n".join(kept)


def code_slide(cell: NotebookNode, kind: str) -> list[NotebookNode]:
    """What came out of a cell, or its code where it defines something short; nothing for the rest."""
    shown = copy.deepcopy(cell)
    for output in shown.outputs:
        output.get("data", {}).pop(VIEW, None)  # the still picture stands for the widget
    shown.outputs = [output for output in shown.outputs if {"image/png", "text/html"} & set(output.get("data", {}))]
    short_code = DEFINES.search(cell.source) and len(cell.source.splitlines()) <= SHORT
    if not shown.outputs and not short_code:
        return []
    shown.metadata = {"slideshow": {"slide_type": kind}, "tags": [PICTURE] if shown.outputs else []}
    return [shown]
