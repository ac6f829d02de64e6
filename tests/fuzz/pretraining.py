"""utils.pretraining: the text, the pieces, the plan and the card; the training itself has tests of its own."""
import numpy as np
import torch
from hypothesis import strategies as st

from utils.pretraining import card, corpus, model, plan, ranks, schedule, ship, wordpiece
from utils.pretraining import batches as rows

from .rows import Row
from .values import NOT_COUNT, WORDS

SIZES = st.sampled_from(["tiny", "small"])
IDS = st.integers(10, 30).flatmap(lambda n: st.just(np.random.default_rng(n).integers(5, 90, (4, n))))
DOCUMENTS = st.lists(st.lists(WORDS).map(lambda lines: corpus.Document("books", lines)), max_size=4)
SCORES = st.lists(st.floats(0, 100), max_size=3)
OPTIONS = {"size": SIZES, "steps": st.none() | st.integers(1, 500), "minutes": st.none() | st.floats(0.1, 90),
           "batch": st.integers(1, 64), "rate": st.floats(1e-6, 1), "seed": st.integers(0, 9)}
BOUND = [None, "3", -1, 0, float("nan"), float("inf")]


def scheduled(done: int, steps: int) -> float:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    found = schedule.Schedule(optimizer, 0.1, steps=steps, minutes=None)
    found.start()
    for _ in range(done):
        found.tick(1)
    return found.progress()


ROWS = [
    Row(rows.hide, {"ids": IDS, "chance": st.builds(np.random.default_rng, st.integers(0, 9)),
        "pieces": st.integers(90, 99)},
        inner="Passages"),
    Row(corpus.clean, {"text": st.text()}, inner="collect"), Row(corpus.sentences, {"paragraph": st.text()},
        inner="collect"),
    *(Row(one, {"content": st.text(st.characters(codec="utf-8")).map(str.encode)}, inner="collect")
      for one in (corpus.book, corpus.articles)),
    Row(corpus.book_paths, {}), Row(corpus.megabytes, {}), Row(corpus.repeats, {"kind": "books"}, inner="encode"),
    Row(corpus.in_both_cases, {"documents": DOCUMENTS, "share": st.floats(0, 1), "seed": st.integers(0, 9)},
        inner="load_tokens"),
    Row(card.cell, {"values": st.none() | SCORES}, inner="text"),
    *(Row(one, {"scores": st.just({}) | st.fixed_dictionaries({"sst2": st.just({"pretrained": {"100": [80.0]},
        "random": {"100": [50.0]}})})},
          inner="text") for one in (card.table, card.settings, card.counts, card.picture)),
    Row(card.use, {}), Row(model.configuration, {"size": SIZES, "pieces": st.integers(300, 400)}, {"size": ["huge",
        None, 3, ["tiny"]],
                                                                                                 "pieces": NOT_COUNT},
                                                                                                 words=("The size",)),
    Row(model.make_net, {"size": "tiny", "pieces": st.integers(200, 300)}, {"size": ["huge", None, 3, ["tiny"]],
        "pieces": NOT_COUNT},
        safe=("pieces",), words=("The size",), few=True),
    Row(model.optimizer_groups, {"net": st.builds(lambda: torch.nn.Linear(2, 2))}, inner="begin"),
    Row(plan.Plan, OPTIONS, {"size": ["huge", None, 3], "steps": BOUND[1:], "minutes": BOUND[1:],
        "batch": [*NOT_COUNT], "rate": BOUND,
                             "seed": [None, "3", 0.5]}, words=("above zero",)),
    Row(scheduled, {"done": st.integers(0, 20), "steps": st.integers(20, 40)}, inner="begin",
        name="pretraining.schedule.Schedule"),
    Row(ship.means, {"values": st.lists(st.floats(0, 9)), "width": st.integers(1, 9)}, inner="record"),
    Row(ship.draw, {"scores": {"pretrained": {"1": [1.0], "9": [2.0]}, "random": {"1": [1.0, 2.0], "9": [2.0]}},
        "counts": [1, 9]},
        inner="write_card"),
    Row(ranks.join, {}), Row(ranks.leave, {}), Row(ranks.wait, {}), Row(ranks.from_first, {"value": st.floats()},
        inner="pretrain"),
    Row(ranks.first_does, {"work": st.just(lambda: 3)}, inner="run"), Row(ranks.shared, {"model": torch.nn.Linear(2,
        2)}, inner="pretrain"),
    Row(wordpiece.train_vocabulary, {"sentences": st.lists(st.text()), "size": st.integers(200, 300)}, {"size": [3,
        *NOT_COUNT]},
        safe=("sentences",), words=("vocabulary",), few=True),
    Row(wordpiece.normalizer, {}),
    Row(wordpiece.make_tokenizer, {"pieces": wordpiece.SPECIAL + ["a"], "longest": 9}, inner="encode", few=True),
]
