"""``python3 -m utils run``: run chapters without a screen, each in its own kernel, and compare.

What a chapter measures (``claim(...).measured(...)``) comes back as lines of JSON in the file that
COURSE_RESULTS names. After the last chapter one table says: paper, reference, this run.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import nbformat
from tqdm import tqdm

from utils import notebooks, report
from utils.install import ROOT, Trouble

CHAPTERS = ROOT / "chapters"
TIMEOUT = 6 * 3600  # seconds for one cell: a full-size training is one cell


@dataclass
class Outcome:
    """What became of one chapter: how long it took, what went wrong, what it measured."""

    name: str
    seconds: float
    problems: list[str] = field(default_factory=list)
    results: list[dict] = field(default_factory=list)
    figures: str = ""  # as HTML, for the report


def run(options: argparse.Namespace) -> int:
    """Run the chosen chapters and print the table; 1 if one failed or misses a floor, else 0."""
    if options.source:
        return summarise([measured_before(pathlib.Path(options.source))], options)
    paths = choose(options.chapters)
    outcomes: list[Outcome] = []
    try:
        with tempfile.TemporaryDirectory(prefix="course-") as folder:
            for outcome in all_outcomes(paths, pathlib.Path(folder), options):
                outcomes.append(outcome)
                say(line(outcome))
    except KeyboardInterrupt:
        print(f"\nStopped: {len(outcomes)} of {len(paths)} chapters are done.")
        options.record = False
        summarise(outcomes, options)
        sys.stdout.flush()
        os._exit(130)  # at once: threads wait on kernels, and kernels end when this process does
    return summarise(outcomes, options)


def choose(wanted: list[str], folder: pathlib.Path = CHAPTERS) -> list[pathlib.Path]:
    """The notebooks meant by "01", "01_perceptron", or a path; all chapters for an empty list."""
    known = sorted(folder.glob("[0-9]*.ipynb"))
    found = []
    for word in wanted:
        near = [path for path in known if path.stem == word or path.name.startswith(f"{word}_")]
        if not near and pathlib.Path(word).suffix == ".ipynb" and is_file(word):
            near = [pathlib.Path(word).resolve()]
        if not near:
            raise Trouble(f"There is no chapter {word}. There are: {', '.join(p.stem for p in known)}")
        found += near
    return found if wanted else known


def is_file(word: str) -> bool:
    """Whether a word is the name of a file; a name that no file can have is none."""
    try:
        return pathlib.Path(word).is_file()
    except (OSError, ValueError):  # too long, or with a character that no name has
        return False


def all_outcomes(paths: list[pathlib.Path], folder: pathlib.Path,
                 options: argparse.Namespace) -> Iterator[Outcome]:
    """Run ``options.jobs`` chapters at a time, each ``options.seeds`` times; yield each outcome as it comes."""
    if options.jobs < 1:
        raise Trouble(f"--jobs is the number of chapters at a time, 1 or more, not {options.jobs}.")
    if options.seeds < 1:
        raise Trouble(f"--seeds is the number of runs a chapter, 1 or more, not {options.seeds}.")
    pool = ThreadPoolExecutor(options.jobs)
    # disable=None: no bar where nobody looks, as in a log
    with tqdm(total=options.seeds * sum(map(cells, paths)), unit="cell", leave=False, disable=None) as bar:
        try:
            waiting = [pool.submit(outcome_of, path, folder, options, seed, bar)
                       for path in paths for seed in range(options.seeds)]
            yield from (done.result() for done in as_completed(waiting))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def cells(path: pathlib.Path) -> int:
    """How many code cells a notebook has; 0 for a file that is none."""
    try:
        return sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
    except Exception:  # the run itself will say what is wrong with it
        return 0


def say(text: str) -> None:
    """Print above the progress bar."""
    tqdm.write(text)
    sys.stdout.flush()


def outcome_of(path: pathlib.Path, folder: pathlib.Path, options: argparse.Namespace, seed: int,
               bar: tqdm) -> Outcome:
    """Run one chapter once; whatever goes wrong in it becomes part of the outcome."""
    name = path.stem + (f", seed {seed}" if options.seeds > 1 else "")
    say(f"{name} …")
    started, problems, results = time.perf_counter(), [], folder / f"{path.stem}-{seed}.jsonl"
    pictures = ""
    try:
        nb = nbformat.read(path, as_version=4)
        notebooks.execute(nb, path.parent, environment(results, options, seed), TIMEOUT, bar.update)
        problems = notebooks.write(nb, path) if options.save else []
        if options.html:
            write_page(nb, pathlib.Path(options.html), path.stem)
            pictures = report.figures(nb)
    except Exception as error:  # the other chapters go on
        problems = [reason(error, nb if "nb" in locals() else None)]
    measured = read_results(results)
    if options.results:
        keep_results(measured, pathlib.Path(options.results))
    return Outcome(name, time.perf_counter() - started, problems, measured, pictures)


def keep_results(rows: list[dict], file: pathlib.Path) -> None:
    """Add measured values to a file, a line each, so that nothing of a long run is lost."""
    with open(file, "a", encoding="utf-8") as kept:
        kept.write("".join(json.dumps(row) + "\n" for row in rows))


def measured_before(file: pathlib.Path) -> Outcome:
    """The values that `--results FILE` kept. Raises Trouble when there are none."""
    rows = read_results(file)
    if not rows:
        raise Trouble(f"{file} holds no measured values. `python3 -m utils run --results {file}` writes them.")
    return Outcome(file.stem, 0.0, results=rows)


def environment(results: pathlib.Path, options: argparse.Namespace, seed: int) -> dict[str, str]:
    """What a chapter's kernel is told: where results go, the tier, the seed, and whether outputs are kept."""
    env = {"COURSE_RESULTS": str(results)}
    env |= {"COURSE_SEED": str(seed)} if seed else {}
    env |= {"COURSE_TIER": options.tier} if options.tier else {}
    if options.states:  # absolute: the kernel runs in the chapters' folder
        env |= {"COURSE_STATES": str(pathlib.Path(options.states).resolve()), "COURSE_KEEP_STATES": "1"}
    return env | ({"COURSE_SAVING": "1"} if options.save else {})


def reason(error: Exception, nb: nbformat.NotebookNode | None) -> str:
    """One sentence: which cell failed, and how."""
    name, text = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    for i, cell in enumerate(nb.cells if nb else []):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return f"cell {i}: {name}: {text}"
    return f"{name}: {text}"


def read_results(path: pathlib.Path) -> list[dict]:
    """The measured claims of one chapter, in order; a line cut off by a crash is left out."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(text) for text in lines if text.endswith("\n")]


def write_page(nb: nbformat.NotebookNode, folder: pathlib.Path, name: str) -> None:
    """Write an executed notebook as an HTML page into ``folder``."""
    from nbconvert import HTMLExporter

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.html").write_text(HTMLExporter().from_notebook_node(nb)[0], encoding="utf-8")


def line(outcome: Outcome) -> str:
    """How one chapter went, as a line or more."""
    state = "FAILED" if outcome.problems else "ok"
    return "\n    ".join([f"{outcome.name}: {state}, {outcome.seconds:.0f} s", *outcome.problems])


def summarise(outcomes: list[Outcome], options: argparse.Namespace) -> int:
    """Print the table of claims, record the results if asked, and return the exit code."""
    from utils import one_task, readme, references

    measured = [result for outcome in outcomes for result in outcome.results]
    digits = [result for result in measured if result.get("kind") == one_task.KIND]
    results = references.pooled([result for result in measured if "id" in result])
    rows = references.table(results) if results else []
    rows = report.with_seconds(rows, [(outcome.name, outcome.seconds) for outcome in outcomes])
    missed = [row["claim"] for row in rows if not row.pop("ok")]
    print(report.render(rows))
    failed = [outcome.name for outcome in outcomes if outcome.problems]
    if failed or missed:
        print(f"\n{len(failed)} failed: {', '.join(failed) or 'none'}. "
              f"{len(missed)} below the floor: {', '.join(missed) or 'none'}."
              + (" Nothing was recorded." if options.record else ""))
    elif options.record and results:
        references.record(results)
        if digits:
            one_task.record_digits(digits)
        pages = ["README.md"] * readme.write_readme() + readme.write_saved_scoreboards()
        print(f"\nRecorded as the reference in assets/claims.json{', assets/digits.json' if digits else ''}; "
              f"written into {', '.join(pages) or 'no page, for none shows them'}.")
    if options.html and outcomes:
        chapters = [(outcome.name, line(outcome), outcome.figures) for outcome in outcomes]
        print(f"Report: {report.write_report(pathlib.Path(options.html), rows, chapters)}")
    return int(bool(failed or missed))
