"""The labelled sentences of chapter 08: sources, the stand-ins, and what they are made of."""
import importlib
import itertools
import os
import re
from collections import Counter
from pathlib import Path

import pytest
import torch

from utils.data import Unavailable, entities, reviews

REVIEWS = importlib.import_module("utils.data.reviews")  # the modules; their functions have the same names
ENTITIES = importlib.import_module("utils.data.entities")
SHARED = Path(os.environ.get("COURSE_DATA", "nowhere"))
KINDS = {"PER", "LOC", "ORG", "MISC"}


def real_data(folder):
    return pytest.mark.skipif(not (SHARED / folder).is_dir(), reason=f"COURSE_DATA does not hold {folder}")


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    """No COURSE_DATA, an empty cache, no network."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def pieces(sentences):
    """The entities of tagged sentences as (words, kind)."""
    found = []
    for words, tags in sentences:
        for word, tag in zip(words, tags, strict=True):
            if tag[0] == "B":
                found.append([[word], tag[2:]])
            elif tag[0] == "I":
                found[-1][0].append(word)
    return [(tuple(words), kind) for words, kind in found]


# --- reviews --------------------------------------------------------------------------------------

@real_data("sst2")
def test_sst2(capsys):
    data = reviews()
    assert capsys.readouterr().out == f"{data!r}\n" and data.is_real
    assert torch.bincount(data.train.labels).tolist() == [29_780, 37_569]
    assert torch.bincount(data.test.labels).tolist() == [428, 444] and data.train.labels.dtype == torch.int64
    assert data.test.sentences[0] == "it 's a charming and often affecting journey ."
    assert len(data.train.sentences) == 67_349 and data.train.sentences[1] == "contains no wit , only labored gags"
    few = reviews(limit=200)
    assert few.train.sentences == data.train.sentences[:200] and len(few.test.labels) == 872


def test_the_stand_in_of_reviews_says_so(nothing, capsys):
    data = reviews()
    said = capsys.readouterr().out
    assert said.startswith("here: SST-2 is not reachable (COURSE_OFFLINE is set); standing in: the course's reviews")
    assert said.count("\n") == 1 and not data.is_real and "stand-in" in data.name
    assert len(reviews(limit=7).train.sentences) == len(reviews(limit=7).train.labels) == 7


def test_the_stand_in_of_reviews_is_balanced_and_in_two_parts(nothing):
    data = reviews()
    assert torch.bincount(data.test.labels).tolist() == [100, 100]
    counts = torch.bincount(data.train.labels)
    assert counts.sum() >= 440 and abs(counts[0] - counts[1]) <= 2
    assert abs(data.train.labels[:200].float().mean() - 0.5) < 0.08  # in mixed order
    assert not set(data.train.sentences) & set(data.test.sentences)


def test_no_two_reviews_are_nearly_alike(nothing):
    data = reviews()
    said = [set(re.findall(r"\w+", sentence)) for sentence in data.train.sentences + data.test.sentences]
    alike = [(a, b) for a, b in itertools.combinations(said, 2) if len(a & b) / len(a | b) > 0.5]
    assert alike == [] and len(said) >= 640
    assert all(5 <= len(sentence.split()) <= 25 and sentence == sentence.lower() and sentence[-1] in ".?"
               for sentence in data.train.sentences + data.test.sentences)


def test_another_problem_is_named(nothing, monkeypatch, capsys):
    def fail(path):
        raise Unavailable("the disk is full")
    monkeypatch.setattr(REVIEWS, "read", fail)
    monkeypatch.setattr(ENTITIES, "read", fail)
    reviews()
    entities()
    assert capsys.readouterr().out.count("the disk is full") == 2


@pytest.mark.parametrize("limit", [0, -1, 2.5, "all", True])
def test_a_limit_is_a_positive_integer(nothing, limit):
    for load in (reviews, entities):
        with pytest.raises(ValueError, match="number of training sentences to keep"):
            load(limit=limit)


# --- entities -------------------------------------------------------------------------------------

@real_data("conll2003")
def test_conll2003(capsys):
    data = entities("conll2003")
    assert capsys.readouterr().out == f"{data!r}\n" and data.is_real and data.name == "CoNLL-2003"
    assert (len(data.train), len(data.test)) == (14_041, 3_453)
    assert sum(len(words) for words, _ in data.train) == 203_621
    assert Counter(kind for _, kind in pieces(data.test)) == {"LOC": 1668, "ORG": 1661, "PER": 1617, "MISC": 702}
    assert data.tags == ["O", "B-LOC", "I-LOC", "B-MISC", "I-MISC", "B-ORG", "I-ORG", "B-PER", "I-PER"]


@real_data("wnut17")
def test_wnut17():
    data = entities("wnut17")
    assert (len(data.train), len(data.test)) == (3_394, 1_287) and data.name == "WNUT-17"
    assert len(pieces(data.train)) == 1_975 and len(pieces(data.test)) == 1_079 and len(data.tags) == 13


@real_data("conll2003")
def test_conll_comes_first_and_a_changed_copy_is_not_taken(monkeypatch, tmp_path, capsys):
    assert entities(limit=3).name == "CoNLL-2003" and len(entities(limit=3).train) == 3
    (tmp_path / "conll2003").mkdir()
    (tmp_path / "conll2003" / "train.txt").write_bytes(b"EU NNP B-NP B-ORG\n")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert entities().name != "CoNLL-2003"
    assert "here: train.txt in COURSE_DATA is damaged or not the published file" in capsys.readouterr().out


def test_the_stand_in_of_entities_says_so(nothing, capsys):
    data = entities()
    said = capsys.readouterr().out
    assert said.startswith("here: Standing in (conll2003: no copy of your own in COURSE_DATA, and its licence")
    assert "wnut17: COURSE_OFFLINE is set" in said and said.count("\n") == 1 and "stand-in" in data.name
    assert entities("stand-in").train == data.train and entities(limit=5).train == data.train[:5]


def test_the_stand_in_of_entities_is_varied(nothing):
    data = entities()
    both = data.train + data.test
    found = pieces(both)
    assert len(both) >= 420 and len(data.test) >= 120
    assert {tag[2:] for tag in data.tags if tag != "O"} == KINDS == {kind for _, kind in pieces(data.test)}
    assert not {" ".join(words) for words, _ in data.train} & {" ".join(words) for words, _ in data.test}
    assert len({" ".join(words) for words, _ in both}) == len(both)
    by_name = {}
    for words, kind in found:
        by_name.setdefault(words, set()).add(kind)
    assert sum(len(kinds) > 1 for kinds in by_name.values()) >= 15  # the same name, two things
    assert sum(len(words) >= 3 for words, _ in found) >= 30 and max(len(words) for words, _ in found) >= 5
    assert 40 <= sum(set(tags) == {"O"} for _, tags in both) <= 100
    assert sum(tags[0] != "O" for _, tags in both) > 100


def test_tags_are_iob2(nothing):
    for words, tags in entities().train + entities().test:
        assert len(words) == len(tags) > 0
        for before, tag in zip(["O", *tags], tags):
            assert tag == "O" or tag[0] == "B" or before[2:] == tag[2:] and before != "O"


def test_another_name_is_refused(nothing):
    with pytest.raises(ValueError, match="conll2003, wnut17 or stand-in"):
        entities("ontonotes")


@pytest.mark.parametrize("text, wanted", [
    ("EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n", [(["EU", "rejects"], ["B-ORG", "O"]),
                                                                     (["Peter"], ["B-PER"])]),
    ("-DOCSTART- -X- -X- O\n\na\tO\n\t\nb\tB-x\n", [(["a"], ["O"]), (["b"], ["B-x"])]),
    ("", []),
])
def test_rows(text, wanted):
    assert ENTITIES.rows(text) == [ENTITIES.Tagged(*row) for row in wanted]


def test_a_line_without_a_tag_is_named():
    with pytest.raises(ValueError, match="line 3 should be a word and its IOB2 tag"):
        ENTITIES.rows("a O\n\nb S-PER\n")
