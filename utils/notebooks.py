"""Run a chapter's notebook and save it so that a second run writes the same bytes.

    python -m utils.notebooks save chapters/01_perceptron.ipynb

A saved notebook holds no timings, no widget state, no stderr and no path of one machine.
"""

from __future__ import annotations

import base64
import io
import os
import pathlib
import re
import sys
import tempfile
from typing import TYPE_CHECKING

from utils.address import badge, first_cell, readdress, repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

__all__ = ["badge", "execute", "first_cell", "normalise", "problems", "readdress", "repository",
           "save", "texts", "write"]
VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python",
            "pygments_lexer": "ipython3"}
# What must not be in a saved output: a folder of one machine, or an address in its memory.
MACHINE = re.compile(
    r"(?<![\w.:/+=,])/(?:root|tmp|\w+/[\w.-]+)/[\w./-]+|\b[A-Z]:\\\w+|\b0x[0-9a-f]{8,}"
)


def execute(nb: NotebookNode, folder: pathlib.Path, env: dict[str, str], timeout: int,
            after: Callable[[], object] | None = None) -> None:
    """Run all cells of ``nb`` in a fresh kernel of *this* Python, from inside ``folder``.

    ``env`` is added to the kernel's environment, which has a file of progress of its own; ``timeout``
    is in seconds for one cell; ``after`` is called when a code cell is done. Raises nbclient's
    CellExecutionError, CellTimeoutError or DeadKernelError.
    """
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(**get_kernel_dict(["--IPKernelApp.log_level=ERROR"]))

    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    kwargs = {"km": manager, "timeout": timeout, "startup_timeout": 180, "record_timing": False,
              "resources": {"metadata": {"path": str(folder)}}}
    if after:
        kwargs["on_cell_executed"] = lambda **_: after()
    client = NotebookClient(nb, **kwargs)
    with tempfile.TemporaryDirectory(prefix="course-") as own:
        quiet = {"TQDM_DISABLE": "1", "COURSE_PROGRESS": os.path.join(own, "progress.jsonl")}
        client.execute(env={**os.environ, **quiet, **env}, cleanup_kc=True)


def normalise(nb: NotebookNode) -> None:
    """Take out of an executed notebook what differs from run to run or from machine to machine."""
    nb.metadata = type(nb.metadata)(kernelspec=KERNEL, language_info=LANGUAGE)
    count = 0
    for cell in nb.cells:
        for name in set(cell.metadata) - {"tags", "jupyter"}:
            del cell.metadata[name]
        if cell.cell_type == "code":
            count += 1
            if cell.source == first_cell():  # folded in JupyterLab: it is no part of the story
                cell.metadata["jupyter"] = {"source_hidden": True}
            cell.execution_count = count
            cell.outputs = _merged(cell.outputs)
            for i, output in enumerate(cell.outputs):
                _normalise_output(output, count, f"{cell.id}-{i}")


def _normalise_output(output: NotebookNode, count: int, model: str) -> None:
    if "execution_count" in output:
        output["execution_count"] = count
    data = output.get("data", {})
    if "image/png" in data:
        data["image/png"] = _smaller(data["image/png"])
    if VIEW in data:
        data[VIEW] = {"model_id": model, "version_major": 2, "version_minor": 0}


def _smaller(picture: str) -> str:
    """A PNG, base64, with at most 256 colours: charts and digits need no more, a third of the bytes."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(picture)))
    if image.mode == "P":
        return picture
    buffer = io.BytesIO()
    image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    smaller = base64.b64encode(buffer.getvalue()).decode()
    return min(smaller, picture, key=len)


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what one stream printed in several messages: how many there are depends on timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        name = output.get("name") if output.output_type == "stream" else None
        if name and merged and merged[-1].get("name") == name:
            merged[-1]["text"] += output["text"]
        else:
            merged.append(output)
    return merged


def texts(cell: NotebookNode) -> list[str]:
    """Every text that the outputs of ``cell`` hold: streams, and all ``text/*`` forms."""
    found = []
    for output in cell.get("outputs", []):
        found += [output["text"]] if "text" in output else []
        found += [v for k, v in output.get("data", {}).items() if k.startswith("text/")]
    return found


def problems(nb: NotebookNode) -> list[str]:
    """One sentence for each output that must not be saved: stderr, a machine's path or memory."""
    said = []
    for i, cell in enumerate(nb.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                said.append(f"cell {i} wrote to stderr: {output['text'].strip()[:300]}")
        for match in filter(None, map(MACHINE.search, texts(cell))):
            said.append(f"cell {i} shows what only this machine has: {match[0]!r}")
    return said


def _save_pictures(nb: NotebookNode, folder: pathlib.Path) -> None:
    for cell in nb.cells:
        names = [t.removeprefix("picture:") for t in cell.metadata.get("tags", []) if ":" in t]
        data = [o.get("data", {}) for o in cell.get("outputs", [])]
        pictures = [d["image/png"] for d in data if "image/png" in d]
        for name, picture in zip(names, pictures, strict=False):
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.png").write_bytes(base64.b64decode(picture))


def save(path: str | os.PathLike, timeout: int = 1800) -> list[str]:
    """Run the notebook at ``path`` and write it back so that a second run writes the same bytes.

    Returns the problems found, none in a clean notebook; raises what ``execute`` raises, and
    writes nothing, when a cell fails.
    """
    import nbformat

    path = pathlib.Path(path).resolve()
    nb = nbformat.read(path, as_version=4)
    execute(nb, path.parent, {"COURSE_SAVING": "1"}, timeout)
    return write(nb, path)


def write(nb: NotebookNode, path: pathlib.Path) -> list[str]:
    """Normalise an executed notebook, write it to ``path``, and return the problems found.

    The PNG of a cell tagged ``picture:NAME`` is also written to ``assets/NAME.png``.
    """
    import nbformat

    normalise(nb)
    nbformat.write(nb, path)
    _save_pictures(nb, path.parents[1] / "assets")
    return problems(nb)


def main(arguments: list[str]) -> int:
    """``python3 -m utils.notebooks save FILE...``: run and save; 1 if anything is wrong."""
    if len(arguments) < 2 or arguments[0] != "save":
        print("usage: python3 -m utils.notebooks save FILE...")
        return 2
    wrong = 0
    for name in arguments[1:]:
        try:
            said = save(name)
        except Exception as error:  # one sentence for any failure of any cell, then the next file
            said = [re.sub(r"\x1b\[[0-9;]*m", "", f"{type(error).__name__}: {error}")]
        print(*(f"{name}: {sentence}" for sentence in said or ["saved"]), sep="\n")
        wrong += bool(said)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
