"""Find a data file: the COURSE_DATA folder, the cache, a download from the room's kit or one of two mirrors.

Nothing is used unverified: `read` hands out bytes whose SHA-256 is the one in
assets/sources.json, wherever they came from. A file that fails the check is passed over
(in COURSE_DATA, which is never written to) or fetched again (in the cache).
"""
import errno
import hashlib
import json
import os
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from utils.arguments import shown
from utils.say import here, progress

SOURCES = Path(__file__).resolve().parents[2] / "assets" / "sources.json"
UNWRITABLE = (errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)  # of a folder that cannot be made
TIMEOUT = (6, 30)  # seconds to connect, seconds without a byte


class Unavailable(Exception):
    """A data file that no source could give; the message says what was tried."""


def entry(path: str) -> dict:
    """The record of `path` in assets/sources.json: bytes, sha256, urls.

    Raises KeyError with the known paths for one that is not listed.
    """
    table = json.loads(SOURCES.read_text(encoding="utf-8"))
    if not isinstance(path, str) or path not in table:
        raise KeyError(f"{shown(path)} is not one of the course's files: {', '.join(table)}.")
    return table[path]


def cache_folder() -> Path:
    """Where downloads are kept: COURSE_CACHE, or the user's cache folder of this system."""
    if os.environ.get("COURSE_CACHE"):
        return Path(os.environ["COURSE_CACHE"]).expanduser()
    import pooch
    return Path(pooch.os_cache("from-perceptron-to-bert"))


def offline() -> bool:
    """True when COURSE_OFFLINE asks for no downloads (any value but empty, 0, no, false)."""
    return os.environ.get("COURSE_OFFLINE", "").lower() not in ("", "0", "no", "false")


def read(path: str) -> tuple[bytes, str]:
    """The verified bytes of one data file, and the name of the source that gave them.

    path: as in assets/sources.json, for example "mnist/t10k-labels-idx1-ubyte.gz".
    Raises Unavailable when neither a folder nor a download has it.
    """
    record = entry(path)
    for name, folder in folders():
        content = verified(folder / path, record["sha256"], name)
        if content is not None:
            return content, name
    if offline():
        raise Unavailable("COURSE_OFFLINE is set")
    return download(path, record), "a download"


def folders() -> list[tuple[str, Path]]:
    """The places to look before the network, in order, each with the name that is printed."""
    found = [("the cache", cache_folder())]
    if os.environ.get("COURSE_DATA"):
        found.insert(0, ("COURSE_DATA", Path(os.environ["COURSE_DATA"]).expanduser()))
    return found


def verified(file: Path, sha256: str, source: str) -> bytes | None:
    """The file's bytes if they have this hash; None, and a line that says so, if they do not."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        here(f"{file.name} in {source} cannot be read ({error.strerror}); looking further")
        return None
    if hashlib.sha256(content).hexdigest() == sha256:
        return content
    here(f"{file.name} in {source} is damaged or not the published file; looking further")
    return None


def download(path: str, record: dict) -> bytes:
    """Fetch one file from the first mirror that has it into the cache, whole or not at all.

    Raises Unavailable with one reason a mirror.
    """
    target, reasons = cache_folder() / path, []
    for url in [*room(path), *record["urls"]]:
        try:
            fetch(url, target, record)
            content = verified(target, record["sha256"], "the cache")  # another process may have been at it
            if content is not None:
                return content
            reasons.append(f"{host(url)}: what was downloaded did not stay as it was")
        except Exception as error:  # requests, pooch and the file system each have their own
            reasons.append(f"{host(url)}: {reason(error)}")
            if getattr(error, "errno", None) == errno.ENOSPC:
                break
    raise Unavailable("; ".join(reasons))


def room(path: str) -> list[str]:
    """The address of a file on the server that COURSE_MIRROR names (`kit --serve`), where there is one."""
    mirror = os.environ.get("COURSE_MIRROR", "").rstrip("/")
    return [f"{mirror}/data/{quote(path)}"] if mirror.startswith(("http://", "https://")) else []


def fetch(url: str, target: Path, record: dict) -> None:
    """Download url to target through a temporary file beside it, checked before it is moved."""
    import pooch
    pooch.get_logger().setLevel("ERROR")
    target.parent.mkdir(parents=True, exist_ok=True)

    def download(address: str, temporary: str, _: object) -> None:
        with open(temporary, "wb") as file:
            read_http(address, Bounded(file, record["bytes"]), None)

    with progress(total=record["bytes"], unit="B", unit_scale=True, desc=target.name) as bar:
        read_http = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT)
        pooch.retrieve(url, f"sha256:{record['sha256']}", fname=target.name, path=target.parent, downloader=download)


class Bounded:
    """A file that takes `most` bytes and refuses more with TooLong: a server that never ends fills no disk."""

    def __init__(self, file: BinaryIO, most: int):
        self.file, self.left = file, most

    def write(self, block: bytes) -> None:
        """Add a block. Raises TooLong."""
        self.left -= len(block)
        if self.left < 0:
            raise TooLong
        self.file.write(block)

    def flush(self) -> None:
        """As files have it; the downloader asks for it after each block."""
        self.file.flush()


class TooLong(Exception):
    """More bytes came than the published file has."""


def host(url: str) -> str:
    """The host name of a URL, for messages; a password in it is left out."""
    return url.split("/")[2].rpartition("@")[2]


def reason(error: Exception) -> str:
    """Why a download failed, in a few words a learner can act on."""
    import requests
    if getattr(error, "errno", None) == errno.ENOSPC:
        return "the disk is full; free some space or point COURSE_CACHE to another folder"
    if isinstance(error, IsADirectoryError | NotADirectoryError | FileExistsError):
        return f"{error.filename} is in the way of the cache; delete it or point COURSE_CACHE to another folder"
    if isinstance(error, PermissionError) or getattr(error, "errno", None) in UNWRITABLE:
        return "the cache folder cannot be written; point COURSE_CACHE to another folder"
    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code}"
    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.InvalidProxyURL):
        return "the proxy that HTTP_PROXY or HTTPS_PROXY names does not work"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "not reachable, or cut off"
    if isinstance(error, requests.RequestException):  # a circle of redirects, an address that is none
        return f"its address, or a proxy's, leads to no file ({type(error).__name__})"
    return "sent other bytes than the published file" if isinstance(error, ValueError | TooLong) else repr(error)
