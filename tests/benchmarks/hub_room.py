"""What the load test of the hub looks at beside the learners: memory, and who may read and write what."""
import asyncio
import os
import pathlib
import pwd
import subprocess
from typing import Any

GB = 1e9


def available() -> float:
    """The machine's memory that is still to be had, in GB."""
    rows = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    return int(rows["MemAvailable"].split()[0]) * 1024 / GB


def used_by(name: str) -> float:
    """The memory of an account's processes in GB, shared pages divided among those who share them (PSS)."""
    uid, total = pwd.getpwnam(name).pw_uid, 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == uid:
                rows = (process / "smaps_rollup").read_text().splitlines()
                total += next(int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:"))
        except (OSError, StopIteration):  # it ended meanwhile
            continue
    return total / GB


async def watch(names: list[str], every: float, found: dict[str, Any]) -> None:
    """Until cancelled: the least memory available, and the most that each learner used."""
    while True:
        found["least available"] = min(found.get("least available", 1e9), available())
        for name in names:
            try:
                used = used_by(name)
            except KeyError:
                continue
            found.setdefault("most", {})[name] = max(found.get("most", {}).get(name, 0.0), used)
        await asyncio.sleep(every)


def trespasses(name: str, other: str, course: pathlib.Path, data: str) -> list[str]:
    """What a learner could do and must not: read another home, write the course, the data or the hub's files."""
    home, mine = pathlib.Path(pwd.getpwnam(other).pw_dir), pathlib.Path(pwd.getpwnam(name).pw_dir) / course.name
    attempts = {f"list {other}'s home": ["ls", str(home)],
                f"read {other}'s chapter": ["cat", *map(str, (home / course.name / "chapters").glob("01*.ipynb"))],
                f"write into {other}'s home": ["touch", str(home / "mine")],
                "write utils": ["touch", str(mine / "utils" / "training.py")],
                "add to utils": ["touch", str(mine / "utils" / "own.py")],
                "write the course's chapters": ["touch", *map(str, (course / "chapters").glob("01*.ipynb"))],
                "write the hub's configuration": ["touch", str(course / "assets/hub/jupyterhub_config.py")]}
    if data:
        attempts["add to the shared data"] = ["touch", str(pathlib.Path(data) / "own")]
        attempts["delete from the shared data"] = ["rm", "-f", *map(str, pathlib.Path(data).glob("mnist/t10k-labels*"))]
    return [what for what, words in attempts.items() if as_learner(name, words) == 0]


def may(name: str, course: pathlib.Path, data: str) -> list[str]:
    """What a learner must be able to do and could not: write the own chapter, read the course and the data."""
    mine = pathlib.Path(pwd.getpwnam(name).pw_dir) / course.name
    needs = {"write the own chapters": ["touch", *map(str, (mine / "chapters").glob("01*.ipynb"))],
             "read utils": ["cat", str(mine / "utils" / "training.py")]}
    if data:
        needs["read the shared data"] = ["cat", *map(str, pathlib.Path(data).glob("mnist/t10k-labels*"))]
    return [what for what, words in needs.items() if as_learner(name, words) != 0]


def as_learner(name: str, words: list[str]) -> int:
    """Run a command under the learner's account; its exit code."""
    row = pwd.getpwnam(name)
    return subprocess.run(words, user=row.pw_uid, group=row.pw_gid, extra_groups=[], cwd="/", check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "HOME": row.pw_dir}).returncode
