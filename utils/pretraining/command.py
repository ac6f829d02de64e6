"""`python3 -m utils pretrain`: from the text to a folder that `from_pretrained` loads."""
import argparse
import time
from pathlib import Path

from utils.data.sources import Unavailable, cache_folder
from utils.device import lab
from utils.history import History
from utils.pretraining import corpus, ranks
from utils.pretraining.plan import Plan, load_plan
from utils.pretraining.schedule import Schedule
from utils.pretraining.ship import ship
from utils.pretraining.tokens import load_tokens
from utils.pretraining.training import pretrain, reopen
from utils.say import approx, here

PIECES = 8000
SPEAK = 30.0  # seconds between two lines


def run(options: argparse.Namespace) -> int:
    """Do what the command line asks for; return the exit code."""
    ranks.join()
    lab.banner()
    checkpoint = Path(options.checkpoint or cache_folder() / "pretraining" / f"{options.size}.pt").expanduser()
    try:
        plan = make_plan(options, checkpoint)
        here(f"up to {corpus.megabytes()} MB of text are downloaded where there is no copy yet")
        tokens = ranks.first_does(lambda: load_tokens(PIECES))
        found, history = reopen(tokens, plan, checkpoint) if options.as_it_is else (None, None)
    except (Unavailable, ValueError) as problem:
        print(problem)
        return 1
    if not options.as_it_is:
        found, history = pretrain(tokens, plan, checkpoint, Reporter())
    if ranks.join()[0] == 0:
        folder = Path(options.out).expanduser()
        ship(found, tokens, plan, history, folder)
        size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
        print(f"Wrote {folder.name} ({size:.1f} MiB): {', '.join(sorted(file.name for file in folder.iterdir()))}")
        print("To go on: the same command with --resume and more --minutes or --steps.")
    ranks.leave()
    return 0


def make_plan(options: argparse.Namespace, checkpoint: Path) -> Plan:
    """The plan of the command line, or the checkpoint's with --resume; an old checkpoint is dropped without."""
    if options.resume or options.as_it_is:
        return load_plan(checkpoint, options.steps, options.minutes)
    plan = Plan(size=options.size, steps=options.steps, minutes=options.minutes, batch=options.batch,
                rate=options.rate, seed=options.seed)
    if ranks.join()[0] == 0:
        checkpoint.unlink(missing_ok=True)
        plan.save(checkpoint)
    return plan


class Reporter:
    """Prints a line about the training every half a minute."""

    def __init__(self) -> None:
        self.spoke = time.perf_counter() - SPEAK

    def __call__(self, history: History, schedule: Schedule) -> None:
        if time.perf_counter() - self.spoke < SPEAK and schedule.progress() < 1:
            return
        self.spoke = time.perf_counter()
        newest = {name: row[-1] for name, row in history.by_epoch.items()}
        here(f"{100 * schedule.progress():.1f} % · step {schedule.done:,} · {schedule.tokens / 1e6:.1f} M tokens · "
             f"{schedule.tokens / max(1, schedule.seconds):,.0f} a second · loss of masked words "
             f"{approx(newest['mlm'], 3)}, held out {approx(newest['held_out_mlm'], 3)} · right: words "
             f"{approx(100 * newest['held_out_words_right'], 1, ' %')}, pairs "
             f"{approx(100 * newest['held_out_pairs_right'], 1, ' %')}")
