"""What a learner has done so far, in one file on this machine. Nothing of it leaves the machine.

The file holds a line of JSON an event and only ever grows, so a crash can cost the last line at
most; a line that cannot be read is passed over. COURSE_PROGRESS names another file, for example
in a mounted Google Drive, because Colab forgets its disk.
"""
import argparse
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from utils.arguments import flag, shown, string
from utils.say import here

KINDS = ("exercise", "claim", "question")
CHAPTERS = tuple(f"{k:02}" for k in range(10))


def file() -> Path:
    """Where the events are kept: COURSE_PROGRESS, or the user's data folder of this system."""
    if os.environ.get("COURSE_PROGRESS"):
        return Path(os.environ["COURSE_PROGRESS"]).expanduser()
    from platformdirs import user_data_path
    return user_data_path("from-perceptron-to-bert", appauthor=False) / "progress.jsonl"


def note(kind: str, name: str, good: bool) -> None:
    """Keep one event: an exercise solved, a claim measured, a question answered.

    kind: exercise, claim or question. name: its id, which starts with the chapter ("03.1", "03-sides").
    Where nothing can be written, the notebook goes on, and a line says so. Raises ValueError for another kind.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"An event is of kind {', '.join(KINDS)}, not {shown(kind)}.")
    string("name", name)
    flag("good", good)
    row = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "kind": kind, "name": name, "good": bool(good)}
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab") as kept:  # one write to the end: two kernels do not mix their lines
            kept.write(beginning(path) + (json.dumps(row) + "\n").encode())
            kept.flush()
            os.fsync(kept.fileno())
    except OSError as error:
        here(f"progress could not be kept in {path} ({error.strerror}); COURSE_PROGRESS names another file")


def beginning(path: Path) -> bytes:
    """A line end where a crash left half a line, so that the next event is not lost with it."""
    size = path.stat().st_size
    if not size:
        return b""
    with open(path, "rb") as kept:
        kept.seek(size - 1)
        return b"" if kept.read(1) == b"\n" else b"\n"


def events(path: Path | None = None) -> Iterator[dict]:
    """All events that can be read, oldest first."""
    try:
        lines = (path or file()).read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:  # half a line, or not a line of ours
            continue
        if isinstance(row, dict) and row.get("kind") in KINDS and isinstance(row.get("name"), str):
            yield row


def totals(chapter: str) -> dict[str, int]:
    """How many exercises, claims and questions a chapter has."""
    from utils.claims import claims
    from utils.exercises import of_chapter
    from utils.quizzes import questions
    return {"exercise": len(of_chapter(chapter)), "claim": len(claims(chapter)),
            "question": len(questions(chapter))}


def done(chapter: str) -> dict[str, int]:
    """How many exercises were ever solved, claims held when last measured, questions right at the first try."""
    solved, claimed, answered = set(), {}, {}
    for row in events():
        if row["name"][:2] == chapter:
            if row["kind"] == "exercise" and row.get("good"):
                solved.add(row["name"])
            elif row["kind"] == "claim":
                claimed[row["name"]] = bool(row.get("good"))
            elif row["kind"] == "question":
                answered.setdefault(row["name"], bool(row.get("good")))
    return {"exercise": len(solved), "claim": sum(claimed.values()), "question": sum(answered.values())}


def line(chapter: str) -> str:
    """One chapter's progress as a sentence. Raises KeyError for a chapter that does not exist."""
    if not isinstance(chapter, str) or chapter not in CHAPTERS:
        raise KeyError(f"There is no chapter {shown(chapter)}; there are {CHAPTERS[0]} to {CHAPTERS[-1]}.")
    of, so_far = totals(chapter), done(chapter)
    return (f"chapter {chapter}: {so_far['exercise']} of {of['exercise']} exercises solved, "
            f"{so_far['claim']} of {of['claim']} claims reproduced, "
            f"{so_far['question']} of {of['question']} questions right at the first try")


def so_far(chapter: str) -> None:
    """Print what the learner has done in a chapter."""
    here(line(chapter))


def run(options: argparse.Namespace) -> int:
    """`python3 -m utils progress`: a line a chapter; with --forget the file is deleted."""
    if options.forget:
        try:
            file().unlink(missing_ok=True)
        except OSError as error:
            print(f"{file()} cannot be deleted ({error.strerror}): close what has it open, and try again.")
            return 1
        print("Forgotten.")
        return 0
    print("\n".join(line(chapter)[8:] for chapter in CHAPTERS))
    print(f"Kept in {file()}, on this machine alone.")
    return 0
