"""What pre-training is worth: the course's BERT fine-tuned, beside the same net from random numbers.

    python -m tests.benchmarks.bert [FOLDER] [--task sst2|conll2003|wnut17|reviews|entities] [--labels 200 1000]
        [--seeds 5] [--out FILE]

Prints a line a run, and mean and standard deviation over the seeds; --out adds them to a JSON file.
Everything is equal but the weights at the start: data, order, epochs, learning rate. A sentence is judged by
chapter 8's `Opinion`, from the mean of the last states.
"""
import argparse
import json
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests import definitions
from utils.data.entities import entities
from utils.data.reviews import reviews
from utils.device import lab, seed_everything
from utils.training import fit

ROOT = Path(__file__).resolve().parents[2]
LONGEST, SIZE, STEPS = 64, 32, 120  # tokens of a sentence, sentences of a step, fewest steps of a run
EPOCHS, RATE = 4, 5e-4
IGNORED = -100


class Examples:
    """Batches of padded sentences, (ids, mask, labels), in a new order every epoch.

    by_length: a batch holds sentences of about one length, so that little is padded.
    """

    def __init__(self, tokenizer: Any, rows: list, encode: Callable, seed: int = 0, shuffle: bool = True,
                 by_length: bool = False):
        self.rows = [encode(tokenizer, row) for row in rows]
        self.seed, self.shuffle, self.by_length, self.epoch = seed, shuffle, by_length, 0

    def __len__(self) -> int:
        return -(-len(self.rows) // SIZE)

    def __iter__(self) -> Any:
        order, draw = list(range(len(self.rows))), random.Random(self.seed * 1000 + self.epoch)
        if self.shuffle:
            draw.shuffle(order)
        if self.by_length:
            order.sort(key=lambda row: len(self.rows[row][0]))  # stable: equal lengths stay mixed
        starts = list(range(0, len(order), SIZE))
        if self.by_length:
            draw.shuffle(starts)
        self.epoch += 1
        for start in starts:
            yield padded([self.rows[row] for row in order[start:start + SIZE]])


def padded(rows: list) -> tuple[Tensor, Tensor, Tensor]:
    """(ids, mask, labels) of rows of (ids, label or labels), filled up to the longest."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows])
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in rows])
    if isinstance(rows[0][1], int):
        return ids, mask, torch.tensor([label for _, label in rows])
    return ids, mask, torch.tensor([labels + [IGNORED] * (longest - len(labels)) for _, labels in rows])


def sentence_row(tokenizer: Any, row: tuple[str, int]) -> tuple[list[int], int]:
    """A sentence and its label as numbers."""
    return tokenizer(row[0], truncation=True, max_length=LONGEST)["input_ids"], int(row[1])


def tagged_row(tokenizer: Any, row: tuple[list[str], list[int]]) -> tuple[list[int], list[int]]:
    """Words and tags: the first piece of a word has its tag, the others are not scored."""
    found = tokenizer(row[0], is_split_into_words=True, truncation=True, max_length=LONGEST)
    words, labels, before = found.word_ids(), [], None
    for word in words:
        labels.append(IGNORED if word is None or word == before else row[1][word])
        before = word
    return found["input_ids"], labels


def spans(tags: list[str]) -> set[tuple[int, int, str]]:
    """The entities of IOB2 tags: (first, last + 1, kind). An I- without its B- opens one too."""
    found, start, kind = set(), None, None
    for place, tag in enumerate([*tags, "O"]):
        goes_on = tag.startswith("I-") and tag[2:] == kind
        if kind is not None and not goes_on:
            found.add((start, place, kind))
            kind = None
        if tag != "O" and not goes_on:
            start, kind = place, tag[2:]
    return found


def entity_f1(truth: list[list[str]], guessed: list[list[str]]) -> float:
    """F1 in percent over exact spans with their kinds."""
    right = wanted = found = 0
    for one, other in zip(truth, guessed):
        a, b = spans(one), spans(other)
        right, wanted, found = right + len(a & b), wanted + len(a), found + len(b)
    return 200 * right / max(1, wanted + found)


def train(net: nn.Module, examples: Examples, epochs: int, rate: float, **options: Any) -> Any:
    """Fine-tune: AdamW, warm-up over a tenth, linear decay, gradients clipped. options: for `fit`. Its History."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01)
    total = epochs * len(examples)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: min((done + 1) / (total / 10), (total - done) / (total * 0.9)))

    def step(batch: tuple) -> dict:
        ids, mask, labels = batch
        scores = logits_of(net, ids, mask)
        loss = F.cross_entropy(scores.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        return {"loss": loss}

    return fit(net, examples, step, epochs=epochs, quiet=True, **options)


def guesses(net: nn.Module, examples: Examples) -> list[tuple[Tensor, Tensor]]:
    """(labels, guesses) of every batch."""
    net.eval()
    with torch.inference_mode():
        return [(labels, logits_of(net, ids.to(lab.device), mask.to(lab.device)).argmax(-1).cpu())
                for ids, mask, labels in examples]


def logits_of(net: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """The chapter's net gives logits, those of transformers give them among other things."""
    found = net(ids, mask)
    return found if isinstance(found, Tensor) else found.logits


def accuracy(found: list[tuple[Tensor, Tensor]], names: list[str]) -> float:
    """The share of right sentences, in percent."""
    right = sum(int((labels == guess).sum()) for labels, guess in found)
    return 100 * right / sum(len(labels) for labels, _ in found)


def f1(found: list[tuple[Tensor, Tensor]], names: list[str]) -> float:
    """Entity F1 of the words' first pieces, in percent."""
    truth, guessed = [], []
    for labels, guess in found:
        for one, other in zip(labels, guess):
            kept = one != IGNORED
            truth.append([names[i] for i in one[kept]])
            guessed.append([names[i] for i in other[kept]])
    return entity_f1(truth, guessed)


def load_task(name: str) -> tuple[list, list, list[str], Callable, Callable]:
    """(training rows, test rows, names of the labels, encoder, score) of a task."""
    if name in ("sst2", "reviews"):
        data = reviews()
        parts = [list(zip(part.sentences, part.labels.tolist())) for part in (data.train, data.test)]
        random.Random(0).shuffle(parts[0])
        return *parts, list(data.classes), sentence_row, accuracy
    data = entities(None if name == "entities" else name)
    number = {tag: place for place, tag in enumerate(data.tags)}
    parts = [[(words, [number[tag] for tag in tags]) for words, tags in part] for part in (data.train, data.test)]
    random.Random(0).shuffle(parts[0])
    return *parts, data.tags, tagged_row, f1


def make(kind: str, folder: Path, classes: int, sentence: bool) -> nn.Module:
    """The pre-trained net with a new head, or the same net from random numbers."""
    from transformers import AutoConfig, BertForTokenClassification, BertModel
    config = AutoConfig.from_pretrained(folder, num_labels=classes)
    family, options = (BertModel, {"add_pooling_layer": False}) if sentence else (BertForTokenClassification, {})
    known = kind == "pretrained"
    net = family.from_pretrained(folder, config=config, **options) if known else family(config, **options)
    return definitions.load("08_bert.ipynb").Opinion(net) if sentence else net


def measure(options: argparse.Namespace) -> dict:
    """Every run of one task; returns {kind: {labels: [score, ...]}}."""
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(options.folder)
    rows, test_rows, names, encode, score = load_task(options.task)
    test = Examples(tokenizer, test_rows[:options.test], encode, shuffle=False)
    found: dict = {}
    for labels in options.labels:
        labels = min(labels or len(rows), len(rows))
        for kind in options.kinds:
            scores = []
            for seed in range(options.seeds):
                chosen = random.Random(seed).sample(rows, labels)
                examples = Examples(tokenizer, chosen, encode, seed, by_length=options.by_length)
                seed_everything(seed)
                net = make(kind, options.folder, len(names), encode is sentence_row)
                epochs = max(options.epochs, -(-options.steps // len(examples)))
                train(net, examples, epochs, options.rate)
                scores.append(round(score(guesses(net, test), names), 2))
            found.setdefault(kind, {})[str(labels)] = scores
            spread = statistics.stdev(scores) if len(scores) > 1 else 0
            print(f"{options.task} {labels} labels, {kind}: {statistics.mean(scores):.1f} +- {spread:.1f}  {scores}",
                  flush=True)
    return found


def main() -> None:
    """Measure one task and keep what was found."""
    import transformers
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "assets" / "bert")
    parser.add_argument("--task", default="sst2", choices=("sst2", "conll2003", "wnut17", "reviews", "entities"))
    parser.add_argument("--labels", type=int, nargs="+", default=[200, 1000], help="0 for all")
    parser.add_argument("--kinds", nargs="+", default=["pretrained", "random"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--steps", type=int, default=STEPS, help="fewest steps of a run")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--by-length", action="store_true", help="batches of about one length: faster on long lists")
    parser.add_argument("--test", type=int, default=None, help="test sentences, all when left out")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = measure(options)
    if options.out:
        kept = json.loads(options.out.read_text()) if options.out.exists() else {}
        for kind, scores in found.items():
            kept.setdefault(options.task, {}).setdefault(kind, {}).update(scores)
        own = {name: getattr(options, name) for name in ("rate", "epochs", "steps", "test", "by_length")}
        measured = {labels for scores in found.values() for labels in scores}
        kept[options.task].setdefault("settings", {}).update(dict.fromkeys(measured, own))
        options.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
