"""The room's JupyterHub: what its configuration says, read without JupyterHub; and the sizes of larger rooms."""
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import tempfile
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


def open_to_all(file):
    """Whether another account can use a file, as the page asks of a hub's Python and course."""
    place = pathlib.Path(os.path.realpath(file))
    return place.exists() and all(part.stat().st_mode & 0o001 for part in (place, *place.parents))


@pytest.fixture
def desk(load, monkeypatch):
    """A home of this user, or for root of `nobody`; `open()` lays the desk; `made` are the calls of useradd."""
    _, names = load()
    homes = pathlib.Path(tempfile.mkdtemp())  # pytest's folders are closed to other accounts
    homes.chmod(0o755)
    home, made, real = homes / "learner01", [], subprocess.run
    number = 65534 if os.geteuid() == 0 else os.getuid()
    if os.geteuid() == 0:
        pythons = [python for python in (sys.executable, "/usr/bin/python3") if open_to_all(python)]
        if not pythons or not open_to_all(ROOT / "utils"):
            pytest.skip("another account can use neither this Python nor this checkout")
        monkeypatch.setattr(sys, "executable", pythons[0])

    def getpwnam(name):
        if not made:
            raise KeyError(name)
        return SimpleNamespace(pw_dir=str(home), pw_uid=number, pw_gid=number)

    def run(words, **options):
        if words[0] != "useradd":
            return real(words, **options)
        made.append(words)
        home.mkdir()
        if os.geteuid() == 0:
            os.chown(home, number, number)

    monkeypatch.setattr(names["pwd"], "getpwnam", getpwnam)
    monkeypatch.setattr(names["subprocess"], "run", run)
    spawner = SimpleNamespace(user=SimpleNamespace(name="learner01"))
    yield SimpleNamespace(home=home, folder=home / ROOT.name, made=made, open=lambda: names["account"](spawner),
                          names=names, owner=number)
    shutil.rmtree(homes)


def test_a_learners_desk(desk):
    desk.open()
    chapter = desk.folder / "chapters" / "01_perceptron.ipynb"
    assert desk.made[0][0] == "useradd" and desk.home.stat().st_mode & 0o777 == 0o700
    assert (desk.folder / "utils").resolve() == ROOT / "utils"
    assert len(list((desk.folder / "chapters").iterdir())) == 10 and chapter.stat().st_uid == desk.owner
    chapter.write_text("my work")
    desk.open()
    assert chapter.read_text() == "my work" and len(desk.made) == 1


@pytest.mark.parametrize("place", ["desk", "chapters", "notebook"])
def test_a_link_that_a_learner_planted_leads_root_nowhere(desk, tmp_path, place):
    """Root that lays a desk in a learner's folder would hand over whatever a link there points to."""
    system = tmp_path / "system"
    system.mkdir()
    (system / "shadow.ipynb").write_text("root's")
    (system / "shadow.ipynb").chmod(0o600)
    desk.open()
    link = {"desk": desk.folder, "chapters": desk.folder / "chapters",
            "notebook": desk.folder / "chapters" / "shadow.ipynb"}[place]
    if link.exists():
        link.rename(link.with_name("away"))
    link.symlink_to(system / "shadow.ipynb" if place == "notebook" else system)
    if os.geteuid() == 0 and place != "notebook":  # the learner's account may not write there, so there is no server
        with pytest.raises(subprocess.CalledProcessError):
            desk.open()
        assert [file.name for file in system.iterdir()] == ["shadow.ipynb"]
    else:
        desk.open()
    assert system.stat().st_uid == (system / "shadow.ipynb").stat().st_uid == os.geteuid()
    assert (system / "shadow.ipynb").read_text() == "root's"


def test_nothing_in_a_learners_folder_is_done_by_root(desk, monkeypatch):
    """The same for tests that are not run by root: the account is given up before the folder is touched."""
    calls = []
    run = desk.names["subprocess"].run
    monkeypatch.setattr(desk.names["subprocess"], "run",
                        lambda words, **options: calls.append(options) or (words[0] == "useradd" and run(words)))
    monkeypatch.setattr(desk.names["os"], "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda *_: None)
    desk.open()
    assert calls[-1]["user"] == calls[-1]["group"] == desk.owner and calls[-1]["extra_groups"] == []
    assert calls[-1]["env"] == {}, "the passwords of the room are in this process's environment"


def test_kernels_share_the_cores_and_end_before_the_hub_does(load):
    config, _ = load(COURSE_DATA="/srv/kit/data", COURSE_STATES=None)
    environment = config.Spawner.environment
    assert environment["OMP_NUM_THREADS"] == "1" and environment["COURSE_DATA"] == "/srv/kit/data"
    assert "COURSE_STATES" not in environment and "oom_score_adj" in " ".join(config.Spawner.cmd)
    assert load(COURSE_DATA="")[0].Spawner.environment["COURSE_OFFLINE"] == "1"


def test_the_rooms_passwords_reach_no_learner(load):
    config, _ = load(COURSE_ROOM_PASSWORD="r" * 12, COURSE_TEACHER_PASSWORD="t" * 12, COURSE_DATA="/srv/kit/data")
    told = repr(config.Spawner)
    assert "r" * 12 not in told and "t" * 12 not in told
    assert "env_keep" not in config.Spawner  # the hub's own list of what a server inherits has no COURSE_ name


def test_the_hub_listens_where_it_is_told_and_opens_nothing_else(load):
    config, _ = load()
    assert config.JupyterHub.bind_url == "http://:8000"
    assert load(COURSE_HUB_URL="http://10.0.0.5:80")[0].JupyterHub.bind_url == "http://10.0.0.5:80"
    # the defaults keep the hub, its proxy's control and the learners' servers on 127.0.0.1, each with a token
    for part, names in {"JupyterHub": ("hub_ip", "hub_bind_url", "services", "load_roles", "admin_access"),
                        "ConfigurableHTTPProxy": ("api_url", "auth_token"), "Authenticator": ("allow_all",),
                        "Spawner": ("ip", "args", "disable_user_config")}.items():
        assert not set(names) & set(config[part]), f"{part} was changed: look at what it opens"


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
