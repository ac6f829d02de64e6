"""`torchrun -m utils run`: two and four processes learn what one learns, and end, fail and start again as one."""
import io
import os
import pathlib
import re
import subprocess
import sys
from contextlib import redirect_stdout

import pytest
import torch

from tests import sharing
from tests.benchmarks import scale_page
from utils import __main__ as launcher
from utils.install import Trouble
from utils.replicas import chapters
from utils.replicas.rehearsal import why_not
from utils.replicas.shares import share
from utils.rows import rows_of

ROOT = pathlib.Path(__file__).resolve().parents[1]
TIMEOUT = 400  # seconds; a quiet machine needs about a fifteenth of it
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="torchrun on Windows needs a torch with libuv")


def torchrun(processes: int, *words: object, restarts: int = 0, **env: str) -> subprocess.CompletedProcess:
    """`torchrun -m utils run WORDS` with so many processes on this machine's CPU."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}",
               f"--max-restarts={restarts}", "-m", "utils", "run", *map(str, words)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "COURSE_DEVICE": "cpu", **env}
    env.pop("COURSE_STATES", None)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=TIMEOUT)


@pytest.fixture(scope="module")
def alone():
    """What one process keeps, without torchrun: the same cells, run here."""
    said, names = io.StringIO(), {"__name__": "alone"}
    with redirect_stdout(said):
        for cell in sharing.CELLS:
            exec(compile(cell, "cell", "exec"), names)
    return sharing.kept(said.getvalue())


@pytest.fixture(scope="module", params=[2, 4])
def together(request, tmp_path_factory):
    """(processes, what they print) for the same cells under torchrun."""
    folder = tmp_path_factory.mktemp("together")
    cells = sharing.CELLS if request.param == 2 else sharing.SHARED
    got = torchrun(request.param, sharing.notebook(folder / "01_cells.ipynb", *cells))
    assert got.returncode == 0, got.stdout[-2000:] + got.stderr[-4000:]
    return request.param, got.stdout


def numbers(row: list) -> list[float]:
    """The numbers among what was kept."""
    return [value for value in row if not isinstance(value, str)]


def test_the_losses_are_those_of_one_process(alone, together):
    processes, said = together
    found = sharing.kept(said)
    assert set(found) == set(alone) or processes == 4 and "bert" in found and "two optimizers" in found
    for name, row in found.items():
        close = 0.15 if name in sharing.CHANCE else 1e-4
        assert len(row) == len(alone[name]) > 1, name
        assert numbers(row) == pytest.approx(numbers(alone[name]), abs=close), name


def test_chance_is_each_process_own_and_then_common(alone, together):
    found = sharing.kept(together[1])
    assert found["mlp, what is drawn next"] == alone["mlp, what is drawn next"]
    for name in set(sharing.CHANCE) & set(found):
        assert found[name] != pytest.approx(alone[name], abs=1e-4), f"{name}: as if no process drew its own"


def test_what_cannot_be_shared_is_done_whole_and_said_so(alone, together):
    processes, said = together
    lines = re.findall(r"here: each of the (\d) processes does this training whole: (.*)", said)
    if processes == 4:
        assert not lines, "all of these can be shared"
        return
    assert {number for number, _ in lines} == {"2"}
    assert "its step names no optimizer" in [why for _, why in lines]
    assert any("do not add up" in why for _, why in lines)
    for name in ("nets", "a sum", "by hand"):
        assert sharing.kept(said)[name] == alone[name], "not the same numbers to the last bit"


def test_a_training_that_diverges_ends_alike_in_all_processes(alone, together):
    if together[0] == 2:
        assert sharing.kept(together[1])["diverged"][-1] == alone["diverged"][-1]


def test_one_process_prints_and_measures(together):
    processes, said = together
    assert said.count("01_cells: ok") == 1 and said.count("share the batches") == 1
    if processes == 2:
        assert len(re.findall("^01 .* the four points ", said, re.MULTILINE)) == 1, said[-2000:]


DIES = sharing.FIRST + """
folder, rank = os.environ["TRIED"], int(os.environ["RANK"])
split, model = data(103), mlp(nn.Dropout(0.2))
optimizer, steps = torch.optim.Adam(model.parameters(), 1e-2), 0

def step(batch):
    global steps
    steps += 1
    loss = F.cross_entropy(model(batch[0]), batch[1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if steps == DEATH and rank == 1:
        os.kill(os.getpid(), 9)
    return {"loss": loss}

print("attempt", os.environ["TORCHELASTIC_RESTART_COUNT"])
for name, DEATH in (("undisturbed", 0), ("killed", 17 if os.environ["TORCHELASTIC_RESTART_COUNT"] == "0" else 0)):
    split, model, steps = data(103), mlp(nn.Dropout(0.2)), 0
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    history = fit(model, Batches(split, 16), step, epochs=4, quiet=True, checkpoint=f"{folder}/{name}.ckpt")
    keep(f"{name} {os.environ['TORCHELASTIC_RESTART_COUNT']}", [*history.steps["loss"], steps])
"""


def test_a_killed_process_and_the_others_start_again_from_the_checkpoint(tmp_path):
    (tmp_path / "kept").mkdir()
    page = sharing.notebook(tmp_path / "01_dies.ipynb", DIES)
    got = torchrun(2, page, restarts=1, TRIED=str(tmp_path / "kept"))
    assert got.returncode == 0, got.stdout[-2000:] + got.stderr[-4000:]
    found = sharing.kept(got.stdout)
    assert set(found) == {"undisturbed 0", "undisturbed 1", "killed 1"}
    *losses, steps = found["killed 1"]
    assert losses == found["undisturbed 0"][:-1] and len(losses) == 28, "the resumed curve is the undisturbed one"
    assert steps == 28 - 14, "two of four epochs were done when it was killed, in the third"
    assert "resumed killed.ckpt after 2 epochs" in got.stdout
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["killed.ckpt", "undisturbed.ckpt"]


def test_a_wrong_command_is_one_sentence_and_one_code():
    got = torchrun(2, "77")
    assert got.stderr.count("There is no chapter 77. There are: 00_prologue") == 1 and got.stdout == ""
    assert re.findall(r"^ +exitcode +: (-?\d+)", got.stderr, re.MULTILINE) == ["1", "1"], got.stderr[-3000:]


@pytest.mark.parametrize("option", ["--jobs 2", "--seeds 2", "--save", "--html pages", "--from kept.jsonl"])
def test_what_only_one_process_can_do_is_refused(option):
    options = launcher.parser().parse_args(["run", "01", *option.split()])
    with pytest.raises(Trouble, match=f"{option.split()[0]} is for one process"):
        chapters.run(options)


LONELY = sharing.FIRST + """
if os.environ["RANK"] == "1":
    1 / 0
torch.distributed.barrier()
"""


def test_an_error_in_one_process_ends_all_and_is_told(tmp_path):
    got = torchrun(2, sharing.notebook(tmp_path / "01_lonely.ipynb", LONELY))
    assert got.returncode != 0 and "01_lonely: ok" not in got.stdout
    assert got.stderr.count("process 1: Failed: 01_lonely, cell 0: ZeroDivisionError: division by zero") == 1


# --- the parts, in this process

def test_a_share_has_every_row_once():
    batch = {"a": torch.arange(7), "b": [torch.arange(7)[:, None], "text"], "c": torch.tensor(3.0)}
    parts, weights = zip(*[share(batch, rank, 2) for rank in range(2)])
    assert [part["a"].tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6]] and weights == (4 / 7, 3 / 7)
    assert parts[1]["b"][0].tolist() == [[4], [5], [6]] and parts[1]["b"][1] == "text" and parts[1]["c"] == 3
    assert share((torch.zeros(1, 2),), 1, 2)[0][0].shape == (1, 2), "too few rows: all of them"
    assert rows_of((torch.zeros(3, 2), torch.zeros(4))) == 0 and rows_of("text") == 0


def test_a_rehearsal_leaves_no_trace():
    model, seen, memory, turns = torch.nn.Linear(3, 2), [1], {"deep": [torch.zeros(2)]}, 0
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    rows = torch.randn(9, 3)

    def step(batch):
        nonlocal turns
        turns += 1
        seen.append(turns)
        memory["deep"][0].add_(1)
        memory["new"] = turns
        model.turns = turns
        loss = model(batch + torch.rand(len(batch), 3)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss}

    before = [weight.clone() for weight in model.parameters()], torch.get_rng_state()
    assert why_not(step, rows, [optimizer], 2) == "" and why_not(step, rows[:1], [optimizer], 2)
    assert all(map(torch.equal, before[0], model.parameters())) and torch.equal(before[1], torch.get_rng_state())
    assert turns == 0 and seen == [1] and list(memory) == ["deep"] and memory["deep"][0].sum() == 0
    assert not optimizer.state and model.weight.grad is None and not hasattr(model, "turns")


def test_a_step_that_takes_from_an_iterator_is_not_rehearsed():
    model, left = torch.nn.Linear(3, 2), iter(range(3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(batch):
        return {"loss": (next(left) * model(batch)).sum(), "optimizer": optimizer}
    assert "iterator" in why_not(step, torch.randn(9, 3), [optimizer], 2) and next(left) == 0


def test_the_page_is_computed_from_what_was_measured():
    text = (ROOT / "tests" / "scale.md").read_text(encoding="utf-8")
    kept = scale_page.kept_in(text)
    assert scale_page.page(kept) == text, "python -m tests.benchmarks.scale --write"
    for row in kept["rows"]:  # four bytes for each gradient, and at most ten numbers more
        extra = row["bytes"] - 4 * row["parameters"]
        assert row["processes"] == 1 and row["bytes"] == 0 or 0 <= extra <= 80
    assert scale_page.ring(2, 1e9, 1e9) == pytest.approx(1, abs=1e-3) and scale_page.ring(1, 1e9, 1e9) == 0
