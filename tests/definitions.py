"""Take the definitions out of a chapter, so that tests can call what the reader sees."""

import ast
import pathlib
import types

import nbformat

CHAPTERS = pathlib.Path(__file__).resolve().parents[1] / "chapters"
WANTED = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def load(chapter: str | pathlib.Path, constants: tuple[str, ...] = ()) -> types.ModuleType:
    """A module with a notebook's top-level imports, functions and classes; nothing else is run.

    chapter: "01_perceptron.ipynb", or a path. constants: names whose top-level assignments are run
    too, for functions that use them. Raises KeyError for a constant that is not assigned, and
    SyntaxError, naming the cell, for one that is not plain Python.
    """
    path = CHAPTERS / chapter
    module = types.ModuleType(path.stem)
    for i, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "code":
            name = f"{path.name}, cell {i}"
            tree = ast.parse(cell.source, filename=name)
            tree.body = [node for node in tree.body if wanted(node, constants)]
            exec(compile(tree, name, "exec"), vars(module))
    absent = [name for name in constants if not hasattr(module, name)]
    if absent:
        raise KeyError(f"{path.name} assigns no {', '.join(absent)} at the top level of a cell")
    return module


def wanted(node: ast.stmt, constants: tuple[str, ...]) -> bool:
    """Whether this statement defines something: an import, def, class or a constant asked for."""
    if isinstance(node, ast.Assign):
        names = [name.id for target in node.targets for name in ast.walk(target)
                 if isinstance(name, ast.Name)]
        return bool(set(names) & set(constants))
    return isinstance(node, WANTED)
