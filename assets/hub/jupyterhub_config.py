"""JupyterHub for a room on one Linux machine: an account a learner, one course, one read-only data folder.

Start it as root, so that each learner's server runs under an account of its own:

    COURSE_ROOM_PASSWORD=… COURSE_TEACHER_PASSWORD=… .venv/bin/jupyterhub -f assets/hub/jupyterhub_config.py

How to install it, what it was measured with, and larger rooms: README.md in this folder.
"""
import os
import pathlib
import pwd
import re
import subprocess
import sys

COURSE = pathlib.Path(os.environ.get("COURSE_FOLDER") or pathlib.Path(__file__).resolve().parents[2])
DATA = os.environ.get("COURSE_DATA", "")  # a kit's data folder; without it the embedded stand-ins
PER_LEARNER = float(os.environ.get("COURSE_LEARNER_GB", "2.7"))  # measured: three chapters open and run, see README.md
SPARE = 2.0  # GB for the system and the hub
NAME = re.compile(r"learner\d{2}|teacher")
c = get_config()  # noqa: F821  (JupyterHub defines it)


def password(name: str) -> str:
    """A password from the environment; without a good one there is no hub."""
    word = os.environ.get(name, "")
    if len(word) < 10:
        raise SystemExit(f"Set {name} to a password of at least ten characters, for example: "
                         f"export {name}=$({sys.executable} -c 'import secrets; print(secrets.token_urlsafe(12))')")
    return word


def memory_gb() -> float:
    """The machine's memory in GB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


# Run by the learner's own account: in a folder that learners can write, root would follow any link that they put there.
DESK = """
import pathlib, shutil, sys
course, desk = map(pathlib.Path, sys.argv[1:])
(desk / "chapters").mkdir(parents=True, exist_ok=True)
for shared in ("utils", "assets", "README.md"):  # root's, so that nobody changes them for the others
    if not (desk / shared).is_symlink():
        (desk / shared).symlink_to(course / shared)
for notebook in sorted((course / "chapters").glob("*.ipynb")):
    mine = desk / "chapters" / notebook.name
    if not mine.exists():  # never over a learner's work
        shutil.copyfile(notebook, mine)
"""


def account(spawner: object) -> None:
    """Before a server starts: the learner's account, closed to others, with chapters of the learner's own."""
    name = spawner.user.name
    if not NAME.fullmatch(name):
        raise ValueError(f"Accounts are learner01 to learner99 and teacher, not {name!r}.")
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
        entry = pwd.getpwnam(name)
    home = pathlib.Path(entry.pw_dir)
    home.chmod(0o700)  # the folder above it is root's: no learner can put a link here
    as_learner = {} if os.geteuid() else {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    subprocess.run([sys.executable, "-I", "-c", DESK, str(COURSE), str(home / COURSE.name)], check=True, cwd="/",
                   env={}, umask=0o022, **as_learner)


limit = int(os.environ.get("COURSE_LEARNERS") or max(1, (memory_gb() - SPARE) // PER_LEARNER))
c.JupyterHub.active_server_limit = limit  # one more gets a page that says so, and may try again
c.JupyterHub.concurrent_spawn_limit = 4
c.JupyterHub.bind_url = os.environ.get("COURSE_HUB_URL", "http://:8000")
c.JupyterHub.cleanup_servers = True
c.ConfigurableHTTPProxy.command = os.environ.get("COURSE_PROXY", "configurable-http-proxy")

# two passwords, one for the room and one for the teacher: there is nothing here that a stranger may do
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = password("COURSE_ROOM_PASSWORD")
c.SharedPasswordAuthenticator.admin_password = password("COURSE_TEACHER_PASSWORD")
c.Authenticator.allowed_users = {f"learner{k:02}" for k in range(1, 100)}
c.Authenticator.admin_users = {"teacher"}

c.JupyterHub.spawner_class = "simple" if os.geteuid() else "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.pre_spawn_hook = account
c.Spawner.notebook_dir = f"~/{COURSE.name}"
c.Spawner.default_url = "/lab/tree/chapters/00_prologue.ipynb"
c.Spawner.start_timeout = c.Spawner.http_timeout = 180
# if memory runs out the system ends a learner's kernel, never the hub or its proxy
server = f"{pathlib.Path(sys.executable).parent}/jupyterhub-singleuser"
c.Spawner.cmd = ["/bin/sh", "-c", f'echo 700 > /proc/self/oom_score_adj; exec "{server}" "$@"', "server"]
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",  # learners share the cores; more threads each would only wait for one another
    "COURSE_TIER": os.environ.get("COURSE_TIER", "quick"),
    **({"COURSE_DATA": DATA} if DATA else {"COURSE_OFFLINE": "1"}),
    **{name: os.environ[name] for name in ("COURSE_STATES", "COURSE_SOLUTIONS") if os.environ.get(name)},
}
