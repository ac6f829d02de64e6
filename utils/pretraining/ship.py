"""The folder that comes out: weights, tokenizer, log and model card, loadable by `from_pretrained`."""
import json
from datetime import date
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from utils.device import device_name, lab
from utils.history import History
from utils.plots.style import COLORS
from utils.pretraining import card
from utils.pretraining.model import LONGEST
from utils.pretraining.plan import Plan
from utils.pretraining.tokens import Tokens
from utils.pretraining.training import Run
from utils.pretraining.vectors import log_frequencies
from utils.pretraining.wordpiece import make_tokenizer, save_vocabulary

LOG, SCORES, CARD, PICTURE = "training_log.json", "scores.json", "README.md", "scores.png"
EVERY = 20  # steps that one number of the logged loss curve is the mean of


def ship(run: Run, tokens: Tokens, plan: Plan, history: History, folder: Path) -> None:
    """Write model.safetensors, config, tokenizer, vocabulary, the log and the card into `folder`.

    scores.json, written by tests/benchmarks/bert.py, is read into the card where it is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run.net.save_pretrained(folder)
    make_tokenizer(tokens.pieces, LONGEST).save_pretrained(folder)
    save_vocabulary(tokens.pieces, folder / "vocab.txt")
    log = record(run, tokens, plan, history)
    (folder / LOG).write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
    write_card(folder)
    for file in folder.iterdir():
        file.chmod(0o644)  # safetensors writes for the owner alone


def record(run: Run, tokens: Tokens, plan: Plan, history: History) -> dict:
    """What the run was and what it measured, as plain numbers."""
    schedule = run.schedule
    return {"date": date.today().isoformat(), "size": plan.size,
            "parameters": sum(weight.numel() for weight in run.net.parameters()),
            "steps": schedule.done, "tokens": schedule.tokens, "hours": round(schedule.seconds / 3600, 3),
            "finished": schedule.progress() >= 1, "device": device_name(lab.device),
            "threads": torch.get_num_threads(),
            "tokens_by_kind": tokens.kinds, "tokens_a_reading": tokens.count(), "pieces": len(tokens.pieces),
            "batch": plan.batch, "length": plan.length, "long": plan.long, "rate": plan.rate,
            "decay": plan.decay, "chunk": plan.chunk, "seed": plan.seed, "vectors": plan.vectors,
            "near": plan.near, "notes": plan.notes,
            "unigram_words_right": unigram_guess(tokens),
            "loss_every_steps": EVERY, "loss": means(history.steps.get("mlm", []), EVERY),
            "nsp": means(history.steps.get("nsp", []), EVERY),
            **{name: [round(value, 4) for value in history.by_epoch[name]]
               for name in history.by_epoch if name.startswith("held_out_")}}


def means(values: list[float], width: int) -> list[float]:
    """The mean of every `width` values, rounded."""
    return [round(sum(values[at:at + width]) / len(values[at:at + width]), 4) for at in range(0, len(values), width)]


def unigram_guess(tokens: Tokens) -> float:
    """The share of held-out tokens that guessing the most frequent piece always gets right."""
    best = int(np.argmax(log_frequencies(tokens)))
    ends = tokens.starts[tokens.documents]
    held = np.concatenate([tokens.ids[ends[i]:ends[i + 1]] for i in np.flatnonzero(tokens.held_out)])
    return round(float((held == best).mean()), 4)


def write_card(folder: Path) -> None:
    """Write README.md, and the picture in it, from training_log.json and, where there is one, scores.json."""
    log = json.loads((folder / LOG).read_text(encoding="utf-8"))
    scores = folder / SCORES
    found = json.loads(scores.read_text(encoding="utf-8")) if scores.exists() else {}
    (folder / CARD).write_text(card.text(log, found), encoding="utf-8")
    if len(card.counts(found)) > 1:
        draw(found["sst2"], card.counts(found)).savefig(folder / PICTURE, dpi=100, bbox_inches="tight")


def draw(scores: dict, counts: list[int]) -> Figure:
    """Score against the number of labels, mean and spread over seeds. scores: {kind: {labels: [score, ...]}}."""
    figure = Figure(figsize=(6.4, 3.0))
    ax = figure.add_subplot()
    for kind, name, role in (("pretrained", "this model", "model"), ("random", "from random numbers", "compared")):
        rows = [scores[kind][str(count)] for count in counts]
        spreads = [np.std(row, ddof=1) if len(row) > 1 else 0 for row in rows]
        means_of = [np.mean(row) for row in rows]
        ax.errorbar(counts, means_of, spreads, marker="o", capsize=4, color=COLORS[role], label=name)
    ax.set(xscale="log", xlabel="labelled sentences", ylabel="right on SST-2's dev set (%)")
    ax.set_xticks(counts, [f"{count:,}" for count in counts])
    ax.minorticks_off()
    ax.legend(frameon=False)
    return figure
