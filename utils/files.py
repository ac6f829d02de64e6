"""Writing a file whole or not at all: a full disk or a killed process leaves the old one. Standard library only."""
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAITS = (0.1, 0.4, 1.0)  # seconds between tries, where another program holds the file


def write_whole(path: Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8 with its own line ends, beside `path`, then put it in its place.

    Raises OSError; PermissionError, with what to do, where another program has the file open, as on Windows.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        fresh.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        put(fresh, path)
    finally:
        drop(fresh)


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
