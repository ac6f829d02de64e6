"""The texts and the sequences: sources, the stand-in, what a text promises, the papers' small languages."""
import json
import os
from pathlib import Path

import pytest
import torch

from utils.data import (
    WORDS,
    Text,
    Unavailable,
    adding_problem,
    all_legal,
    embedded_reber,
    in_order,
    reber_tensors,
    sentences,
    shakespeare,
    syllables,
    texts,
    xor_stream,
)

SHARED = Path(os.environ.get("COURSE_DATA", "nowhere")) / "tinyshakespeare"
real_data = pytest.mark.skipif(not SHARED.is_dir(), reason="COURSE_DATA does not hold Tiny Shakespeare")


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    """No COURSE_DATA, an empty cache, no network."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path


# --- texts ----------------------------------------------------------------------------------------

@real_data
def test_the_plays(capsys):
    book = shakespeare()
    assert len(book.text) == 1_115_394 and len(book.alphabet) == 65 and book.is_real
    assert book.text.startswith("First Citizen:\n")
    assert capsys.readouterr().out.startswith("here: Tiny Shakespeare from ")


def test_the_stand_in_says_so(nothing, capsys):
    book = shakespeare()
    said = capsys.readouterr().out
    assert said.startswith("here: Tiny Shakespeare is not reachable (COURSE_OFFLINE is set); standing in: ")
    assert said.count("\n") == 1 and not book.is_real and "stand-in" in book.name
    assert len(book.text) > 40_000 and 40 < len(book.alphabet) < 100
    assert book.text.isascii() and shakespeare().text == book.text  # the same every time


def test_another_problem_is_named(nothing, monkeypatch, capsys):
    def fail(path):
        raise Unavailable("the disk is full")
    monkeypatch.setattr(texts, "read", fail)
    shakespeare()
    assert "(the disk is full)" in capsys.readouterr().out


def test_nine_tenths_are_for_training():
    book = Text("a", "here", "".join(chr(97 + i % 26) for i in range(1001)))
    assert len(book.train) == 900 and book.train + book.test == book.text
    assert book.alphabet == "abcdefghijklmnopqrstuvwxyz"


def test_codes_are_places_in_the_alphabet():
    book = Text("a", "here", "hello, you")
    codes = book.encode("hello")
    assert codes.dtype == torch.int64 and [book.alphabet[code] for code in codes] == list("hello")
    assert book.decode(book.encode(book.text)) == book.text and book.encode("").shape == (0,)
    with pytest.raises(ValueError, match="'x'"):
        book.encode("hex")


@pytest.mark.parametrize("markdown, wanted", [
    ("## A title that is long enough to count as a paragraph of **its own**, *surely*",
     "A title that is long enough to count as a paragraph of its own, surely"),
    ("Read [this page](01_a.ipynb) and `code` here, and a longer rest of the sentence.",
     "Read this page and code here, and a longer rest of the sentence."),
    ("- a “quoted” list item – with a dash, 2 × 3 and an é in it, and some more words",
     'a "quoted" list item - with a dash, 2 x 3 and an e in it, and some more words'),
])
def test_markup_is_taken_off(markdown, wanted):
    assert texts.paragraphs(markdown) == [wanted]


@pytest.mark.parametrize("markdown", [
    "too short",
    "| a | table | of many | columns that is longer than sixty signs |",
    "```python\nprint('code that is longer than sixty characters, surely it is')\n```",
    "![a picture whose description is longer than sixty characters](assets/hero.png)",
])
def test_what_is_no_prose_is_left_out(markdown):
    assert texts.paragraphs(markdown) == []


def test_a_mended_sentence_leaves_the_other_paragraphs_of_own_prose_in_their_order(tmp_path):
    lines = [f"Paragraph {number} of a chapter that is long enough to count as prose, surely." for number in range(30)]

    def order(paragraphs):
        (tmp_path / "README.md").write_text("\n\n".join(paragraphs), encoding="utf-8")
        return texts.own_prose(tmp_path).strip().split("\n\n")
    mended = "Another sentence, mended and long enough to be prose again."
    before, after = order(lines), order([*lines[:7], mended, *lines[8:]])
    assert [line for line in after if line in lines] == [line for line in before if line != lines[7]]
    assert before != lines and order(lines[::-1]) == before, "mixed, and not by where they stand"


def test_own_prose_reads_markdown_cells_only_and_each_paragraph_once(tmp_path):
    once = "A sentence of the README that is long enough to be kept as a paragraph."
    other = "A sentence of a chapter that is long enough to be kept as a paragraph, too."
    (tmp_path / "README.md").write_text(once, encoding="utf-8")
    (tmp_path / "chapters").mkdir()
    cells = [{"cell_type": "markdown", "source": [other + "\n", "\n", once]},
             {"cell_type": "code", "source": "print('" + 80 * "x" + "')"}]
    (tmp_path / "chapters" / "01_a.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    text = texts.own_prose(tmp_path)
    assert sorted(text.strip().split("\n\n")) == sorted([once, other])
    (tmp_path / "README.md").unlink()  # a copy of the chapters alone
    assert set(texts.own_prose(tmp_path).strip().split("\n\n")) == {once, other}


# --- the papers' sequences ------------------------------------------------------------------------

def test_every_third_bit_is_the_xor():
    bits = xor_stream(50, seed=1).view(50, 3)
    assert torch.equal(bits[:, 2], (bits[:, 0] != bits[:, 1]).float())
    assert len({tuple(row) for row in bits.tolist()}) == 4
    assert torch.equal(xor_stream(50, seed=1), xor_stream(50, seed=1))


def test_syllables():
    text, sounds = syllables(40, seed=0)
    assert text.replace("ba", "").replace("dii", "").replace("guuu", "") == "" and set(text) == set("badigu")
    assert sounds.shape == (len(text), 6)
    assert torch.equal(sounds[:, 0] == 1, torch.tensor([letter in "bdg" for letter in text]))


def test_sentences_use_the_29_words():
    words = [word for group in WORDS.values() for word in group]
    assert len(words) == len(set(words)) == 29
    said = sentences(2000, seed=0)
    assert {len(words) for words in said} == {2, 3} and {word for words in said for word in words} == set(words)


def test_adding_problem_follows_the_rules_of_1997():
    pairs, lengths, answers = adding_problem(3000, T=100, seed=0)
    assert pairs.shape == (3000, 110, 2) and lengths.min() == 100 and lengths.max() == 110
    numbers, markers = pairs.unbind(2)
    marked = markers == 1
    assert (marked.sum(1) == 2).all() and numbers.abs().max() <= 1
    assert marked[:, :10].any(1).all() and not marked[:, 50:].any()
    assert (markers[torch.arange(3000), lengths - 1] == -1).all() and (markers[:, 0] != 0).all()
    first_marked = marked[:, 0]
    assert 0.05 < first_marked.float().mean() < 0.2 and (numbers[first_marked, 0] == 0).all()
    assert torch.allclose(answers, 0.5 + (numbers * marked).sum(1) / 4, atol=1e-6)
    assert 0.036 < (answers - 0.5).square().mean() < 0.044  # as the ledger of the task says


def test_reber_strings_are_legal_and_their_followers_too():
    strings = embedded_reber(300, seed=0)
    for string, legal in strings:
        assert string[0] == "B" and string[1] == string[-2] and string[-1] == "E"
        assert len(legal) == len(string) - 1
        assert all(follower in letters for follower, letters in zip(string[1:], legal))
    assert {letters for _, legal in strings for letters in legal} == {"TP", "B", "SX", "TV", "XS", "PV", "E", "T", "P"}
    assert not {string for string, _ in embedded_reber(100, 1, without=strings)} & {s for s, _ in strings}


def test_reber_tensors_and_the_criterion():
    strings = embedded_reber(20, seed=3)
    symbols, following, legal = reber_tensors(strings)
    inside = following >= 0
    assert torch.equal(symbols.sum(2), inside.float())
    assert (legal.gather(2, following.clamp(min=0)[..., None])[..., 0][inside] == 1).all()
    scores = torch.stack([legal, 1 - legal], 2)  # a perfect net and one that is always wrong
    assert all_legal(scores, legal).tolist() == [[True, False]] * 20
    scores[4, 2, 0] = 0  # the perfect net hesitates once
    assert all_legal(scores, legal)[:, 0].tolist() == [row != 4 for row in range(20)]


def test_in_order_goes_on_where_it_stopped():
    batches = in_order(torch.arange(25), count=3, length=4)
    (now, following), (later, _) = list(batches)
    assert now.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11], [16, 17, 18, 19]]
    assert torch.equal(following, now + 1) and torch.equal(later, now + 4) and len(batches) == 2
    assert next(iter(in_order(torch.zeros(9, 6), 2)))[0].shape == (2, 1, 6)
    with pytest.raises(ValueError, match="too few"):
        in_order(torch.arange(12), count=3, length=4)
