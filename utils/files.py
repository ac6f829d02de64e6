"""Writing a file whole or not at all: a full disk, a killed process or a power cut leaves the old one.

Standard library only.
"""
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from utils.arguments import instance

STALE = 600.0  # seconds without a change after which a file that was being written is nobody's any more
WAITS = (0.1, 0.4, 1.0)  # seconds between tries, where another program holds the file


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
        put(fresh, path)
    finally:
        drop(fresh)

def write_whole(path: Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8 with its own line ends, to `path`, whole or not at all.

    Raises OSError; PermissionError, with what to do, where another program has the file open, as on Windows.
    """
    instance("path", path, Path, "a pathlib.Path")
    instance("content", content, str | bytes, "a text or bytes")
    with whole(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def drop(fresh: Path) -> None:
    """Delete a file that may not be there, nor its folder; what cannot be deleted stays."""
    with suppress(OSError):
        fresh.unlink()


def put(fresh: Path, path: Path) -> None:
    """Let `fresh` take the place of `path`; on Windows that waits while another program has `path` open.

    Raises OSError; then `path` is as it was, and `fresh` is still there.
    """
    for wait in (*WAITS, None):
        try:
            return os.replace(fresh, path)
        except PermissionError as error:
            if wait is None:
                words = "cannot be replaced: it is write-protected or open in another program; close that, and repeat"
                raise PermissionError(error.errno, words, str(path)) from error
        time.sleep(wait)


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` while the block runs; False where another process holds it.

    The system lets go of the lock when the process ends, however it ends. A file system without locks gives True.
    """
    with open(path, "ab") as file:
        yield locked(file.fileno())


def locked(number: int) -> bool:
    """Lock an open file, given by its number, without waiting; False where another process has done so."""
    try:
        if os.name == "nt":
            import msvcrt
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks
        return True
    return True


def sweep(path: Path) -> None:
    """Remove what killed processes were writing to `path`; what changed in the last minutes may be in use."""
    for left in path.parent.glob("*.tmp"):
        name, _, number = left.stem.rpartition(".")
        try:  # the difference of both signs: a clock may have been put back
            if name == path.name and number.isdecimal() and abs(time.time() - left.stat().st_mtime) >= STALE:
                left.unlink()
        except OSError:  # another process was faster, or the folder is not ours to change
            pass


def why(error: BaseException) -> str:
    """The system's reason for a failed reading or writing, in its own words, without the layers around it."""
    inner: BaseException | None = error
    while inner is not None and not (isinstance(inner, OSError) and inner.strerror):
        inner = inner.__cause__ or inner.__context__
    return inner.strerror if inner else (str(error).splitlines() or [type(error).__name__])[0]
