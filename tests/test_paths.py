"""Folders with spaces and letters of any alphabet; and what Windows and macOS make of files, simulated."""
import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unicodedata

import nbformat
import pytest

from tests.loopback import CONTENT, RECORD, bad_network
from tests.test_house import SOURCES, text_files, tracked
from utils import address, checkup, progress, runner, serving
from utils.data import sources
from utils.install import ROOT, Trouble

FOLDER = "kurs ä 日本"
WINDOWS_PRINTS = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}  # what a pipe or an older console has there
PLAIN_PRINTS = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii:strict"}
CELL = ("from utils.claims import claim\nfrom utils.data import sources\n"
        "assert 'ä' in str(sources.cache_folder()) and sources.read('mnist/file')[1] == 'COURSE_DATA'\n"
        "print(claim('01-linear-digits').measured([10.0, 15.5], '≈ ± 日本'))")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course in such a folder, with one small chapter; its own python -m utils, by the words after it."""
    folder = tmp_path_factory.mktemp("any") / FOLDER
    folder.mkdir()
    for name in ("pyproject.toml", "requirements.lock.txt", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "utils", folder / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "assets", folder / "assets", ignore=shutil.ignore_patterns("bert", "*.png"))
    (folder / "chapters").mkdir()
    cells = [nbformat.v4.new_code_cell(text) for text in (address.first_cell(), CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "chapters" / "01_kleines heft.ipynb")
    with bad_network() as server:
        row = {"mnist/file": {**RECORD, "urls": [server.url("cut"), server.url("good")]}}
        (folder / "assets" / "sources.json").write_text(json.dumps(row), encoding="utf-8")
        yield folder


def utils(course, prints, *words):
    """Run a command of that course; its return code and what it printed, as bytes."""
    own = {f"COURSE_{name}": str(course / name.lower() / FOLDER) for name in ("DATA", "CACHE", "PROGRESS")}
    env = {**os.environ, "COURSE_OFFLINE": "1", "no_proxy": "127.0.0.1", **own, **prints}
    done = subprocess.run([sys.executable, "-m", "utils", *words], cwd=course, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@pytest.mark.parametrize("prints", [WINDOWS_PRINTS, PLAIN_PRINTS], ids=["cp1252", "ascii"])
def test_help_progress_and_a_kit_in_such_a_folder(course, prints):
    code, said = utils(course, prints, "--help")
    assert code == 0 and b"python3 -m utils lab" in said
    code, said = utils(course, prints, "progress", "--forget")
    assert (code, said.strip()) == (0, b"Forgotten.")
    shutil.rmtree(course / "data", ignore_errors=True)
    code, said = utils(course, prints, "kit", f"data/{FOLDER}", "--chapters", "02")
    assert code == 1 and b"There is no chapter 02. There are: 01." in said
    with_digits = course / "chapters" / "02_b.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("digits()")]), with_digits)
    code, said = utils(course, prints, "kit", f"data/{FOLDER}", "--chapters", "02")
    with_digits.unlink()
    assert code == 0 and b"The kit is complete" in said and b"Traceback" not in said
    assert (course / "data" / FOLDER / "data" / "mnist" / "file").read_bytes() == CONTENT


def test_the_doctor_progress_and_a_run_in_such_a_folder(course):
    file = course / "data" / FOLDER / "mnist" / "file"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(CONTENT)
    code, said = utils(course, WINDOWS_PRINTS, "doctor")
    assert b"kurs \xe4 ??" in said and b"data in COURSE_DATA" in said and b"Traceback" not in said
    code, said = utils(course, WINDOWS_PRINTS, "run", "--here", "--html", f"html/{FOLDER}", "--results", "ä 日.jsonl")
    assert code == 0 and b"01_kleines heft: ok" in said and b"\xb1" in said and b"?" in said, said.decode("cp1252")
    assert "≈ ± 日本" in (course / "html" / FOLDER / "index.html").read_text(encoding="utf-8")
    code, said = utils(course, WINDOWS_PRINTS, "progress")
    assert code == 0 and b"01: 0 of " in said and b"kurs \xe4 ??" in said


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_in_either_form_of_unicode(monkeypatch, tmp_path, form):
    """macOS hands out names with the dots of an ä apart (NFD); what was typed has them together (NFC)."""
    folder = tmp_path / unicodedata.normalize(form, "kurs äé 日本")
    for name in ("DATA", "CACHE", "PROGRESS"):
        monkeypatch.setenv(f"COURSE_{name}", str(folder / name))
    monkeypatch.setattr(sources, "entry", lambda _: RECORD)
    (folder / "DATA" / "mnist").mkdir(parents=True)
    (folder / "DATA" / "mnist" / "file").write_bytes(CONTENT)
    assert sources.read("mnist/file") == (CONTENT, "COURSE_DATA")
    progress.note("exercise", "01.1", True)
    assert progress.done("01")["exercise"] == 1 and (folder / "PROGRESS").is_file()


# Windows and macOS, by what the source and the repository hold ----------------------------------------

POSIX = {"fork", "forkpty", "geteuid", "getuid", "getgid", "setsid", "killpg", "mkfifo", "chown", "wait4", "sysconf",
         "SIGKILL", "SIGALRM", "SIGHUP", "SIGUSR1", "sched_getaffinity", "getloadavg", "statvfs"}
ONLY_THERE = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "msvcrt", "winreg"}
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def traps(code):
    """What fails, or gives other bytes, on another system: in words."""
    whole = ast.parse(code)
    inner = {id(node) for part in ast.walk(whole) if isinstance(part, ast.FunctionDef) for node in ast.walk(part)}
    guarded = {call.args[1].value for call in ast.walk(whole) if isinstance(call, ast.Call)
               and ast.unparse(call.func) == "hasattr" and isinstance(call.args[1], ast.Constant)}
    handled = {id(node) for part in ast.walk(whole) if isinstance(part, ast.Try)
               and any("AttributeError" in ast.unparse(way.type) for way in part.handlers if way.type)
               for node in ast.walk(part)}
    for node in ast.walk(whole):
        if isinstance(node, ast.Import) and id(node) not in inner:
            yield from (f"import {name.name} at the top" for name in node.names if name.name in ONLY_THERE)
        if isinstance(node, ast.Attribute) and node.attr in POSIX - guarded and id(node) not in handled:
            yield f"{ast.unparse(node)} without a guard"
        if isinstance(node, ast.Call):
            yield from text_without_encoding(node)


def text_without_encoding(call):
    name = ast.unparse(call.func)
    words = {word.arg for word in call.keywords}
    binary = name in ("open", "io.open") and "b" in ast.unparse(call.args[1] if len(call.args) > 1 else call.args[0])
    if name.endswith((".read_text", ".write_text")) or (name in ("open", "io.open") and not binary):
        yield from () if "encoding" in words else [f"{name} without encoding"]
    if words & {"text", "universal_newlines"} and "encoding" not in words and not name.endswith("format"):
        yield f"{name} reads text in the system's alphabet"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_trap_for_another_system(path):
    found = list(traps(path.read_text(encoding="utf-8")))
    assert not found


@pytest.mark.parametrize("code", ["import fcntl", "os.fork()", "os.kill(1, signal.SIGKILL)", "open(x)", "open(x, 'w')",
                                  "x.read_text()", "x.write_text(t)", "run(x, text=True)", "os.geteuid()"])
def test_the_search_finds(code):
    assert list(traps(code))
    assert not list(traps("def f():\n import fcntl\nopen(x, 'rb')\nx.read_text(encoding='utf-8')\nImage.open(x)\n"
                          "hasattr(os, 'geteuid') and os.geteuid()"))


def test_names_are_legal_everywhere_and_no_two_are_one():
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    names += list(json.loads(sources.SOURCES.read_text(encoding="utf-8")))
    for name in names:
        for part in name.split("/"):
            assert part.isascii() and not re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', part), name
            assert not RESERVED.fullmatch(part), name
        assert len(name) < 120, "a Windows path has 260 letters with the folder it lies in"
    assert len({name.lower() for name in names}) == len(set(names)), "two names differ by case only"


def test_lines_end_alike_on_every_system():
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text(encoding="utf-8")
    assert not [path.name for path in text_files() if b"\r\n" in path.read_bytes()]


def test_paths_with_backslashes(monkeypatch, tmp_path):
    (tmp_path / "data" / "mnist").mkdir(parents=True)
    (tmp_path / "data" / "mnist" / "file").write_bytes(b"x")
    real = pathlib.Path.relative_to
    monkeypatch.setattr(pathlib.Path, "relative_to", lambda *way: pathlib.PureWindowsPath(real(*way)))
    assert list(serving.gather(tmp_path)[0]) == ["/data/mnist/file"]  # an address has slashes, whatever a path has
    assert checkup.short(r"disk: 9 GB free at C:\Users\Jörg\kurs") == "disk: 9 GB free at …/kurs"
    with pytest.raises(Trouble, match=r"There is no chapter chapters\\01.*There are: 00_prologue"):
        runner.choose([r"chapters\01"])
