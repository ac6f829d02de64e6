"""Trainings for tests/test_distributed.py: cells of a notebook, each ends with keep(name, its losses)."""
import json
import pathlib

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

ROOT = pathlib.Path(__file__).resolve().parents[1]
FIRST = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
import json, torch
import torch.nn.functional as F
from torch import nn
from utils.data import Batches
from utils.device import seed_everything
from utils.training import Diverged, evaluate, fit

def keep(name, values):
    print("kept", json.dumps([name, values]))

def data(rows, seed=0):
    seed_everything(seed)
    points = torch.randn(rows, 8)
    return points, (points[:, :4].sum(1) > points[:, 4:].sum(1)).long()

def mlp(*more):
    seed_everything(1)
    return nn.Sequential(nn.Linear(8, 16), *more, nn.Tanh(), nn.Linear(16, 2))

def learn(model, batches, loss_of, epochs=3, clip=None, make=torch.optim.Adam, rate=1e-2, **options):
    optimizer = make(model.parameters(), rate)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.2, epochs * len(batches))

    def step(batch):
        loss = loss_of(model, batch)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        falling.step()
        return {{"loss": loss}}
    return fit(model, batches, step, epochs=epochs, quiet=True, **options)

def usual(model, batch):
    return F.cross_entropy(model(batch[0]), batch[1])
"""

# The last batch of 103 rows is one of 7: 4 and 3 for two processes.
MLP = """
split = data(103)
model = mlp()
history = learn(model, Batches(split, 16), usual, clip=0.3, evaluate=split)
keep("mlp", history.steps["loss"])
keep("mlp, test error", history["test_error"])
keep("mlp, what is drawn next", torch.rand(2).tolist())
"""

# A batch of one row is smaller than the group: every process does it whole.
SMALL = """
model = mlp()
keep("a row left over", learn(model, Batches(data(17), 8), usual, make=torch.optim.SGD).steps["loss"])
"""

# Sentences of unequal length: the mean is over the places that are asked, of which each share has another number.
BERT = """
class Tagger(nn.Module):
    def __init__(self, drop):
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, drop, "gelu", batch_first=True)
        self.pieces, self.layers = nn.Embedding(50, 16), nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.say = nn.Linear(16, 3)

    def forward(self, ids, mask):
        return self.say(self.layers(self.pieces(ids), src_key_padding_mask=mask == 0))

seed_everything(0)
tagger, batches = Tagger(DROP), []
for rows in (6, 6, 6, 5):
    ids = torch.randint(1, 50, (rows, 9))
    there = torch.arange(9) < torch.randint(2, 10, (rows, 1))
    batches.append({"ids": ids, "mask": there.long(), "labels": torch.where(there, ids % 3, -100)})

def tags(model, batch):
    logits = model(batch["ids"], batch["mask"])
    return F.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=-100)

keep(NAME, learn(tagger, batches, tags, clip=1.0, make=torch.optim.AdamW, epochs=4).steps["loss"])
"""

# Two players, two optimizers, noise of each process's own.
TWO = """
real, _ = data(96)
G, D = nn.Linear(8, 8), mlp()
game, noise = nn.ModuleDict({"G": G, "D": D}), [NOISE]
for_G, for_D = torch.optim.SGD(G.parameters(), 0.05), torch.optim.Adam(D.parameters(), 1e-2)

def step(batch):
    points, = batch
    fake = G(noise[0] * torch.randn(len(points), 8) + points.flip(1))
    loss_D = (F.softplus(-D(points)) + F.softplus(D(fake.detach()))).mean()
    for_D.zero_grad()
    loss_D.backward()
    for_D.step()
    loss_G = F.softplus(-D(fake)).mean()
    for_G.zero_grad()
    loss_G.backward()
    for_G.step()
    return {"D": loss_D, "G": loss_G}

history = fit(game, Batches((real,), 32), step, epochs=3, quiet=True)
keep(NAME, history.steps["D"] + history.steps["G"])
"""

# What cannot be shared: batch normalisation, nets in the first dimension, a sum, weights changed by hand.
WHOLE = """
keep("batch norm", learn(mlp(nn.BatchNorm1d(16)), Batches(data(64), 16), usual).steps["loss"])

class Nets(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Parameter(torch.randn(4, 8, 2) / 3)
    def forward(self, rows):
        return rows @ self.layer

def of_nets(model, batch):
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())

seed_everything(0)
keep("nets", learn(Nets(), [(torch.randn(4, 10, 8), torch.arange(10).expand(4, -1) % 2)] * 4, of_nets).steps["loss"])

def summed(model, batch):
    return F.cross_entropy(model(batch[0]), batch[1], reduction="sum")

keep("a sum", learn(mlp(), Batches(data(64), 16), summed, rate=1e-3).steps["loss"])

weights, (points, sides) = torch.zeros(8), data(40)

def correct(batch):
    wrong = (batch[0] @ weights) * (2 * batch[1] - 1) <= 0
    weights.add_((2 * batch[1] - 1)[wrong].float() @ batch[0][wrong])
    return {"mistakes": wrong.float().mean()}

keep("by hand", fit(None, Batches((points, sides), 1), correct, epochs=2, quiet=True).steps["mistakes"])
"""

# Infinite from the seventh batch on. All processes must stop, and go on with the cells behind.
DIVERGED = """
points, sides = data(64)
points[40:] = float("inf")
try:
    learn(mlp(), Batches((points, sides), 4, shuffle=False), usual, epochs=1)
except Diverged as problem:
    keep("diverged", [*problem.history.steps["loss"], str(problem)])
keep("and after it", learn(mlp(), Batches(data(64), 16), usual, epochs=1).steps["loss"])
"""

# A claim is measured in every process and written by one.
MEASURED = """
row = {"id": "01-xor", "values": [0.0], "data": "the four points", "tier": "quick", "device": "cpu"}
if "COURSE_RESULTS" in os.environ:
    with open(os.environ["COURSE_RESULTS"], "a") as file:
        print(json.dumps(row), file=file)
"""
CHANCE = ("bert with dropout", "two optimizers and noise")  # other random numbers than one process draws
SHARED = (FIRST, MLP, SMALL, BERT.replace("DROP", "0.0").replace("NAME", "'bert'"),
          BERT.replace("DROP", "0.1").replace("NAME", f"{CHANCE[0]!r}"),
          TWO.replace("NOISE", "0.0").replace("NAME", "'two optimizers'"),
          TWO.replace("NOISE", "1.0").replace("NAME", f"{CHANCE[1]!r}"))
CELLS = (*SHARED, WHOLE, DIVERGED, MEASURED)


def notebook(path: pathlib.Path, *cells: str) -> pathlib.Path:
    """Write a notebook of these cells."""
    nbformat.write(new_notebook(cells=[new_code_cell(cell.strip(), id=f"c{k}") for k, cell in enumerate(cells)]), path)
    return path


def kept(said: str) -> dict[str, list]:
    """What the cells printed by keep(), by name. Raises AssertionError when a name was printed twice."""
    rows = [json.loads(line.removeprefix("kept ")) for line in said.splitlines() if line.startswith("kept ")]
    assert len({name for name, _ in rows}) == len(rows), "more than one process prints"
    return dict(rows)
