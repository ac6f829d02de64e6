"""Where the course lives, and what every chapter derives from it: first cell and Colab badge.

The address is written once, in ``pyproject.toml``. Standard library only: ``python3 -m utils
address`` runs without any installed package.
"""

import pathlib
import re
import tomllib

from utils.arguments import string

ROOT = pathlib.Path(__file__).resolve().parents[1]

FIRST_CELL = '''\
# Find the course; on Colab, fetch it first. Every chapter begins with this cell.
import sys
from pathlib import Path
from subprocess import run

address, course = "{address}", Path("/content/course")
if "google.colab" in sys.modules and not course.exists():
    git = ["git", "-c", "core.askpass=true", "clone", "--quiet", "--depth=1", address, course]
    done = run(git, capture_output=True, text=True)
    assert done.returncode == 0, f"No course at {{address}}; is that right? {{done.stderr}}"
places = [Path.cwd(), *Path.cwd().parents, course, *map(Path, sys.path)]
root = str(next((p for p in places if (p / "utils" / "notebooks.py").exists()), ""))
assert root, "The course was not found: open this notebook from its folder, chapters/."
for name in [name for name in sys.modules if name.split(".")[0] == "utils"]:
    if not str(getattr(sys.modules[name], "__file__", "")).startswith(str(Path(root, "utils"))):
        del sys.modules[name]  # another package called utils was imported before
sys.path.insert(0, root)
import utils  # before torch, whose threads it tells to sleep rather than spin while they wait'''


def repository(root: pathlib.Path = ROOT) -> str:
    """The address of the course's repository, as written in ``pyproject.toml``."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].rstrip("/")


def _slug(root: pathlib.Path = ROOT) -> str:
    return repository(root).removeprefix("https://github.com/")


def first_cell() -> str:
    """The source of the code cell that finds the course: on Colab it clones the repository.

    It puts the course's folder first on ``sys.path``, drops another package called ``utils`` if
    one was imported before, and does nothing else.
    """
    return FIRST_CELL.format(address=repository())


def colab(notebook_name: str) -> str:
    """The address at which Google Colab opens the chapter in ``chapters/notebook_name``."""
    string("notebook_name", notebook_name)
    return f"https://colab.research.google.com/github/{_slug()}/blob/main/chapters/{notebook_name}"


def badge(notebook_name: str) -> str:
    """The "Open in Colab" badge, as Markdown, of the chapter in ``chapters/notebook_name``."""
    picture = "https://colab.research.google.com/assets/colab-badge.svg"
    return f"[![Open in Colab]({picture})]({colab(notebook_name)})"


def readdress(new: str, root: pathlib.Path = ROOT) -> list[str]:
    """Rewrite the repository's address for a fork; return the names of the files that changed.

    ``new`` is ``OWNER/REPO`` or ``https://github.com/OWNER/REPO``. The badges and first cells of
    all chapters, README.md and pyproject.toml are rewritten. Raises ValueError for another form.
    """
    slug = re.sub(r"^https://github\.com/|(\.git)?/?$", "", string("new", new).strip())
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", slug):
        raise ValueError(f"expected OWNER/REPO or https://github.com/OWNER/REPO, and got {new!r}")
    old = re.compile(rf"(github(?:\.com)?/){re.escape(_slug(root))}(?![\w-])")
    changed = []
    files = [root / "README.md", root / "assets" / "hub" / "README.md", *sorted((root / "chapters").glob("*.ipynb"))]
    for path in [*files, root / "pyproject.toml"]:  # last, so that an interrupt can be repeated
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if (new_text := old.sub(rf"\g<1>{slug}", text)) != text:
            path.write_bytes(new_text.encode())
            changed.append(path.relative_to(root).as_posix())
    return changed
