"""Writing a file whole or not at all: a full disk, a killed process or a power cut leaves the old one."""
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

STALE = 600.0  # seconds without a change after which a file that was being written is nobody's any more


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file beside `path` to write to, then put it in `path`'s place. Raises OSError.

    The bytes reach the disk before the name does, or a power cut could leave the name without them. Whatever
    ends the writing, Ctrl-C too, nothing is left beside `path`; what kill -9 leaves, `sweep` removes.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(fresh, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    finally:
        remove(fresh)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8 with its own line ends, to `path`, whole or not at all. Raises OSError."""
    with whole(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def sweep(path: Path) -> None:
    """Remove what killed processes were writing to `path`; what changed in the last minutes may be in use."""
    for left in path.parent.glob("*.tmp"):
        name, _, number = left.stem.rpartition(".")
        try:  # the difference of both signs: a clock may have been put back
            if name == path.name and number.isdecimal() and abs(time.time() - left.stat().st_mtime) >= STALE:
                left.unlink()
        except OSError:  # another process was faster, or the folder is not ours to change
            pass


def remove(path: Path) -> None:
    """Delete a file where it can be deleted, and say nothing: the error that led here says more."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass


def why(error: BaseException) -> str:
    """The system's reason for a failed reading or writing, in its own words, without the layers around it."""
    inner: BaseException | None = error
    while inner is not None and not (isinstance(inner, OSError) and inner.strerror):
        inner = inner.__cause__ or inner.__context__
    return inner.strerror if inner else (str(error).splitlines() or [type(error).__name__])[0]
