"""What several processes send and take, and what to expect of GPUs and of several machines.

    python -m tests.benchmarks.scale [--steps 20] [--rounds 5] [--write]

Measures with one and two processes on this machine's CPU: bytes averaged in a step, and the time of a step. From
the bytes it computes, with assumptions that it names, what eight GPUs and several machines would do. --write puts
all of it into tests/scale.md. Nothing is run on a GPU.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
import torch.distributed as dist
import torch.nn.functional as F

from tests.benchmarks.loop import lenet5, trainer
from tests.benchmarks.scale_page import page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "tests" / "scale.md"


def lenet_step() -> tuple[torch.nn.Module, Callable, tuple]:
    """LeNet-5, its step and a batch of 64."""
    model = lenet5()
    return model, trainer(model), (torch.randn(64, 1, 28, 28), torch.arange(64) % 10)


def bert_step() -> tuple[torch.nn.Module, Callable, tuple]:
    """The course's BERT with a layer for two classes, chapter 8's step, and a batch of 16 sentences of 32 pieces."""
    from transformers import BertModel

    from utils.checkpoint_folders import COURSE_BERT
    model = torch.nn.ModuleDict({"bert": BertModel.from_pretrained(COURSE_BERT, add_pooling_layer=False)})
    model["say"] = torch.nn.Linear(model["bert"].config.hidden_size, 2)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)

    def step(batch: tuple) -> dict:
        loss = F.cross_entropy(model["say"](model["bert"](batch[0])[0].mean(1)), batch[1])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return {"loss": loss}
    return model, step, (torch.randint(5, 5000, (16, 32)), torch.arange(16) % 2)


MAKERS = {"LeNet-5": lenet_step, "the course's BERT": bert_step}


def work(steps: int, rounds: int) -> list[dict]:
    """Measure in this process, alone or as one of torchrun's: a row a model."""
    from utils import replicas, torchrun
    rank, world = torchrun.form_group() if "RANK" in os.environ else (0, 1)
    rows = []
    for name, make in MAKERS.items():
        torch.manual_seed(0)
        model, step, batch = make()
        averages = replicas.Averages(replicas.optimizers_of(step))
        taken = replicas.on_a_share(step, averages) if world > 1 else step
        taken(batch)  # rehearses and warms up
        sent, times = averages.sent, []
        for _ in range(rounds):
            began = time.perf_counter()
            for _ in range(steps):
                taken(batch)
            times.append((time.perf_counter() - began) / steps)
        rows.append({"model": name, "processes": world, "parameters": sum(p.numel() for p in model.parameters()),
                     "rows": len(batch[0]), "bytes": (averages.sent - sent) // (steps * rounds),
                     "milliseconds": round(1000 * median(times), 2)})
    if world > 1:
        dist.destroy_process_group()
    return rows if rank == 0 else []


def measure(steps: int, rounds: int) -> list[dict]:
    """One and two processes, each a program of its own with one thread."""
    found = []
    for processes in (1, 2):
        start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] * (processes > 1)
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, *start, "-m", "tests.benchmarks.scale", f"--steps={steps}",
                       f"--rounds={rounds}", "--worker", f"{folder}/rows"]
            subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "OMP_NUM_THREADS": "1",
                                                               "COURSE_DEVICE": "cpu"})
            found += json.loads(Path(folder, "rows").read_text())
    return found


def base_parameters() -> int:
    """How many numbers bert-base trains, counted on a net without memory; no weights are needed."""
    from transformers import BertConfig, BertModel
    with torch.device("meta"):
        return sum(p.numel() for p in BertModel(BertConfig(), add_pooling_layer=False).parameters())


def main() -> None:
    """Measure and print the page, or write it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--steps", type=int, default=20)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--write", action="store_true", help="into tests/scale.md")
    options.add_argument("--worker", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.worker:
        if rows := work(chosen.steps, chosen.rounds):
            Path(chosen.worker).write_text(json.dumps(rows))
        return
    kept = {"rows": measure(chosen.steps, chosen.rounds), "base": base_parameters(), "cores": os.cpu_count(),
            "torch": torch.__version__.split("+")[0], "steps": chosen.steps, "rounds": chosen.rounds}
    text = page(kept)
    print(text)
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
