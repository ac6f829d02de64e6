"""The room's JupyterHub: what its configuration says, read without JupyterHub; and the sizes of larger rooms."""
import pathlib
import runpy
from types import SimpleNamespace

import pytest

from utils import rooms

ROOT = pathlib.Path(__file__).resolve().parents[1]
CONFIG = ROOT / "assets" / "hub" / "jupyterhub_config.py"


class Node(dict):
    """Takes any attribute and hands out nodes for unknown ones, as traitlets' Config does."""

    def __getattr__(self, name):
        return self.setdefault(name, Node())

    def __setattr__(self, name, value):
        self[name] = value


@pytest.fixture
def load(monkeypatch):
    """Read the configuration under these variables; its Config and its names."""
    def read(**variables):
        for name, value in {"COURSE_ROOM_PASSWORD": "a" * 20, "COURSE_TEACHER_PASSWORD": "b" * 20, **variables}.items():
            monkeypatch.setenv(name, value) if value is not None else monkeypatch.delenv(name, raising=False)
        config = Node()
        names = runpy.run_path(str(CONFIG), init_globals={"get_config": lambda: config})
        return config, names
    return read


def test_the_room_is_as_large_as_the_memory(load):
    config, names = load(COURSE_LEARNERS=None, COURSE_LEARNER_GB="2")
    assert config.JupyterHub.active_server_limit == max(1, (names["memory_gb"]() - 2) // 2)
    assert load(COURSE_LEARNERS="7")[0].JupyterHub.active_server_limit == 7


@pytest.mark.parametrize("name", ["COURSE_ROOM_PASSWORD", "COURSE_TEACHER_PASSWORD"])
@pytest.mark.parametrize("value", [None, "", "short"])
def test_there_is_no_hub_without_passwords(load, name, value):
    with pytest.raises(SystemExit, match=name):
        load(**{name: value})


def test_only_the_rooms_accounts_may_enter(load):
    config, names = load()
    assert len(config.Authenticator.allowed_users) == 99 and config.Authenticator.admin_users == {"teacher"}
    for name in ("root", "learner1", "learner001", "../learner01", "learner01\n", "Learner01"):
        with pytest.raises(ValueError, match="learner01 to learner99"):
            names["account"](SimpleNamespace(user=SimpleNamespace(name=name)))


def test_a_learners_desk(load, monkeypatch, tmp_path):
    _, names = load()
    home, made = tmp_path / "learner01", []

    def getpwnam(name):
        if not made:
            raise KeyError(name)
        return SimpleNamespace(pw_dir=str(home))

    def useradd(words, check):
        made.append(words)
        home.mkdir()

    monkeypatch.setattr(names["pwd"], "getpwnam", getpwnam)
    monkeypatch.setattr(names["subprocess"], "run", useradd)
    monkeypatch.setattr(names["shutil"], "chown", lambda *_: None)
    spawner = SimpleNamespace(user=SimpleNamespace(name="learner01"))
    names["account"](spawner)
    desk = home / ROOT.name
    chapter = desk / "chapters" / "01_perceptron.ipynb"
    assert made[0][0] == "useradd" and home.stat().st_mode & 0o777 == 0o700
    assert (desk / "utils").resolve() == ROOT / "utils" and len(list((desk / "chapters").iterdir())) == 10
    chapter.write_text("my work")
    names["account"](spawner)
    assert chapter.read_text() == "my work" and len(made) == 1


def test_kernels_share_the_cores_and_end_before_the_hub_does(load):
    config, _ = load(COURSE_DATA="/srv/kit/data", COURSE_STATES=None)
    environment = config.Spawner.environment
    assert environment["OMP_NUM_THREADS"] == "1" and environment["COURSE_DATA"] == "/srv/kit/data"
    assert "COURSE_STATES" not in environment and "oom_score_adj" in " ".join(config.Spawner.cmd)
    assert load(COURSE_DATA="")[0].Spawner.environment["COURSE_OFFLINE"] == "1"


# Larger rooms -----------------------------------------------------------------------------------

MEASURED = {"learners": 8, "cores": 2, "chapters": ["01", "02", "03"], "killed": 0, "failed": [],
            "seconds": {"01": [100.0] * 8, "02": [150.0] * 8, "03": [250.0] * 8},
            "most": {"learner01": 2.0, "learner02": 2.5}}


def test_sizes_follow_from_what_was_measured():
    sizes = rooms.sizes(MEASURED, learners=30)
    assert sizes["memory GB"] == 3.0  # the largest learner and a fifth, to the next half
    # 8 learners on 2 cores took 500 s: 125 core-seconds each; 30 of them in ten minutes
    assert sizes["core seconds"] == pytest.approx(125) and sizes["cores"] == 7
    assert rooms.sizes(MEASURED, learners=300)["cores"] == 63


def test_the_page_shows_what_was_measured():
    text = (ROOT / "assets" / "hub" / "README.md").read_text(encoding="utf-8")
    assert rooms.page(text) == text, "python -m utils.rooms writes the tables anew"


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="measured"):
        rooms.page("no marks here")
