"""The table of faults and the tests behind it: each row names a test that exists, each test stands in the table."""
import ast
import re
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TABLE = FOLDER / "faults.md"
MODULES = sorted(FOLDER.glob("test_faults_*.py"))
COLUMNS = ["fault", "what must happen", "what happened", "test"]


def rows() -> list[list[str]]:
    """The cells of every row of faults, without the other tables of the file."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if len(row) == len(COLUMNS) and row != COLUMNS and set(row[0]) - set("-: ")]


def functions_of(module: Path) -> set[str]:
    """The names of a module's test functions, "test_x::test_y"."""
    body = ast.parse(module.read_text(encoding="utf-8")).body
    return {f"{module.stem}::{node.name}" for node in body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def named(row: list[str]) -> list[str]:
    """The tests that a row names."""
    return re.findall(r"`(test_\w+::test_\w+)`", row[-1])


def test_every_row_is_whole_and_names_a_test_that_exists():
    assert len(rows()) > 25
    for row in rows():
        assert all(row) and named(row), row
        for name in named(row):
            module = FOLDER / f"{name.partition('::')[0]}.py"
            assert module.exists() and name in functions_of(module), name


def test_every_test_of_a_fault_stands_in_the_table():
    written = {name for row in rows() for name in named(row)}
    existing = set().union(*map(functions_of, MODULES))
    assert len(MODULES) >= 4 and not existing - written


def test_a_fault_has_one_row():
    assert max(Counter(row[0] for row in rows()).values()) == 1
