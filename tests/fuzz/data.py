"""utils.data: batches, the sets and where they come from, tasks made anew."""
import gzip
import pathlib
from importlib import import_module

import numpy as np
import torch
from hypothesis import strategies as st

from utils.data import batches, cards, images, pairs, sequences, sources, texts, toys

from .rows import Row
from .values import (GENERATORS, NOT_COUNT, NOT_FINITE, NOT_FUNCTION, NOT_LIST, NOT_NUMBER, NOT_SEED, NOT_TEXT, NUMBERS,
                     SEEDS, WORDS, tensors)

# modules that share their name with a function of utils.data
entities, growth, planes, reviews = (import_module(f"utils.data.{name}")
                                     for name in ("entities", "growth", "planes", "reviews"))
COUNTS = st.integers(1, 30) | st.integers(1, 9).map(np.int32)
LIMITS = st.none() | st.integers(1, 40) | st.integers(2000, 10**9)
NOT_LIMIT = [value for value in NOT_COUNT if value is not None]
NOT_GENERATOR = [None, 0, "text", np.random.default_rng(0)]
GONE = sources.Unavailable("no network")
SPLIT = images.Split(torch.rand(6, 1, 8, 8), torch.arange(6))
TEXT = texts.Text("a text", "stand-in", "to be or not to be\n")
WORDBOOK = pairs.Vocabulary(["Ein Hund läuft.", "Zwei Hunde laufen schnell, 3.5 km."])
REBER = sequences.embedded_reber(40, 0)
MODELS = growth.models(growth.SUMMARY.read_text(encoding="utf-8"))
TREES = st.sampled_from([toys.ENGLISH, toys.ITALIAN])
DATED = "Model,Publication date,Parameters,Training compute (FLOP)\n"


def batch_data(rows: int) -> st.SearchStrategy:
    """Two to three tensors of so many rows, as a tuple or a list."""
    one = tensors(st.just(rows), st.integers(0, 3)) | tensors(st.just(rows), dtype=torch.int64)
    return st.lists(one, min_size=1, max_size=3) | st.lists(one, min_size=2, max_size=2).map(tuple)


def walked(**options) -> list:
    """Every batch of one epoch."""
    return list(batches.Batches(**options))


def stream(length: int = 12) -> st.SearchStrategy:
    return tensors(st.integers(length, 40), st.integers(1, 2))


SCORES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3)).flatmap(lambda size: st.fixed_dictionaries({
    "scores": tensors(size[0], size[1], size[2], 7), "legal": tensors(size[0], size[1], 7, elements=st.sampled_from([0,
        1]))}))


def legal(both: dict) -> torch.Tensor:
    return sequences.all_legal(**both)


ROWS = [
    Row(walked, {"data": COUNTS.flatmap(lambda n: batch_data(int(n))), "size": COUNTS, "seed": st.integers(-5, 10**9),
                 "shuffle": st.booleans(), "transform": st.none() | st.just(lambda *parts: parts)},
        {"data": [None, 3, "text", (), [torch.ones(2), torch.ones(3)], torch.ones(3), (torch.ones(0),),
            (torch.tensor(1),), (torch.ones(2, device="meta"),),
                  (torch.eye(2).to_sparse(),)],
         "size": [*NOT_COUNT, torch.ones(2)], "seed": NOT_SEED, "transform": NOT_FUNCTION, "shuffle": [None, "no",
         torch.ones(2)]}, safe=("transform",), words=("Batches", "batch size"),
        name="data.batches.Batches"),
    Row(lambda epoch: batches.Batches(SPLIT, 2).order(epoch), {"epoch": st.integers(0, 10**9)},
        {"epoch": [None, "3", 0.5, -1]}, name="data.batches.Batches.order"),
    Row(batches.check, {"data": batch_data(4), "size": COUNTS}, inner="Batches' own check, tried through it"),
    Row(cards.left_and_right, {"count": COUNTS, "generator": GENERATORS}, {"count": NOT_COUNT,
        "generator": NOT_GENERATOR}),
    Row(cards.squares_and_circles, {"count": COUNTS, "generator": GENERATORS, "side": st.floats(4, 14),
                                    "ring": st.none() | st.floats(0.1, 4)},
        {"count": NOT_COUNT, "generator": NOT_GENERATOR, "side": [*NOT_NUMBER, *NOT_FINITE, 0, -1, 15],
         "ring": ["3", 1j, [1.0], *NOT_FINITE, -1, 0, 15]}),
    Row(cards.signs, {"count": COUNTS, "generator": GENERATORS}, inner="left_and_right"),
    Row(cards.seen_from_figures, {"count": COUNTS, "reach": st.floats(0, 10), "generator": GENERATORS},
        inner="squares_and_circles"),
    Row(entities.entities, {"name": st.none() | st.just("stand-in"), "limit": LIMITS},
        {"name": ["text", 3, [], torch.ones(2)], "limit": NOT_LIMIT}),
    Row(entities.rows, {"text": st.lists(st.tuples(st.sampled_from(["a", "Bonn", "-DOCSTART-"]),
                                                    st.sampled_from(["O", "B-LOC", "I-LOC"]))).map(
        lambda rows: "\n".join(" ".join(row) for row in rows))}, {"text": [*NOT_TEXT, "word", "word X"]},
            words=("line 1",)),
    Row(entities.documents, {"text": st.just(entities.ENTITIES.read_text(encoding="utf-8")) | st.just("")},
        {"text": NOT_TEXT}),
    Row(entities.announce, {"found": entities.Entities("a", "b", [], []), "limit": LIMITS}, inner="entities"),
    Row(growth.growth, {}), Row(growth.summary, {"text": DATED + "a,2020-01-01,3,\n"}, {"text": [*NOT_TEXT,
        "no table"]}),
    Row(growth.models, {"text": st.lists(st.sampled_from(["a,2020-01-01,3,", "b,1998-12-31,,1e9", "c,,5,"])).map(
        lambda lines: DATED + "\n".join(lines))}, {"text": [*NOT_TEXT, "no table"]}),
    Row(growth.years, {"date": st.dates().filter(lambda day: day.year < 9999).map(str)}, {"date": [*NOT_TEXT, "2020",
        "x"]}),
    Row(growth.number, {"text": st.just("") | NUMBERS.map(str)}, inner="models, with a cell of a table"),
    Row(growth.largest, {"found": st.lists(st.sampled_from(MODELS)), "of": st.sampled_from(growth.MEASURES)},
        {"found": [*NOT_LIST, [1]], "of": ["year", None, 3]}),
    *(Row(one, {"limit": LIMITS}, {"limit": NOT_LIMIT}, few=True) for one in (images.digits, images.fashion,
        images.usps, reviews.reviews)),
    Row(images.load, {"name": "a set", "folder": "mnist", "limit": LIMITS, "classes": images.DIGITS}, inner="digits"),
    Row(images.stand_in, {"name": "a set", "problem": GONE, "limit": LIMITS, "classes": images.DIGITS,
                          "size": st.sampled_from([16, 28])}, inner="load"),
    Row(images.idx, {"content": st.binary(min_size=16, max_size=40).map(gzip.compress), "header": st.sampled_from([8,
        16])},
        inner="idx_split, with a file whose SHA-256 is right"),
    Row(images.enlarge, {"images": tensors(st.integers(1, 3), 1, 8, 8), "size": st.sampled_from([16, 28])},
        inner="stand_in"),
    Row(images.first, {"split": SPLIT, "limit": LIMITS}, inner="load"),
    Row(images.announce, {"dataset": images.Dataset("a", "b", SPLIT, SPLIT)}, inner="load"),
    *(Row(one, {"limit": LIMITS}, {"limit": NOT_LIMIT}) for one in (images.check_limit, reviews.check_limit)),
    Row(pairs.translations, {}), Row(pairs.phrases, {}), Row(pairs.stand_in, {"problem": GONE}, inner="translations"),
    Row(pairs.words, {"sentence": st.text()}, {"sentence": NOT_TEXT}),
    Row(pairs.Vocabulary, {"sentences": st.lists(st.text()), "size": st.none() | st.integers(1, 50)},
        {"sentences": [None, 3, "one text", [1], [None]], "size": NOT_LIMIT}),
    Row(lambda sentences: WORDBOOK.encode(sentences), {"sentences": st.lists(st.text(), min_size=1)},
        {"sentences": [None, 3, "one text", [], [1]]}, name="data.pairs.Vocabulary.encode", words=("encode()",)),
    Row(lambda codes: WORDBOOK.decode(codes), {"codes": st.lists(st.integers(0,
        9)).map(lambda c: torch.tensor(c).long())},
        {"codes": [None, "text", torch.tensor([99]), torch.tensor([-1]), torch.tensor([0.5]), torch.ones(2, 2).long()]},
        name="data.pairs.Vocabulary.decode"),
    Row(planes.planes, {}), Row(planes.polar, {"radius": tensors(5), "angle": tensors(5)}, inner="planes"),
    Row(reviews.stand_in, {"problem": GONE, "limit": LIMITS}, inner="reviews"),
    Row(reviews.table, {"content": st.lists(st.tuples(WORDS, st.sampled_from("01"))).map(
        lambda rows: "\n".join(["sentence\tlabel", *("\t".join(row) for row in rows)]).encode())}, inner="reviews"),
    Row(reviews.labelled, {"rows": st.lists(st.tuples(st.text(), st.sampled_from("01")))}, inner="table"),
    Row(reviews.first, {"part": reviews.Labelled(["a"], torch.ones(1)), "limit": LIMITS}, inner="reviews"),
    Row(sequences.xor_stream, {"triples": COUNTS, "seed": SEEDS}, {"triples": NOT_COUNT, "seed": NOT_SEED}),
    Row(sequences.syllables, {"count": COUNTS, "seed": SEEDS}, {"count": NOT_COUNT, "seed": NOT_SEED}),
    Row(sequences.sentences, {"count": COUNTS, "seed": SEEDS}, {"count": NOT_COUNT, "seed": NOT_SEED}),
    Row(sequences.adding_problem, {"count": COUNTS, "T": st.integers(11, 60), "seed": SEEDS},
        {"count": NOT_COUNT, "T": [*NOT_COUNT, 3], "seed": NOT_SEED}),
    Row(sequences.embedded_reber, {"count": COUNTS, "seed": SEEDS, "without": st.sampled_from([(), REBER])},
        {"count": NOT_COUNT, "seed": NOT_SEED, "without": [None, 3, "text", [1], ["BT"]]}),
    Row(sequences.reber_tensors, {"strings": st.lists(st.sampled_from(REBER), min_size=1)},
        {"strings": [None, 3, "text", [], [1], [("BX?", ["T", "P"])], [("BT", [3])]]}),
    Row(legal, {"both": SCORES}, inner="the two sizes belong together", name="data.sequences.all_legal"),
    Row(lambda scores, legal: sequences.all_legal(scores, legal), {"scores": torch.ones(2, 3, 1, 7),
        "legal": torch.ones(2, 3, 7)},
        {"scores": [None, torch.ones(3), torch.ones(2, 3, 7)], "legal": [None, torch.ones(2, 2, 7), torch.ones(7)]},
        name="data.sequences.all_legal refused"),
    Row(lambda **options: list(sequences.in_order(**options)), {"stream": stream(), "count": st.integers(1, 3),
                                                               "length": st.integers(1, 3)},
        {"stream": [None, "text", torch.ones(1), torch.tensor(1)], "count": [*NOT_COUNT, 500], "length": [*NOT_COUNT,
            500]},
        name="data.sequences.in_order", words=("places",)),
    Row(sources.entry, {"path": st.sampled_from(["mnist/t10k-labels-idx1-ubyte.gz", "sst2/dev.tsv"])},
        {"path": ["none", None, 3, ["a"]]}, raises=(KeyError,), words=("course's files",)),
    Row(sources.cache_folder, {}), Row(sources.offline, {}), Row(sources.folders, {}),
    Row(sources.room, {"path": st.text()}, inner="download"),
    Row(sources.verified, {"file": pathlib.Path("none"), "sha256": "0", "source": "the cache"}, inner="read"),
    Row(sources.host, {"url": st.sampled_from(["https://a.example/b"])},
        inner="download, with an address of sources.json"),
    Row(sources.reason, {"error": st.sampled_from([OSError(28, "full"), PermissionError(13, "no"), ValueError("x"),
        GONE])},
        inner="download"),
    Row(texts.shakespeare, {}), Row(texts.stand_in, {"name": WORDS, "problem": GONE}, inner="shakespeare"),
    Row(texts.own_prose, {}), Row(texts.paragraphs, {"markdown": st.text()}, {"markdown": NOT_TEXT}),
    Row(texts.plain, {"text": st.text()}, {"text": NOT_TEXT}),
    Row(lambda text: TEXT.encode(text), {"text": st.text(TEXT.alphabet)}, {"text": [*NOT_TEXT, "XYZ"]},
        name="data.texts.Text.encode", words=("a text has no",)),
    Row(lambda codes: TEXT.decode(codes), {"codes": st.lists(st.integers(0, 7)).map(lambda c: torch.tensor(c).long())},
        {"codes": [None, "text", torch.tensor([99]), torch.tensor([-1]), torch.tensor([0.5]), torch.ones(2, 2).long()]},
        name="data.texts.Text.decode"),
    Row(toys.family_trees, {}), Row(toys.facts, {"couples": TREES}, inner="family_trees"),
    Row(toys.uncles_and_aunts, {"child": "Colin", "parents": ("James", "Victoria"), "couples": TREES}, inner="facts"),
]
