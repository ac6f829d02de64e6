"""The pre-training itself: the step, and the loop of the course around it."""
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from utils.device import lab, seed_everything
from utils.history import History
from utils.pretraining import ranks
from utils.pretraining.batches import Batch, Passages
from utils.pretraining.model import SIZES, TwoTasks, make_net, optimizer_groups, stretch
from utils.pretraining.plan import Plan
from utils.pretraining.schedule import Schedule
from utils.pretraining.tokens import Tokens
from utils.pretraining.vectors import log_frequencies, word_vectors
from utils.training import fit

FAR = 1_000_000  # chunks that fit is asked for by the clock, which ends the training long before
WIDE = 0.5  # the part of the training that reads mostly books, in short sequences only
EVERY = 4  # then every fourth batch has long sequences, while the rate is still high enough to learn their places


class Walk:
    """The passages of a run, as `fit` walks batches: short ones of books for the most part in the first
    half; then more of the texts that are near the tasks, and every fourth batch of long ones.
    """

    def __init__(self, tokens: Tokens, plan: Plan, schedule: Schedule):
        rank, all_ranks = ranks.join()
        common = {"chunk": plan.chunk, "seed": plan.seed, "rank": rank, "ranks": all_ranks}
        self.wide = Passages(tokens, plan.length, plan.batch, **common)
        self.near = Passages(tokens, plan.length, plan.batch, near=plan.near, **common)
        self.long = Passages(tokens, plan.long, max(1, plan.batch * plan.length // plan.long), near=plan.near, **common)
        self.schedule, self.epoch = schedule, 0

    def __len__(self) -> int:
        return self.wide.chunk

    def __iter__(self) -> Iterator[Batch]:
        first, self.epoch = self.epoch * len(self), self.epoch + 1
        for number in range(first, first + len(self)):
            done = self.schedule.progress()
            part = self.wide if done < WIDE else self.long if number % EVERY == EVERY - 1 else self.near
            yield part.batch(number * part.ranks + part.rank)


@dataclass
class Run:
    """A pre-training under way: the net with its two tasks, its optimizer, and how far it is."""

    model: TwoTasks
    optimizer: torch.optim.Optimizer
    schedule: Schedule

    @property
    def net(self) -> Any:
        """transformers' BertForPreTraining."""
        return self.model.net


def begin(tokens: Tokens, plan: Plan, *, empty: bool = False) -> Run:
    """A new run. empty: random weights will do, for a checkpoint is read next."""
    seed_everything(plan.seed)
    vectors = None if empty or not plan.vectors else word_vectors(tokens, SIZES[plan.size][1], plan.seed)
    frequencies = None if empty else log_frequencies(tokens)
    model = TwoTasks(make_net(plan.size, len(tokens.pieces), vectors=vectors, frequencies=frequencies))
    model.to(lab.device)
    optimizer = torch.optim.AdamW(optimizer_groups(model, plan.decay), lr=plan.rate, eps=1e-6)
    return Run(model, optimizer, Schedule(optimizer, plan.rate, steps=plan.steps, minutes=plan.minutes))


def pretrain(tokens: Tokens, plan: Plan, checkpoint: Path | None = None,
             report: Callable | None = None) -> tuple[Run, History]:
    """Train a BertForPreTraining; return the run and its history (an epoch is a chunk of the plan).

    checkpoint: a file to go on from, written once a minute. report: called with the history and
    the schedule after each chunk. Ctrl-C ends it; what was learned is kept.
    """
    file = own_file(checkpoint)
    run = begin(tokens, plan, empty=file is not None and file.exists())
    model, optimizer, schedule = run.model, run.optimizer, run.schedule
    both = ranks.shared(model).__call__  # with several processes, the mean of their gradients
    held_out = Passages(tokens, plan.length, plan.batch, held_out=True, seed=1)

    def step(batch: Batch) -> dict:
        if batch[0].shape[1] > plan.length and not schedule.stretched:
            stretch(model.net, plan.length)
            schedule.stretched = True
        numbers = both(*batch)
        optimizer.zero_grad()
        numbers["loss"].backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.tick(batch[0].numel())
        return {name: value.detach() for name, value in numbers.items()}

    def look(history: History) -> bool:
        if report and ranks.join()[0] == 0:
            report(history, schedule)
        return bool(plan.minutes) and schedule.progress() >= 1  # True ends `fit` before its last epoch

    schedule.start()
    chunks = plan.steps // plan.chunk if plan.steps else FAR
    history = fit(model, Walk(tokens, plan, schedule), step, epochs=chunks, checkpoint=file, report=look,
                  evaluate=lambda: validate(model, held_out, plan.checks), quiet=True)
    return run, history


def validate(model: TwoTasks, held_out: Passages, checks: int) -> dict[str, float]:
    """The losses and the shares of right guesses on the documents held out: always the same batches."""
    found = [model(*(part.to(lab.device) for part in held_out.batch(number))) for number in range(checks)]
    return {f"held_out_{name}": float(torch.stack([one[name].float() for one in found]).mean())
            for name in ("mlm", "nsp", "words_right", "pairs_right")}


def reopen(tokens: Tokens, plan: Plan, checkpoint: Path) -> tuple[Run, History]:
    """The run that a checkpoint holds, as it stands. Raises ValueError for a file that cannot be read."""
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # missing, cut off, or with something in it that is no plain number or tensor
        raise ValueError(f"{checkpoint} cannot be read as a checkpoint ({type(error).__name__}).") from error
    run, history = begin(tokens, plan, empty=True), History()
    for name in ("model", "optimizer", "schedule"):
        getattr(run, name).load_state_dict(state["parts"][name])
    history.restore(state["history"])
    return run, history


def own_file(checkpoint: Path | None) -> Path | None:
    """This process's checkpoint: the first one's file, copied for each of the others."""
    rank, _ = ranks.join()
    if checkpoint is None:
        return None
    own = checkpoint.with_suffix(f".rank{rank}.pt") if rank else checkpoint
    if rank and checkpoint.exists():
        shutil.copy(checkpoint, own)
    elif rank:
        own.unlink(missing_ok=True)
    ranks.wait()  # nobody writes before everybody has read
    return own
