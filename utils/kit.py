"""`python3 -m utils kit FOLDER`: everything a room needs, downloaded once, checked, resumed after a cut.

Standard library only, for it must work before anything is installed. A file is downloaded into NAME.part
and gets its name when its SHA-256 is right; the same command goes on where it was cut.

    FOLDER/data         data sets of the chapters, as assets/sources.json lists them: COURSE_DATA=FOLDER/data
    FOLDER/wheels       with --wheels: the packages of the lock, for `--offline FOLDER`
    FOLDER/checkpoints  with --checkpoints: bert-base-uncased for the full tier of chapter 8
    FOLDER/states       with `python3 -m utils run --states FOLDER/states`: finished trainings
"""
import argparse
import hashlib
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from utils.files import alone, put
from utils.install import LOCK, ROOT, Trouble, call

SETS = {"digits": "mnist", "fashion": "fashion-mnist", "usps": "usps", "shakespeare": "tinyshakespeare",
        "translations": "multi30k", "reviews": "sst2", "entities": "wnut17", "growth": "epoch"}
BOOKS = ("classic-books", "movie_reviews", "wikitext-2")  # what `pretrain` reads
CHECKPOINT = "bert-base-uncased"
CHECKPOINT_MB = 440
WHEELS_GB = {"linux": 3.0}  # elsewhere torch comes without CUDA
TIMEOUT = 20  # seconds without a byte
TRIES = 3  # connections a mirror
BLOCK = 1 << 16
RATES = (1, 10)  # MB a second, for the estimate


class Cut(Exception):
    """A download that ended too early, or not with the file that was asked for; says why."""


def run(options: argparse.Namespace) -> int:
    """Fill the folder, or serve it with --serve. Returns the exit code; raises Trouble."""
    folder = pathlib.Path(options.folder).expanduser().resolve()
    if options.serve:
        from utils import serving
        return serving.serve(folder, options.host, options.port)
    files = wanted(options.chapters, options.books)
    estimate(folder, files, options)
    with alone(folder / ".filling") as free:
        if not free:
            raise Trouble(f"Another `kit` is filling {folder}. Wait for it, or name another folder.")
        failed = fill(folder / "data", files)
    if options.wheels:
        wheels(folder / "wheels")
    if options.checkpoints:
        checkpoint(folder / "checkpoints" / CHECKPOINT)
    if failed:
        raise Trouble(f"{len(failed)} of {len(files)} files are missing:\n" + "\n".join(failed)
                      + "\nThe same command goes on from here.")
    print(f"The kit is complete. On this machine: COURSE_DATA={folder / 'data'}\n"
          f"For a room: python3 -m utils kit {options.folder} --serve")
    return 0


def wanted(chapters: list[str], books: bool = False) -> dict[str, dict]:
    """The files that these chapters read (all chapters for none), as in assets/sources.json. Raises Trouble."""
    notebooks = sorted((ROOT / "chapters").glob("[0-9]*.ipynb"))
    known = {path.name[:2]: path for path in notebooks}
    unknown = [word for word in chapters if word[:2] not in known]
    if unknown:
        raise Trouble(f"There is no chapter {', '.join(unknown)}. There are: {', '.join(known)}.")
    folders = {SETS[name] for word in chapters or known for name in functions(known[word[:2]])}
    folders |= set(BOOKS) if books else set()
    table = json.loads((ROOT / "assets" / "sources.json").read_text(encoding="utf-8"))
    return {path: row for path, row in table.items() if path.split("/")[0] in folders}


def functions(notebook: pathlib.Path) -> set[str]:
    """The functions of utils.data that a chapter's code calls and that read a downloaded set."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return {name for name in SETS if re.search(rf"\b{name}\(", code)}


def estimate(folder: pathlib.Path, files: dict[str, dict], options: argparse.Namespace) -> None:
    """Say what is to come, in MB and minutes, before anything is downloaded; refuse what cannot fit."""
    missing = {path: row for path, row in files.items() if not is_whole(folder / "data" / path, row)}
    parts = [("data", sum(row["bytes"] for row in missing.values()) / 1e6,
              f"{len(missing)} files, {len(files) - len(missing)} are there")]
    if options.wheels:
        parts.append(("wheels", 1000 * WHEELS_GB.get(sys.platform, 0.6), "about, less what is there"))
    if options.checkpoints:
        parts.append(("checkpoints", CHECKPOINT_MB, f"about, {CHECKPOINT}"))
    for name, size, note in parts:
        print(f"{name:12}{size:8,.1f} MB   {note}")
    total = sum(size for _, size, _ in parts)
    times = ", ".join(f"{total / rate / 60:.1f} minutes at {rate} MB/s" for rate in RATES)
    print(f"{'together':12}{total:8,.1f} MB   {times}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e6
    if free < total:
        raise Trouble(f"{folder} has {free:,.0f} MB free. Free some space, or choose fewer --chapters.")


def is_whole(file: pathlib.Path, row: dict) -> bool:
    """Whether a file is there with the right size and SHA-256."""
    try:
        return file.stat().st_size == row["bytes"] and sha256(file) == row["sha256"]
    except OSError:
        return False


def sha256(file: pathlib.Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def fill(folder: pathlib.Path, files: dict[str, dict]) -> list[str]:
    """Download what is missing. Returns a line for each file that no mirror gave."""
    failed = []
    for number, (path, row) in enumerate(files.items(), 1):
        if is_whole(folder / path, row):
            continue
        try:
            fetch(row, folder / path)
            print(f"[{number}/{len(files)}] {path}", flush=True)
        except Cut as problem:
            failed.append(f"  {path}: {problem}")
    return failed


def fetch(row: dict, target: pathlib.Path) -> None:
    """Download one file from the first mirror that gives it whole. Raises Cut with a reason a mirror."""
    reasons = []
    for url in row["urls"]:
        host = urllib.parse.urlsplit(url).netloc
        for _ in range(TRIES):
            begun = part_of(target).exists()
            try:
                return resume(url, row, target)
            except Cut as problem:
                reasons.append(f"{host} {problem}")
                if "cut off" not in str(problem) and not begun:  # a wrong beginning may have spoilt the end
                    break
    raise Cut("; ".join(dict.fromkeys(reasons)))


def part_of(target: pathlib.Path) -> pathlib.Path:
    """The file that holds what has come of another one."""
    return target.with_name(target.name + ".part")


def resume(url: str, row: dict, target: pathlib.Path) -> None:
    """Go on with TARGET.part, or begin it, and give it its name if it is the published file. Raises Cut."""
    part = part_of(target)
    if not url.startswith(("https://", "http://")):  # urllib would read file: and ftp: too
        raise Cut(f"is not asked: {url} is no address of the web")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() and part.stat().st_size < row["bytes"] else 0
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            goes_on = have and answer.status == 206
            with open(part, "ab" if goes_on else "wb") as file:
                copy(answer, file, row["bytes"] - (have if goes_on else 0))
    except urllib.error.HTTPError as error:
        raise Cut(f"answered {error.code}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        why = f"{getattr(error, 'reason', None) or error!r}" + through_proxy(url)
        raise Cut(f"was cut off or is not reached ({why})") from error
    except OSError as error:
        raise Trouble(f"{part} cannot be written: {error.strerror}. What has come is kept.") from error
    if part.stat().st_size < row["bytes"]:
        raise Cut(f"was cut off after {part.stat().st_size:,} of {row['bytes']:,} bytes")
    if sha256(part) != row["sha256"]:
        part.unlink()
        raise Cut("sent other bytes than the published file")
    try:
        put(part, target)
    except OSError as error:
        raise Trouble(f"{target} {error.strerror}. What has come is kept.") from error


def through_proxy(url: str) -> str:
    """Words about the proxy that the environment sets for this address; none where there is none."""
    scheme = urllib.parse.urlsplit(url).scheme
    return f"; asked through the proxy of {scheme.upper()}_PROXY" if scheme in urllib.request.getproxies() else ""


def copy(answer: http.client.HTTPResponse, file: object, most: int) -> None:
    """Copy an answer's bytes to a file, `most` of them: a server that never ends fills no disk."""
    while most > 0:
        block = answer.read(min(BLOCK, most))
        if not block:
            return
        file.write(block)
        most -= len(block)


def wheels(folder: pathlib.Path) -> None:
    """Download the lock's packages and uv, for this kind of system and Python. Raises Trouble."""
    pip = [sys.executable, "-m", "pip", "download", "--dest", folder]
    code = call(*pip, "--require-hashes", "-r", LOCK).returncode or call(*pip, "uv").returncode
    if code:
        raise Trouble("The wheels are not complete (see the lines above). The same command goes on from here.")


def checkpoint(folder: pathlib.Path) -> None:
    """Download the larger BERT with the hub's own client, which resumes and checks. Raises Trouble."""
    from utils.install import ready
    code = ("import sys, huggingface_hub as hub; hub.snapshot_download(sys.argv[1], local_dir=sys.argv[2], "
            "allow_patterns=['config.json', 'vocab.txt', 'tokenizer*.json', 'model.safetensors'])")
    done = subprocess.run([str(ready()), "-c", code, CHECKPOINT, str(folder)], check=False)
    if done.returncode:
        raise Trouble("The checkpoint is not complete (see the lines above). The same command goes on from here.")
