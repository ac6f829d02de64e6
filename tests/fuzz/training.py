"""utils.training, history, checkpoints, states and leaves, utils.device and utils.say."""
import os
from itertools import count
from unittest import mock

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

from utils import checkpoints, device, history, leaves, say, states, training
from utils.data import Batches

from .plots import HISTORIES
from .rows import Row
from .values import NOT_FUNCTION, NOT_SEED, NUMBERS, WORDS, tensors

DATA = torch.rand(12, 3), torch.arange(12) % 3
NEW = count()
NOT_EPOCHS = [None, "3", 0.5, True, 0, -1, float("nan")]
SPLITS = st.integers(1, 30).flatmap(lambda n: st.tuples(tensors(n, 3), st.just(torch.arange(n) % 3)))
NOT_SPLIT = [None, 3, "text", (), (1, 2), (torch.ones(2, 3),), (torch.ones(2, 3), torch.ones(5).long()),
             (torch.ones(0, 3), torch.ones(0).long())]
ODD = [Ellipsis, int, object(), range(3), iter([1]), {1}]
MADE = st.builds(lambda: nn.Linear(2, 2)) | st.builds(torch.Generator) | tensors(2, 3) | st.just(np.eye(2))
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | MADE | st.sampled_from(ODD)
TREE = st.recursive(LEAF, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=6)
STEPS = st.sampled_from([lambda batch: {"loss": 1.0}, lambda batch: {"loss": torch.tensor(1.0), "error": np.float32(2)},
                         lambda batch: {}])


def net() -> nn.Module:
    return nn.Linear(3, 3)


def own_file() -> str:
    """A name that no example before had: a file of another model is refused, as it should be."""
    return f"{next(NEW)}.pt"


def trained(**arguments) -> history.History:
    return training.fit(**{"model": net(), "quiet": True, "batches": Batches(DATA, 4), "epochs": 1,
                           "step": lambda batch: {"loss": 1.0}} | arguments)


def stepped(answer) -> history.History:
    """A training whose step answers so."""
    return trained(step=lambda batch: answer)


def of_environment(name: str, value: str, ask):
    with mock.patch.dict(os.environ, {name: value}):
        return ask()


def machine(value: str) -> object:
    return of_environment("COURSE_DEVICE", value, lambda: device.lab.device)


def tier(value: str) -> object:
    return of_environment("COURSE_TIER", value, lambda: device.lab.tier)


def repeated(value: str) -> object:
    return of_environment("COURSE_SEED", value, device.repetition)


def put_back(leaf) -> None:
    leaves.put_state(leaf, leaves.state_of(leaf))


def digested(state) -> None:
    import hashlib
    leaves.add_content(hashlib.sha256(), state)


NUMBER = NUMBERS | NUMBERS.map(torch.tensor) | NUMBERS.map(np.float64) | st.integers(-9, 9)
NAMES = st.text(st.characters(exclude_characters="\0", codec="ascii"), min_size=1, max_size=8)
BAD_STEPS = [None, 3, "text", [1.0], {"loss": None}, {"loss": "a"}, {"loss": torch.ones(2)}, {"loss": [1.0]}]

ROWS = [
    Row(trained, {"model": st.sampled_from([None]) | st.builds(net),
                  "batches": st.sampled_from([[1, 2], Batches(DATA, 5)]),
                  "step": STEPS, "epochs": st.integers(1, 3) | st.integers(1, 2).map(np.int64), "quiet": st.booleans(),
                  "evaluate": st.none() | st.just(lambda: {"error": torch.tensor(2.0)}), "report": st.none()
                  | st.just(lambda h: None),
                  "watch": st.none() | st.just(lambda h, over: None),
                  "checkpoint": st.none() | st.builds(own_file)},
        {"model": [nn.Linear], "batches": [None, 3, "text", [], iter([1]), torch.ones(2), {1: 2}], "step": NOT_FUNCTION,
         "epochs": NOT_EPOCHS, "quiet": [None, "yes", 3], "report": NOT_FUNCTION, "watch": NOT_FUNCTION,
         "evaluate": [3, "text", [], (), (1, 2), (torch.ones(2, 3), torch.ones(3))], "checkpoint": [3, [1],
         torch.ones(2)]},
        safe=("model", "step", "epochs", "evaluate", "report", "watch", "checkpoint"), words=("split", "fit()"),
        name="training.fit", few=True),
    Row(stepped, {"answer": st.dictionaries(WORDS, NUMBER, max_size=3)}, {"answer": BAD_STEPS}, safe=("answer",),
        name="training.fit with an answer", words=("step", "A step's number")),
    Row(training.evaluate, {"model": st.builds(net), "split": SPLITS, "size": st.integers(1, 50)},
        {"model": [None, 3, "text"], "split": NOT_SPLIT, "size": NOT_EPOCHS}, safe=("model",)),
    Row(training.Bar, {"total": st.integers(0, 9), "history": st.builds(history.History), "quiet": st.booleans()},
        inner="fit"),
    Row(lambda **options: list(training.walk(**options)), {"batches": [1, 2, 3], "order": 0, "skip": st.integers(0, 4)},
        inner="fit", name="training.walk"),
    Row(training.to_device, {"batch": TREE, "device": torch.device("cpu")}, inner="fit"),
    Row(training.half_precision, {"model": st.none() | st.builds(net)}, inner="fit"),
    Row(training.set_mode, {"model": st.none() | st.builds(net), "training": st.booleans()}, inner="fit"),
    Row(training.measure, {"model": st.builds(net), "evaluation": st.sampled_from([None, DATA, lambda: {"a": 1}])},
        inner="fit"),
    Row(training.check, {"model": None, "batches": [[1]], "step": STEPS, "epochs": 1},
        inner="fit's own check, tried through it"),
    Row(training.check_logits, {"logits": tensors(4, 3), "rows": torch.arange(4)}, inner="evaluate"),
    Row(history.fetch, {"name": WORDS, "values": st.lists(NUMBERS | NUMBERS.map(torch.tensor))},
        {"values": [["a"], [None], [torch.ones(2)], [[1]]]}, words=("number",), safe=("values", "name")),
    Row(lambda name, taken: taken[name], {"name": "loss", "taken": HISTORIES.filter(lambda h: "loss" in h)},
        {"name": [None, 3, "none", ["a"]]}, safe=("taken", "name"), raises=(KeyError,), words=("history has no",),
            name="history.History"),
    Row(lambda taken: history.History().restore(taken.state()), {"taken": HISTORIES}, inner="Checkpoint",
        name="history.History.restore"),
    Row(lambda taken: (taken.summary(), repr(taken)), {"taken": HISTORIES}, inner="fit",
        name="history.History.summary"),
    Row(history.Diverged, {"name": WORDS, "value": float("nan"), "epoch": 0, "batch": 0, "history": history.History()},
        inner="History"),
    Row(checkpoints.Checkpoint, {"file": st.none() | st.just("a.pt"), "model": st.builds(net), "step": STEPS},
        inner="fit"),
    Row(checkpoints.stateful, {"model": st.none() | st.builds(net), "step": STEPS}, inner="Checkpoint"),
    Row(checkpoints.named, {"function": STEPS | st.just(len)}, inner="stateful"),
    Row(lambda: checkpoints.set_random_state(checkpoints.random_state()), {}, name="checkpoints.random_state"),
    Row(states.folder, {}), Row(states.away, {}), Row(states.keeping, {}), Row(states.known, {"step": TREE},
        inner="fit"),
    Row(states.is_heavy, {"leaf": TREE}, inner="Training"),
    Row(leaves.read, {"function": STEPS | TREE}, inner="Training"), Row(leaves.source, {"thing": STEPS | LEAF},
        inner="Training"),
    Row(leaves.text_of, {"function": STEPS}, inner="source"),
    Row(lambda **options: list(leaves.walk(**options)), {"value": TREE, "way": NAMES}, inner="Training",
        name="leaves.walk"),
    Row(leaves.has_state, {"leaf": TREE}, inner="Training"), Row(leaves.fingerprint, {"leaf": TREE}),
    Row(digested, {"state": TREE}, inner="fingerprint", name="leaves.add_content"),
    Row(put_back, {"leaf": tensors(2) | st.builds(lambda: np.ones(2)) | st.builds(net) | st.builds(torch.Generator)},
        inner="Training", name="leaves.put_state"),
    Row(leaves.describe, {"batches": st.sampled_from([[1], Batches(DATA, 4)])}, inner="Training"),
    Row(lambda parts: list(leaves.flat(parts)), {"parts": TREE}, name="leaves.flat"),
    Row(leaves.settings, {"module": st.builds(net)}, inner="Training"),
    Row(leaves.function_or_type, {"value": TREE}, inner="settings"),
    Row(leaves.modules, {"leaves": st.dictionaries(WORDS, LEAF)}, inner="Training"),
    Row(device.seed_everything, {"seed": st.integers(0, 2**32 - 1)}, {"seed": [*NOT_SEED, -1, 2**32]},
        words=("A seed",)),
    Row(repeated, {"value": st.integers(0, 99).map(str) | st.just("")}, {"value": ["a", "-1", "1.5", "²"]},
        name="device.repetition", words=("COURSE_SEED",), safe=("value",)),
    Row(machine, {"value": st.sampled_from(["cpu", ""])}, {"value": ["gpu", "cuda:99", "cpu:x", "☃", "mps:7"]},
        name="device.Lab.device", words=("COURSE_DEVICE",), safe=("value",)),
    Row(tier, {"value": st.sampled_from(["quick", "full", ""])}, {"value": ["fast", "FULL", "0"]},
        name="device.Lab.tier", words=("COURSE_TIER",), safe=("value",)),
    Row(device.lab.pick, {"quick": LEAF, "full": LEAF}, name="device.Lab.pick"),
    Row(device.lab.banner, {}, name="device.Lab"), Row(device.best_device, {}),
    Row(device.device_name, {"device": st.sampled_from([torch.device("cpu"), torch.device("meta")])}, {"device": [None,
        3, "cpu"]}),
    Row(say.approx, {"value": NUMBER | st.integers(), "digits": st.integers(0, 12), "unit": st.text(),
        "spread": st.none() | NUMBER},
        {"value": [None, "3", [1.0], torch.ones(2), 1j, object()], "digits": [None, "3", 0.5, -1, 13, [1]],
            "unit": [None, 3],
         "spread": ["3", [1.0], torch.ones(2), 1j]}, words=("approx()",)),
    Row(say.here, {"text": st.text()}, safe=("text",)), Row(say.show_source, {"thing": st.sampled_from([net, nn.Linear,
        history.History])},
                                            {"thing": [None, 3, "text", len, object()]}),
]
