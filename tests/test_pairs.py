"""The sentence pairs: sources, the stand-in, the tokens, and the vocabulary."""
import os
from collections import Counter
from pathlib import Path

import pytest
import torch

from utils.data import Unavailable, Vocabulary, pairs, translations, words
from utils.data.pairs import BEGIN, END, PAD, SIGNS, UNKNOWN

SHARED = Path(os.environ.get("COURSE_DATA", "nowhere")) / "multi30k"
real_data = pytest.mark.skipif(not SHARED.is_dir(), reason="COURSE_DATA does not hold Multi30k")


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    """No COURSE_DATA, an empty cache, no network."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))


@real_data
def test_multi30k(capsys):
    found = translations()
    assert [len(part) for part in (found.train, found.valid, found.test)] == [29_000, 1014, 1000]
    assert found.is_real and capsys.readouterr().out.startswith("here: Multi30k, German and English from ")
    german, english = found.train[0]
    assert german.startswith("Zwei junge") and english.startswith("Two young") and "ä" in german + found.train[2][0]


def test_the_stand_in_says_so(nothing, capsys):
    found = translations()
    said = capsys.readouterr().out
    assert said.startswith("here: Multi30k is not reachable (COURSE_OFFLINE is set); standing in: ")
    assert said.count("\n") == 1 and not found.is_real and "stand-in" in found.name
    everything = [*found.train, *found.valid, *found.test]
    assert len(everything) >= 600 and len(found.test) == 80 and len(set(everything)) == len(everything)
    assert all(len(pair) == 2 and all(side.strip() == side != "" for side in pair) for pair in everything)
    assert translations() == found  # the same every time


def test_another_problem_is_named(nothing, monkeypatch, capsys):
    def fail(path):
        raise Unavailable("the disk is full")
    monkeypatch.setattr(pairs, "read", fail)
    assert not translations().is_real
    assert "(the disk is full)" in capsys.readouterr().out


def test_the_phrases_are_varied_and_mostly_known_words(nothing):
    found = translations()
    for side in (0, 1):
        learned = Counter(word for pair in found.train for word in words(pair[side]))
        asked = [word for pair in found.test for word in words(pair[side])]
        assert 400 < len(learned) < 700
        assert sum(word in learned for word in asked) > 0.93 * len(asked)
        assert len({pair[side] for pair in found.train}) > 0.98 * len(found.train)


@pytest.mark.parametrize("sentence, wanted", [
    ("A man, a dog.", ["a", "man", ",", "a", "dog", "."]),
    ("Der Hund läuft über die Straße!", ["der", "hund", "läuft", "über", "die", "straße", "!"]),
    ('He said: "No (really)?"', ["he", "said", ":", '"', "no", "(", "really", ")", "?", '"']),
    ("It costs 1,234.50 euros.", ["it", "costs", "1,234.50", "euros", "."]),
    ("a well-known man's hat", ["a", "well-known", "man's", "hat"]),
    ("the 1990-model & co", ["the", "1990", "-", "model", "&", "co"]),
    ("end of 1990.", ["end", "of", "1990", "."]),
    ("", []),
])
def test_words_as_wmt_cuts_them(sentence, wanted):
    assert words(sentence) == wanted
    assert words(" ".join(wanted)) == wanted  # cutting twice changes nothing


def test_words_as_sacrebleu_cuts_them(nothing):
    sacrebleu = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a")
    by_sacrebleu, found = sacrebleu.Tokenizer13a(), translations()
    for pair in [*found.train, *found.test]:
        for side in pair:
            assert " ".join(words(side)) == by_sacrebleu(side.lower())


def test_a_vocabulary_there_and_back():
    book = Vocabulary(["The dog sleeps.", "The cat sleeps."])
    assert book.words == [*SIGNS, ".", "cat", "dog", "sleeps", "the"] and len(book) == 9
    codes = book.encode(["The cat.", "The dog sleeps."])
    assert codes.dtype == torch.int64 and codes.tolist() == [[BEGIN, 8, 5, 4, END, PAD], [BEGIN, 8, 6, 7, 4, END]]
    assert [book.decode(row) for row in codes] == ["the cat .", "the dog sleeps ."]
    assert book.encode(["a bird."]).tolist() == [[BEGIN, UNKNOWN, UNKNOWN, 4, END]]
    assert book.decode(torch.tensor([BEGIN, 8, 5])) == "the cat"  # a row that never ends
    with pytest.raises(ValueError, match="at least one"):
        book.encode([])


def test_rare_words_can_be_left_out():
    assert Vocabulary(["a c", "a b", "d b"], size=3).words == [*SIGNS, "a", "b", "c"]
    assert Vocabulary(["a b"], size=9).words == [*SIGNS, "a", "b"]
