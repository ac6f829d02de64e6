"""The one command: what it installs, how it repairs, what it says. No test here installs a package."""

import ast
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import types

import pytest

from utils import __main__ as launcher
from utils import checkup, commands, install, notebooks

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCK = "numpy==2.0\n    --hash=sha256:aa\nnvidia-cublas==13 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n"
LOCK += "torch==2.15.0 \\\n    --hash=sha256:cc\ntorchvision==0.29.2 \\\n    --hash=sha256:dd\ntriton==3 \\\n    x\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A course folder in which venv, pip and uv only note that they were called."""
    seen = types.SimpleNamespace(calls=[], code={}, raises=None)

    def make(env, **options):
        seen.calls.append("venv")
        install.binary("python").parent.mkdir(parents=True, exist_ok=True)
        install.binary("python").write_text("")

    def call(*command, **options):
        name = "pip" if "pip" in map(str, command[:3]) and "-m" in command else "uv"
        seen.calls.append(" ".join(map(str, command)))
        if seen.raises == name:
            raise KeyboardInterrupt
        if name == "pip":
            install.binary("uv").write_text("")
        return subprocess.CompletedProcess(command, seen.code.get(name, 0), "", "no such host")

    (tmp_path / "requirements.lock.txt").write_text(LOCK)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, value in (("ROOT", tmp_path), ("ENV", tmp_path / ".venv"), ("call", call),
                        ("LOCK", tmp_path / "requirements.lock.txt"), ("works", pathlib.Path.exists)):
        monkeypatch.setattr(install, name, value)
    monkeypatch.setattr(install.venv, "create", make)
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: name == "pip")
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(install.platform, "system", lambda: "Linux")
    monkeypatch.setattr(sys, "platform", "linux")
    return seen


def kinds(calls: list[str]) -> list[str]:
    return ["venv" if c == "venv" else "pip" if " -m pip " in c else "uv" for c in calls]


# Setting up -------------------------------------------------------------------------------------


def test_a_fresh_folder_is_set_up_once(machine, capsys):
    python = install.ready()
    assert python == install.binary("python") and kinds(machine.calls) == ["venv", "pip", "uv"]
    assert "--require-hashes" in machine.calls[2] and "--no-config" in machine.calls[2]
    assert "about 3 GB to download" in capsys.readouterr().out
    machine.calls.clear()
    assert install.ready() == python and machine.calls == [] and capsys.readouterr().out == ""


def test_another_lock_is_installed_into_the_same_environment(machine):
    install.ready()
    mine = install.ENV / "mine"
    mine.touch()
    install.LOCK.write_text(LOCK.replace("2.15.0", "2.16.0"))
    machine.calls.clear()
    install.ready()
    assert kinds(machine.calls) == ["uv"] and mine.exists()


def test_line_ends_do_not_make_another_lock(machine):
    install.ready()
    install.LOCK.write_bytes(LOCK.replace("\n", "\r\n").encode())
    machine.calls.clear()
    install.ready()
    assert machine.calls == []


@pytest.mark.parametrize("moment", ["pip", "uv"])
def test_an_interrupted_set_up_is_made_anew(machine, capsys, moment):
    machine.raises = moment
    with pytest.raises(KeyboardInterrupt):
        install.ready()
    assert install.stamp().read_text() == "unfinished"
    half = install.ENV / "half"
    half.touch()
    machine.raises = None
    install.ready()
    assert not half.exists() and install.installed()[0] == install.lock_hash()
    assert "interrupted" in capsys.readouterr().out


def test_an_interrupted_update_is_made_anew(machine):
    install.ready()
    install.LOCK.write_text(LOCK + "# more\n")
    machine.raises = "uv"
    with pytest.raises(KeyboardInterrupt):
        install.ready()
    machine.raises, machine.calls[:] = None, []
    install.ready()
    assert kinds(machine.calls) == ["venv", "pip", "uv"]


def test_a_broken_python_is_replaced(machine):
    install.ready()
    install.binary("python").unlink()
    machine.calls.clear()
    install.ready()
    assert kinds(machine.calls) == ["venv", "pip", "uv"] and install.binary("python").exists()


def test_an_empty_venv_folder_is_filled(machine):
    install.ENV.mkdir()
    install.ready()
    assert kinds(machine.calls) == ["venv", "pip", "uv"]


def test_offline_installs_from_the_kit_alone(machine, tmp_path):
    install.ready(kit=str(tmp_path / "kit"))
    for command in machine.calls[1:]:
        assert f"--no-index --find-links {tmp_path / 'kit'}" in command


def test_cpu_leaves_cuda_out_and_is_remembered(machine):
    install.ready(cpu=True)
    rest, torch = machine.calls[2:]
    assert "--require-hashes --no-deps" in rest and "cpu.txt" in rest
    assert torch.endswith(f"--no-deps --index-url {install.CPU_INDEX} torch==2.15.0 torchvision==0.29.2")
    assert (install.ENV / "cpu.txt").read_text().startswith("numpy==2.0\n    --hash=sha256:aa\n")
    assert not any(word in (install.ENV / "cpu.txt").read_text() for word in ("torch", "nvidia", "triton"))
    machine.calls.clear()
    install.ready()
    assert machine.calls == [], "a plain start keeps the smaller torch"
    install.LOCK.write_text(LOCK + "# more\n")
    install.ready()
    assert install.CPU_INDEX in machine.calls[-1], "and so does an update"


def test_cpu_replaces_an_environment_with_cuda(machine):
    install.ready()
    machine.calls.clear()
    install.ready(cpu=True)
    assert kinds(machine.calls) == ["venv", "pip", "uv", "uv"]


def test_the_real_lock_without_cuda_keeps_every_hash_of_the_rest():
    rest, torch = install.without_cuda((ROOT / "requirements.lock.txt").read_text())
    assert [pin.split("==")[0] for pin in torch] == ["torch", "torchvision"]
    assert "\nnumpy==" in rest and "\ntransformers==" in rest and "\ntriton==" not in rest
    assert all("--hash=" in block for block in rest.split("\n\n") if "==" in block)


# What it says -----------------------------------------------------------------------------------


def refuse(match: str, **options) -> None:
    with pytest.raises(install.Trouble, match=match):
        install.ready(**options)
    assert not install.stamp().exists() or install.installed()[0] == "unfinished"


def test_no_pip(machine, monkeypatch):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    refuse("has no pip. On Debian and Ubuntu: sudo apt install python3-pip")


def test_no_pip_but_uv(machine, monkeypatch):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(install.shutil, "which", lambda name: "/opt/uv")
    install.ready()
    assert machine.calls[1].startswith("/opt/uv pip install")


def test_intel_mac(machine, monkeypatch):
    monkeypatch.setattr(install.platform, "system", lambda: "Darwin")
    refuse("no current PyTorch for Intel Macs.*Colab")


def test_read_only_folder(machine, monkeypatch):
    monkeypatch.setattr(install.os, "access", lambda path, mode: False)
    refuse("cannot be written to")


def test_the_disk_is_too_small(machine, monkeypatch):
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=4e9))
    refuse(r"about 9 GB of disk; .* has 4.0 GB free. A smaller way on Linux, without CUDA: add --cpu")
    install.ready(cpu=True)


def test_the_folder_cannot_be_made(machine, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(install.venv, "create", full)
    refuse("cannot be made: .*No space left")


def test_no_network_for_pip(machine):
    machine.code["pip"] = 1
    refuse("(?s)pip could not fetch uv.*no such host.*Is there a network")


def test_no_network_for_uv(machine):
    machine.code["uv"] = 2
    refuse("could not be installed.*Is there a network.*--offline FOLDER")


def test_a_wrong_kit(machine, tmp_path):
    machine.code["uv"] = 2
    refuse("Is .*kit a kit made by", kit=str(tmp_path / "kit"))


def test_cpu_from_a_kit(machine, tmp_path):
    refuse("do not go together", kit=str(tmp_path), cpu=True)


def test_inside_its_own_venv(machine, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(install.ENV))
    refuse("deactivate")


def test_a_python_with_everything_is_told_of_here(machine, capsys, monkeypatch):
    monkeypatch.setattr(install, "missing", lambda *extras: [])
    install.ready()
    assert "--here uses it and installs nothing" in capsys.readouterr().out


def test_here_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(commands, "missing", lambda extra: ["torch>=2.9 (not installed)"])
    options = launcher.parser().parse_args(["lab", "--here"])
    with pytest.raises(install.Trouble, match="lacks torch>=2.9 .not installed."):
        commands.python_for(options, "desk")


@pytest.mark.parametrize("found, least, enough", [
    ("2.15.0+cu132", "2.9", True), ("2.8.1", "2.9", False), ("3.0rc1", "3", True),
    ("7.7.1", "7.7.1", True), (None, "1", False), ("", "1", False)])
def test_satisfies(found, least, enough):
    assert install.satisfies(found, least) is enough


# The command line -------------------------------------------------------------------------------


def test_help_needs_nothing_installed():
    command = [sys.executable, "-S", "-E", "-m", "utils", "--help"]
    got = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert got.returncode == 0 and "3 GB" in got.stdout
    for word in ("lab", "test", "run", "doctor", "kit", "address"):
        assert f"    {word} " in got.stdout


def test_an_old_python_gets_as_far_as_the_sentence(monkeypatch, capsys):
    ast.parse((ROOT / "utils" / "__main__.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert launcher.main(["lab"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().out


@pytest.fixture
def handed(monkeypatch):
    """What lab and test hand over, with a .venv that is ready."""
    seen = []
    monkeypatch.setattr(commands, "ready", lambda cpu, kit: pathlib.Path("/venv/python"))
    monkeypatch.setattr(commands, "hand_over", lambda command: seen.append(command) or 7)
    monkeypatch.setattr(commands, "no_news", lambda: None)
    return seen


def test_test_passes_options_and_exit_code_through(handed, monkeypatch):
    monkeypatch.setattr(commands.os, "cpu_count", lambda: 2)
    assert launcher.main(["test", "-k", "a and not b", "--lf", "-x"]) == 7
    assert handed == [["/venv/python", "-m", "pytest", "-n", "2", "--dist", "loadfile",
                       "-k", "a and not b", "--lf", "-x"]]


@pytest.mark.parametrize("words, cores", [(["-n", "0"], 2), (["-n4"], 8), (["--pdb"], 2), ([], 1)])
def test_test_is_parallel_only_where_it_helps(handed, monkeypatch, words, cores):
    monkeypatch.setattr(commands.os, "cpu_count", lambda: cores)
    launcher.main(["test", *words])
    assert handed == [["/venv/python", "-m", "pytest", *words]]


def test_lab_opens_the_first_chapter(handed, tmp_path, monkeypatch):
    (tmp_path / "chapters").mkdir()
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    launcher.main(["lab", "--no-browser"])
    for name in ("01_b.ipynb", "00_a.ipynb"):
        (tmp_path / "chapters" / name).touch()
    launcher.main(["lab"])
    assert "--LabApp.default_url=/lab/tree/README.md" in handed[0] and handed[0][-1] == "--no-browser"
    assert "--LabApp.default_url=/lab/tree/chapters/00_a.ipynb" in handed[1]


def test_run_goes_on_in_the_environment(handed, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["utils", "run", "01", "--tier", "full"])
    assert launcher.main(["run", "01", "--tier", "full"]) == 7
    assert handed == [["/venv/python", "-m", "utils", "run", "01", "--tier", "full", "--here"]]


def test_run_and_doctor_take_no_unknown_options(capsys):
    for words in (["run", "--fast"], ["doctor", "now"]):
        with pytest.raises(SystemExit, match="2"):
            launcher.main(words)
    assert "not understood: --fast" in capsys.readouterr().err


def test_trouble_is_a_sentence_and_ctrl_c_is_quiet(monkeypatch, capsys):
    def fail(error):
        def lab(options, rest):
            raise error
        return lab

    monkeypatch.setattr(commands, "lab", fail(install.Trouble("No disk.")))
    assert launcher.main(["lab"]) == 1 and capsys.readouterr().err == "No disk.\n"
    monkeypatch.setattr(commands, "lab", fail(KeyboardInterrupt()))
    assert launcher.main(["lab"]) == 130 and "goes on from here" in capsys.readouterr().err


def test_address_refuses_with_a_sentence(capsys):
    assert launcher.main(["address", "not an address"]) == 1
    assert "expected OWNER/REPO" in capsys.readouterr().err


def test_doctor_names_problems_and_mends(monkeypatch, capsys):
    monkeypatch.setattr(checkup, "missing", lambda: ["torch>=2.9 (2.1)"])
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1e9))
    assert checkup.report() == 1
    said = capsys.readouterr().out
    assert "[!!] not as pyproject.toml asks: torch>=2.9 (2.1)\n     Run python3 -m utils lab" in said
    assert "[!!] disk: 1 GB" in said and "2 to mend." in said


def test_in_a_chapter_the_doctor_marks_each_line_and_names_no_folder(capsys, monkeypatch):
    monkeypatch.setattr(checkup, "missing", lambda: [])
    monkeypatch.setattr(checkup, "python", lambda: [("Python at /some/where/bin/python", "Mend /a/b/c.\nTwice.")])
    assert checkup.report("here: ") == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("here: ") for line in lines) and lines[-1].endswith("to mend.")
    assert lines[:3] == ["here: [!!] Python at …/python", "here:      Mend …/c.", "here: Twice."]
    assert not any(notebooks.MACHINE.search(line) for line in lines)


def test_a_check_that_fails_is_a_finding(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(checkup, "LOCK", tmp_path / "nowhere")
    assert checkup.report() == 1
    assert "[!!] packages: not checked (FileNotFoundError" in capsys.readouterr().out


def test_short_leaves_addresses_and_fractions_alone():
    text = "1/2 of https://a.org/b/c and C:\\Temp\\x (/tmp/y z)"
    assert checkup.short(text) == "1/2 of https://a.org/b/c and …/x (…/y z)"


def nvidia(monkeypatch, version, usable):
    card = types.SimpleNamespace(stdout="NVIDIA X1, 16384 MiB, 470.1\n", returncode=0)
    monkeypatch.setattr(checkup.subprocess, "run", lambda *command, **options: card)
    torch = types.SimpleNamespace(version=types.SimpleNamespace(cuda=version),
                                  cuda=types.SimpleNamespace(is_available=lambda: usable))
    monkeypatch.setattr(checkup.importlib, "import_module", lambda name: torch)
    return checkup.graphics()


@pytest.mark.parametrize("version, usable, mend", [
    ("13.0", True, ""), ("13.0", False, "update the NVIDIA driver"), (None, False, "built without CUDA")])
def test_the_doctor_says_why_a_card_is_not_used(monkeypatch, version, usable, mend):
    (text, said), = nvidia(monkeypatch, version, usable)
    assert text == "NVIDIA card: NVIDIA X1, 16384 MiB, driver 470.1" and mend in said and bool(said) == bool(mend)


def test_the_doctor_finds_no_card_where_there_is_none(monkeypatch):
    def fail(*command, **options):
        raise FileNotFoundError

    monkeypatch.setattr(checkup.subprocess, "run", fail)
    assert checkup.graphics() == []
    failed = types.SimpleNamespace(stdout="NVIDIA-SMI has failed\n", returncode=9)
    monkeypatch.setattr(checkup.subprocess, "run", lambda *command, **options: failed)
    assert checkup.graphics() == []


def test_the_doctor_misses_the_widgets_part_of_jupyterlab(monkeypatch, tmp_path):
    monkeypatch.setattr(checkup, "version", lambda name: "1.0")
    monkeypatch.setattr(checkup.importlib, "import_module",
                        lambda name: types.SimpleNamespace(jupyter_path=lambda part: [str(tmp_path)]))
    (text, mend), = checkup.widgets()
    assert text == "widgets: ipywidgets 1.0, anywidget 1.0, jupyterlab 1.0"
    assert "lacks @jupyter-widgets/jupyterlab-manager and anywidget" in mend
    (tmp_path / "@jupyter-widgets" / "jupyterlab-manager").mkdir(parents=True)
    (tmp_path / "anywidget").mkdir()
    assert checkup.widgets() == [(text, "")]


def test_the_doctor_waits_for_no_server(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(checkup, "PATIENCE", 0.2)
    monkeypatch.setattr(checkup, "answers", lambda url: time.sleep(60))
    began = time.monotonic()
    (text, mend), = checkup.data()
    assert time.monotonic() - began < 5 and "no mirror answers" in text and "mnist" in text and not mend
    monkeypatch.setattr(checkup, "answers", lambda url: True)
    (text, mend), = checkup.data()
    assert text.startswith("data to be downloaded")


def test_the_doctor_knows_little_memory(monkeypatch):
    now = types.SimpleNamespace(total=8e9, available=1e9)
    psutil = types.SimpleNamespace(virtual_memory=lambda: now)
    monkeypatch.setattr(checkup.importlib, "import_module", lambda name: psutil)
    (text, mend), = checkup.memory()
    assert text.startswith("memory: 8 GB, 1 GB of it free") and "close other kernels" in mend


# For real ---------------------------------------------------------------------------------------


def python_with_pip() -> str | None:
    """A Python that has pip: this one, the one that .venv was made from, or the system's."""
    known = [sys.executable, getattr(sys, "_base_executable", None), f"{sys.base_prefix}/bin/python3"]
    for python in filter(None, [*known, shutil.which("python3")]):
        if shutil.which(python) and not subprocess.run([python, "-m", "pip", "-V"], capture_output=True).returncode:
            return python
    return None


def test_ctrl_c_and_an_empty_kit_for_real(tmp_path):
    """Really makes .venv, really fails to install from an empty folder, and is repaired after."""
    python = python_with_pip()
    if not python:
        pytest.skip("no Python with pip")
    for name in ("utils", "pyproject.toml", "requirements.lock.txt"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (tmp_path / "kit").mkdir()
    command = [python, "-m", "utils", "test", "--offline", "kit"]
    for _ in range(2):
        got = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert got.returncode == 1 and "pip could not fetch uv" in got.stderr, got.stderr
        assert "Traceback" not in got.stderr
        assert (tmp_path / ".venv" / ".course").read_text() == "unfinished"
    assert "The last set-up was interrupted: making .venv anew." in got.stdout


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or sys.platform == "win32", reason="POSIX signals")
def test_hand_over_leaves_ctrl_c_to_the_program():
    child = "import time, signal\ntry:\n print('on', flush=True); time.sleep(30)\nexcept KeyboardInterrupt:\n exit(5)"
    parent = f"import sys\nfrom utils.commands import hand_over\nsys.exit(hand_over([sys.executable, '-c', {child!r}]))"
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          start_new_session=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler)) as process:
        assert process.stdout.readline() == "on\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        assert process.wait(20) == 5
