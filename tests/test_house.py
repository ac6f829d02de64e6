"""Rules of the house: light imports in one direction, documented functions, clean files, live links."""

import ast
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from utils.notebooks import badge

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "utils").rglob("*.py"))
HEAVY = {"torch", "torchvision", "transformers", "numpy", "matplotlib", "scipy", "sklearn", "IPython"}
# What may be imported at the top of a module, from the bottom up: a module sees only lower floors.
FLOORS = [{"say"}, {"device"}, {"data", "checkpoints", "history", "training"}, {"plots"}, {"widgets"}]
BARE = ["__main__", "commands", "install", "address"]  # they run before anything is installed
# Written in pieces, so that this file does not find itself.
PLACES = re.compile("/" + "root/|/" + r"home/\w|/" + r"Users/\w|/" + "work/")
HOSTS = re.compile("pypi" + r"\.org|python" + r"hosted\.org|registry\.npm" + r"js|deb\." + "debian")
LEFTOVER = re.compile(r"\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b")
PICTURE = re.compile(r'"image/png": "[^"]*"')  # its letters can spell anything
LINK = re.compile(r"\]\(([^)\s]+)\)|<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")


def tree(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path: pathlib.Path) -> str:
    """The part of utils that a file belongs to: "data" for utils/data/images.py."""
    return path.relative_to(ROOT / "utils").parts[0].removesuffix(".py")


def top_imports(path: pathlib.Path) -> set[str]:
    """Every module that a file imports at its top level: "torch", "utils.say"."""
    found = set()
    for node in tree(path).body:
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = node.module == "utils"
            found |= {f"utils.{name.name}" for name in node.names} if inside else {node.module}
    return found


def tracked() -> list[pathlib.Path]:
    """The files that are, or would be, in the repository."""
    ask = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    got = subprocess.run(ask, capture_output=True, text=True) if shutil.which("git") else None
    if got and got.returncode == 0:
        return sorted(ROOT / name for name in got.stdout.split("\0") if name and (ROOT / name).is_file())
    hidden = {".git", ".venv", "html", "kit", "__pycache__", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
    every = [path for path in ROOT.rglob("*") if path.is_file()]
    return sorted(path for path in every if not hidden & set(path.relative_to(ROOT).parts))


def text_files() -> list[pathlib.Path]:
    return [path for path in tracked() if path.suffix not in {".png", ".safetensors", ".gz"}]


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_importing_utils_imports_nothing_heavy():
    code = f"import sys, utils; print(sorted({HEAVY!r} & set(sys.modules)))"
    got = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "[]"


@pytest.mark.parametrize("name", BARE)
def test_the_launcher_needs_the_standard_library_only(name):
    command = [sys.executable, "-S", "-E", "-c", f"import utils.{name}"]  # -S: no installed packages
    got = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert got.returncode == 0, got.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_go_one_way(path):
    here = [i for i, floor in enumerate(FLOORS) if module_of(path) in floor]
    ours = {name.split(".")[1] for name in top_imports(path) if name.startswith("utils.")}
    above = set().union(*FLOORS[here[0] + 1:]) if here else set()
    assert not ours & above, f"{module_of(path)} is below {sorted(ours & above)}"


def test_no_module_imports_itself_in_a_circle():
    sees = {}
    for path in SOURCES:
        ours = {name.split(".")[1] for name in top_imports(path) if name.startswith("utils.")}
        sees.setdefault(module_of(path), set()).update(ours - {module_of(path)})
    while free := [name for name, others in sees.items() if not others & set(sees)]:
        for name in free:
            del sees[name]
    assert not sees, f"these import one another: {sorted(sees)}"


def functions(path: pathlib.Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_is_public_is_documented_and_typed(path):
    public = [node for node in tree(path).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
              and not node.name.startswith("_")]
    silent = [node.name for node in public if not ast.get_docstring(node)]
    assert ast.get_docstring(tree(path)) or not read(path).strip(), "the module has no docstring"
    assert not silent, f"no docstring: {silent}"
    if "solutions" in path.parts:
        return  # checks of exercises take whatever a learner hands in
    untyped = [f"{node.name}({argument.arg})" for node in functions(path) if not node.name.startswith("_")
               for argument in node.args.posonlyargs + node.args.args + node.args.kwonlyargs
               if argument.annotation is None and argument.arg not in ("self", "cls")]
    assert not untyped, f"no type: {untyped}"


def lines(node):
    """The lines of a function without its docstring."""
    first = node.body[0]
    words = ast.get_docstring(node) is not None and first.end_lineno - first.lineno + 1
    return node.end_lineno - node.lineno + 1 - words


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_functions_and_modules_are_short(path):
    long = [node.name for node in functions(path) if lines(node) > 40]
    assert not long, f"over 40 lines: {long}"
    assert len(read(path).splitlines()) <= 220 or "solutions" in path.parts


def test_no_star_imports():
    stars = [path.name for path in SOURCES for node in ast.walk(tree(path))
             if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    assert not stars


@pytest.mark.parametrize("pattern", [PLACES, HOSTS, LEFTOVER], ids=["machine", "registry", "left over"])
def test_no_file_holds(pattern):
    found = {f"{path.relative_to(ROOT)}: {match[0]}" for path in text_files()
             for match in pattern.finditer(PICTURE.sub("", read(path)))}
    assert not found


def links(text: str) -> list[str]:
    """The targets of a Markdown text's links and pictures that point into the repository."""
    targets = [one or other for one, other in LINK.findall(text)]
    return [t.split("#")[0] for t in targets if not re.match(r"[a-z]+:|#|attachment:|data:", t)]


@pytest.mark.parametrize("path", [p for p in text_files() if p.suffix in (".md", ".ipynb")],
                         ids=lambda p: p.name)
def test_links_into_the_repository_are_alive(path):
    import nbformat

    text = read(path)
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    dead = [target for target in links(text) if not (path.parent / target).exists()]
    assert not dead


def test_links_finds_what_it_should():
    assert links('[a](b.md#x) ![p](p.png) <img alt="z" src="q.png"> [w](https://x.y) [s](#t)') == [
        "b.md", "p.png", "q.png"]


def test_readme_has_the_two_commands_and_every_badge():
    readme = read(ROOT / "README.md")
    first_block = re.search(r"```\w*\n(.*?)```", readme, re.DOTALL)[1]
    assert re.findall(r"python3 -m utils \w+", first_block) == ["python3 -m utils lab", "python3 -m utils test"]
    for chapter in (ROOT / "chapters").glob("[0-9]*.ipynb"):
        assert badge(chapter.name) in readme, f"no row, or another address, for {chapter.name}"


def test_ci_calls_the_readmes_command():
    assert "python3 -m utils test" in read(ROOT / ".ci" / "run")


def test_ruff_finds_nothing():
    got = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT,
                         capture_output=True, text=True)
    assert got.returncode == 0, got.stdout + got.stderr


def test_ruff_reads_notebooks(tmp_path):
    import nbformat

    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1\nimport os\nprint(nowhere)")])
    nbformat.write(nb, tmp_path / "bad.ipynb")
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    got = subprocess.run([sys.executable, "-m", "ruff", "check", *config, tmp_path], cwd=ROOT,
                         capture_output=True, text=True)
    assert "F821" in got.stdout and "E402" not in got.stdout
