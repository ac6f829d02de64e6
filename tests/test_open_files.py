"""Files that another program has open: Windows refuses to replace them. Simulated by an os.replace that fails."""
import os

import pytest

from tests.loopback import CONTENT, RECORD, bad_network
from tests.test_states import TALLY, trained
from utils import files, kit, progress
from utils.install import Trouble


@pytest.fixture
def held(monkeypatch):
    """held(times): os.replace fails so often, as on Windows while a virus scanner reads the file."""
    def hold(times):
        real, left = os.replace, [times]

        def replace(fresh, path):
            if left[0] > 0:
                left[0] -= 1
                raise PermissionError(13, "The process cannot access the file")
            real(fresh, path)
        monkeypatch.setattr(os, "replace", replace)
        monkeypatch.setattr(files, "WAITS", (0, 0, 0))
    return hold


def test_a_file_that_is_open_elsewhere_is_waited_for_and_then_named(held, tmp_path):
    file = tmp_path / "kept.json"
    file.write_text("old")
    held(3)
    files.write_whole(file, "new")
    assert file.read_text() == "new"
    held(9)
    with pytest.raises(PermissionError, match="open in another program; close that, and repeat.*kept.json"):
        files.write_whole(file, "newer")
    assert file.read_text() == "new" and list(tmp_path.iterdir()) == [file]


def test_a_checkpoint_that_is_open_elsewhere_costs_a_line(held, tmp_path, capsys):
    trained(checkpoint=tmp_path / "run.ckpt", epochs=1)
    before = (tmp_path / "run.ckpt").read_bytes()
    held(99)
    TALLY.n = 0
    trained(checkpoint=tmp_path / "run.ckpt", epochs=2)
    assert TALLY.n == 4 and "could not be written" in capsys.readouterr().out  # the second epoch was trained
    assert (tmp_path / "run.ckpt").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_kits_file_that_is_open_elsewhere_is_named_and_kept(held, tmp_path):
    held(99)
    with bad_network() as server, pytest.raises(Trouble, match="open in another program.*What has come is kept"):
        kit.fill(tmp_path, {"mnist/file": {**RECORD, "urls": [server.url("good")]}})
    assert (tmp_path / "mnist" / "file.part").read_bytes() == CONTENT


def test_progress_that_is_open_elsewhere_is_not_forgotten(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path))  # unlink fails as it does on Windows for an open file
    assert progress.run(type("Options", (), {"forget": True})) == 1
    assert "cannot be deleted" in capsys.readouterr().out
