"""How the tests run: offline unless asked otherwise, at the quick tier, with a cache of their own.

COURSE_OFFLINE=0 lets the tests download; COURSE_DATA=FOLDER lets them read real data from there.
The kernels that nbval starts inherit all of this. The file stands here and not in tests/, so that
`pytest chapters` alone is run in the same way.
"""

import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))
CACHE = tempfile.TemporaryDirectory(prefix="course-cache-")


def settle(env: dict) -> None:
    """Put the tests' settings into an environment; those that a user gave stay, if they are ours."""
    env.setdefault("COURSE_OFFLINE", "1")
    env.setdefault("COURSE_TIER", "quick")
    env["COURSE_CACHE"] = CACHE.name
    env["COURSE_PROGRESS"] = str(pathlib.Path(CACHE.name) / "progress.jsonl")
    env["TQDM_DISABLE"] = "1"
    env.pop("COURSE_RESULTS", None)
    workers = int(env.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:  # as many threads as there are cores, not as many for each worker
        env.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


settle(os.environ)


def pytest_collection_modifyitems(items: list) -> None:
    """The chapters first: they are the longest, and two workers then end at about the same time."""
    items.sort(key=lambda item: item.path.suffix != ".ipynb")
