"""How fast the course trains, over what people write by hand and over other libraries, as ratios in one run.

    python -m tests.benchmarks.against [--rounds 7] [--images 6400] [--clock wall|cpu]

1. LeNet-5 and an MLP (784-100-10), one epoch in batches of 64: `fit` with Batches, over torchvision's dataset with
   ToTensor, Normalize and a DataLoader, as PyTorch's own examples have it; over skorch and over Lightning, which get
   the same tensors in memory; and over a bare loop that uses one batch again and again, the ceiling.
2. The course's BERT with chapter 8's `Opinion`, on the embedded reviews in batches of 16: the chapter's `tune` and
   `by_length`, over transformers' Trainer with batches in random order, each padded to its longest, and over a
   Trainer that groups by length.

The variants take turns within every round; a ratio is the median over the rounds. skorch, Lightning and the Trainer's
accelerate are no part of the course: install them beside it, or their rows say that they are missing. On a busy
machine `OMP_NUM_THREADS=1 ... --clock cpu` counts the seconds of this process alone.
"""
import contextlib
import importlib.util
import io
import logging
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

from tests import definitions
from tests.benchmarks.loop import SIZE, arguments, bare, lenet5, mnist_files, ratio, scaled, take_turns, trainer
from utils.checkpoint_folders import quiet
from utils.data import Batches, Labelled, Unavailable
from utils.data.reviews import stand_in
from utils.device import lab
from utils.training import fit

OURS, CEILING, BERT_SIZE = "fit, Batches", "one fixed batch, bare loop", 16
# what a row is called, the package it needs, and the ratio to reach
AIMS = {"DataLoader, bare loop": ("torchvision", 2.5), "skorch": ("skorch", 1.0),
        "Lightning": ("pytorch_lightning", 1.0), CEILING: ("torch", 0.95),
        "Trainer": ("accelerate", 1.2), "Trainer, by length": ("accelerate", 1.0)}


def mlp() -> nn.Module:
    """784-100-10 with ReLU, 79,510 parameters."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10)).to(lab.device)


def installed(names: list[str]) -> list[str]:
    """Those of the rows whose package is installed; a sentence for each of the others."""
    absent = [name for name in names if importlib.util.find_spec(AIMS[name][0]) is None]
    for name in absent:
        print(f"{name}: not measured, for the package {AIMS[name][0]} is not installed.")
    return [name for name in names if name not in absent]


def our_epoch(make: Callable, dataset: MNIST) -> Callable:
    """One epoch as the course trains."""
    model, batches = make(), Batches(scaled(dataset), SIZE)
    step = trainer(model)
    return lambda: fit(model, batches, step, epochs=1, quiet=True)


def fixed_epoch(make: Callable, dataset: MNIST) -> Callable:
    """As many steps as an epoch has, by hand, all on one batch: nothing is spent on feeding the model."""
    model, batches = make(), Batches(scaled(dataset), SIZE)
    step, fixed = trainer(model), next(iter(batches))
    return lambda: bare(model, step, [fixed] * len(batches))


def loader_epoch(make: Callable, dataset: MNIST) -> Callable:
    """One epoch as in PyTorch's own examples: every image is read, scaled and put in a batch by a DataLoader."""
    model, loader = make(), DataLoader(dataset, SIZE, shuffle=True)
    step = trainer(model)
    return lambda: bare(model, step, loader)


def skorch_epoch(make: Callable, dataset: MNIST) -> Callable:
    """One epoch of skorch's classifier on the tensors."""
    import skorch
    net = skorch.NeuralNetClassifier(make(), criterion=nn.CrossEntropyLoss, optimizer=torch.optim.SGD, lr=0.01,
                                     batch_size=SIZE, iterator_train__shuffle=True, train_split=None, max_epochs=1,
                                     callbacks__print_log=None, device=str(lab.device))
    net.initialize()
    tensors = scaled(dataset)
    return lambda: net.partial_fit(*tensors)


def lightning_epoch(make: Callable, dataset: MNIST) -> Callable:
    """One epoch of Lightning's Trainer on the tensors, with everything off that can be."""
    import pytorch_lightning as lightning
    for name in ("pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")  # it would advise more workers every time

    class Digits(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = make()

        def training_step(self, batch: tuple, number: int) -> torch.Tensor:
            return F.cross_entropy(self.net(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    digits, loader = Digits(), DataLoader(TensorDataset(*scaled(dataset)), SIZE, shuffle=True)
    off = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    return lambda: lightning.Trainer(max_epochs=1, accelerator="auto", devices=1, **off).fit(digits, loader)


WAYS = {OURS: our_epoch, CEILING: fixed_epoch, "DataLoader, bare loop": loader_epoch, "skorch": skorch_epoch,
        "Lightning": lightning_epoch}


class WithLoss(nn.Module):
    """Chapter 8's Opinion as the Trainer wants it: the loss comes from the model."""

    def __init__(self, opinion: nn.Module):
        super().__init__()
        self.opinion = opinion

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor) -> dict:
        """ids and mask (B, T), labels (B,) -> the loss and the logits (B, 2)."""
        logits = self.opinion(input_ids, attention_mask)
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def trainer_epoch(model: nn.Module, rows: list, tokenizer: Any, folder: str, **options: Any) -> Callable:
    """One epoch of transformers' Trainer at its defaults, but without files, reports and bars."""
    import transformers
    settings = transformers.TrainingArguments(
        folder, num_train_epochs=1, per_device_train_batch_size=BERT_SIZE, learning_rate=1e-3, weight_decay=0.01,
        warmup_steps=0.1, save_strategy="no", report_to="none", disable_tqdm=True,
        dataloader_pin_memory=lab.device.type == "cuda", **options)
    collate = transformers.DataCollatorWithPadding(tokenizer)

    def run() -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its log as it ends
            transformers.Trainer(WithLoss(model), settings, train_dataset=rows, data_collator=collate).train()
    return run


def embedded() -> Labelled:
    """The 478 sentences that are part of the course, whatever other data this machine has."""
    with contextlib.redirect_stdout(io.StringIO()):
        return stand_in(Unavailable("not asked for"), None).train


def bert_runs(folder: str) -> dict[str, Callable]:
    """One epoch over the embedded reviews, as chapter 8 does it and by the Trainer; texts are numbers already."""
    import transformers
    chapter = definitions.load("08_bert.ipynb")
    quiet()
    found, tokenizer = embedded(), transformers.AutoTokenizer.from_pretrained(chapter.COURSE_BERT)

    def make() -> nn.Module:
        bert = transformers.BertModel.from_pretrained(chapter.COURSE_BERT, add_pooling_layer=False)
        return chapter.Opinion(bert).to(lab.device)

    known = *chapter.encode(found.sentences, tokenizer), found.labels
    rows = [dict(tokenizer(text, truncation=True), labels=label)
            for text, label in zip(found.sentences, found.labels.tolist())]
    model, seeds = make(), iter(range(10**6))
    runs = {OURS: lambda: chapter.tune(model, chapter.opinion_loss, chapter.by_length(known, BERT_SIZE, next(seeds)),
                                       1e-3, epochs=1)}
    ways = {"Trainer": {}, "Trainer, by length": {"train_sampling_strategy": "group_by_length"}}
    return runs | {name: trainer_epoch(make(), rows, tokenizer, folder, **ways[name]) for name in installed(list(ways))}


def table(title: str, times: dict[str, list[float]], samples: int) -> str:
    """Samples a second, and how many times faster the course is, with the aim."""
    lines = [f"\n{title:28}{'samples/s':>11}{'ours over it':>14}{'aim':>6}"]
    for name, row in times.items():
        compared = "" if name == OURS else f"{ratio(times, name, OURS):14.2f}{AIMS[name][1]:6.2f}"
        lines.append(f"{name:28}{samples / median(row):11,.0f}{compared}")
    return "\n".join(lines)


def main() -> None:
    """Measure both parts and print their tables."""
    chosen = arguments(__doc__, rounds=7, images=6_400)
    ways = [OURS, *installed(list(WAYS)[1:])]
    with tempfile.TemporaryDirectory() as folder:
        dataset = mnist_files(Path(folder), chosen.images)
        for name, make in {"LeNet-5": lenet5, "MLP, 784-100-10": mlp}.items():
            runs = {way: WAYS[way](make, dataset) for way in ways}
            print(table(name, take_turns(runs, chosen.rounds, chosen.clock), chosen.images))
        times = take_turns(bert_runs(folder), chosen.rounds, chosen.clock)
        print(table("BERT, 2 layers of 256", times, len(embedded().labels)))


if __name__ == "__main__":
    main()
