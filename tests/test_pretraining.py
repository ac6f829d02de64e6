"""The pre-training of the course's own BERT: text, vocabulary, masking, pairs, the run, and what is shipped."""
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from utils.data.sources import Unavailable
from utils.data.texts import own_prose
from utils.pretraining import card, corpus, ship, tokens, vectors
from utils.pretraining.batches import Passages, hide
from utils.pretraining.model import TwoTasks, make_net, optimizer_groups, stretch
from utils.pretraining.plan import Plan, load_plan
from utils.pretraining.schedule import Schedule
from utils.pretraining.training import pretrain, reopen
from utils.pretraining.wordpiece import CLS, MASK, SEP, SPECIAL, UNK, make_tokenizer, train_vocabulary

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "assets" / "bert"
TWO = """
import sys, torch
from pathlib import Path
from torch import nn
sys.path.insert(0, {root!r})
from tests.test_pretraining import small_plan
from utils.pretraining import ranks, tokens, training

class Small(nn.Module):  # in BERT's place, for importing transformers twice takes longer than the test
    def __init__(self, pieces):
        super().__init__()
        self.table, self.cls = nn.Embedding(pieces, 8), nn.Module()
        self.cls.predictions, self.cls.seq_relationship = nn.Linear(8, pieces), nn.Linear(8, 2)

    def bert(self, ids, token_type_ids):
        hidden = self.table(ids)
        return hidden, hidden.mean(1)

training.make_net = lambda size, pieces, **_: Small(pieces)
training.stretch = lambda net, length: None  # it has no places
run, history = training.pretrain(tokens.open_tokens(Path({folder!r})), small_plan(4), Path({folder!r}, "run.pt"))
weights = torch.cat([w.detach().flatten() for w in run.model.parameters()])
rank, both = ranks.join()
text = f"{{both}} {{run.schedule.tokens}} {{weights.double().sum():.9f}}"
Path({folder!r}, f"rank{{rank}}.txt").write_text(text)
ranks.leave()
"""


def small_plan(steps: int) -> Plan:
    return Plan(size="tiny", steps=steps, chunk=4, batch=4, length=24, long=32, checks=1, vectors=False)


def documents():
    """The course's own prose, six paragraphs a document."""
    paragraphs = own_prose().split("\n\n")
    parts = [sum((corpus.sentences(corpus.clean(one)) for one in paragraphs[at:at + 6]), [])
             for at in range(0, len(paragraphs), 6)]
    return [corpus.Document("books", part) for part in parts if len(part) >= corpus.FEWEST]


@pytest.fixture(scope="module")
def prose(tmp_path_factory):
    """A corpus of the course's own prose with 600 pieces, and its folder."""
    folder = tmp_path_factory.mktemp("tokens")
    tokens.encode(documents(), 600, folder)
    return tokens.open_tokens(folder), folder


def numbered(sentences: int = 3000, own: int = 30):
    """A corpus in which token k is the number k + 5, so that it can be seen where a passage is from."""
    sizes = np.random.default_rng(0).integers(4, 20, sentences)
    starts = np.cumsum([0, *sizes])
    firsts = np.arange(0, sentences + 1, own)
    count = len(firsts) - 1
    pieces = SPECIAL + [f"w{number}" for number in range(starts[-1])]
    ids = (np.arange(starts[-1]) + 5).astype(np.uint16)
    return tokens.Tokens(ids, starts, firsts, np.ones(count, int), np.zeros(count, int),
                         np.arange(count) % 10 == 5, pieces, {"books": int(starts[-1])})


# --- text

def test_sentences_end_where_they_end():
    text = 'Mr. Rochester came. "Who is it?" he asked. It was J. Smith! Then he (or she) left.'
    assert corpus.sentences(text) == ["Mr. Rochester came.", '"Who is it?" he asked.', "It was J. Smith!",
                                      "Then he (or she) left."]


def test_a_book_is_its_chapters_without_what_is_about_the_file():
    text = ("# Title: X\n\n## Author: Y\n\n-------\n\n## CHAPTER I.\n\nHe _came_ home -- at last. She left.\r\n\r\n"
            "Produced by someone, Project Gutenberg.\n\nCHAPTER II\n\n* * *\n\nThe “end” was near[1].\n")
    chapters = [part for part in corpus.book(text.encode()) if part]
    assert chapters == [["He came home - at last.", "She left."], ['The "end" was near .']]


def test_articles_and_reviews():
    wiki = b" \n = Title = \n \n = = Head = = \n \n The <unk> cost 3 @.@ 5 dollars . It is good . \n"
    assert [part for part in corpus.articles(wiki) if part] == [["The [UNK] cost 3.5 dollars .", "It is good ."]]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("movie_reviews/pos/b.txt", "a fine film . \nsee it twice . \n")
        archive.writestr("movie_reviews/README", "not this")
    assert corpus.film_reviews(packed.getvalue()) == [["a fine film .", "see it twice ."]]


def test_every_source_is_listed_with_its_checksum():
    for kind in corpus.KINDS:
        for path in kind.paths():
            assert len(corpus.entry(path)["sha256"]) == 64
    assert len(corpus.book_paths()) == 91 and corpus.megabytes() > 50
    assert not any(word in path for kind in corpus.KINDS for path in kind.paths()
                   for word in ("sst2", "polarity", "conll", "wnut", "brown", "multi30k"))


def test_it_goes_on_with_what_there_is_and_says_so(monkeypatch, capsys):
    def read(path):
        if path == corpus.book_paths()[0]:
            return b"## I\n\nOne went. Two came. Three sat. Four slept.\n", "a test"
        raise Unavailable("not reachable")
    monkeypatch.setattr(corpus, "read", read)
    found = corpus.collect(limit=2)
    assert [document.kind for document in found] == ["books"] and len(found[0].sentences) == 4
    assert "1 files not reachable" in capsys.readouterr().out
    monkeypatch.setattr(corpus, "read", lambda path: read("none"))
    with pytest.raises(Unavailable, match="No text to pre-train on.*COURSE_DATA"):
        corpus.collect(limit=2)


def test_half_of_the_documents_lose_their_capitals():
    same = [corpus.Document("books", ["The [UNK] Fox ran ."])] * 400
    lower = [one for one in corpus.in_both_cases(same) if one.sentences == ["the [UNK] fox ran ."]]
    assert 150 < len(lower) < 250


# --- vocabulary and tokens

def test_the_vocabulary_is_the_same_every_time():
    lines = [line for document in documents()[:40] for line in document.sentences]
    one, other = train_vocabulary(lines, 500), train_vocabulary(list(lines), 500)
    assert one == other and one[:5] == SPECIAL and one[5:] == sorted(one[5:]) and len(set(one)) == len(one) <= 500
    with pytest.raises(ValueError, match="200 or more"):
        train_vocabulary(lines, 100)


def test_no_plain_word_is_unknown_and_case_is_kept(prose):
    tokenizer = make_tokenizer(prose[0].pieces, 32)
    for text in ("Zürich's $3,000 e-mail @home!", "LEICESTERSHIRE qxzzy 1996-08-22"):
        assert UNK not in tokenizer(text)["input_ids"]
    assert tokenizer("The")["input_ids"] != tokenizer("the")["input_ids"]
    assert tokenizer("[UNK]", add_special_tokens=False)["input_ids"] == [UNK]
    assert len(tokenizer("a " * 99, truncation=True)["input_ids"]) == 32


def test_the_tokens_are_the_text(prose):
    found, _ = prose
    lines = [line for document in documents() for line in document.sentences]
    tokenizer = make_tokenizer(found.pieces, 10**6)
    for number in (0, 7, len(lines) - 1):
        ids = found.ids[found.starts[number]:found.starts[number + 1]]
        assert ids.tolist() == tokenizer(lines[number], add_special_tokens=False)["input_ids"]
    assert len(found.starts) == len(lines) + 1 and found.documents[-1] == len(lines)
    assert 0 < found.held_out.sum() < len(found.held_out) and found.count() < len(found.ids)


def test_words_in_the_same_company_get_similar_vectors():
    chance = np.random.default_rng(0)
    pieces = SPECIAL + list("abcdef")  # c and d stand between a and b, e and f alone
    ids = np.concatenate([[5, chance.choice([7, 8]), 6] if chance.random() < 0.7 else [9, 10, 9, 10]
                          for _ in range(4000)]).astype(np.uint16)
    found = tokens.Tokens(ids, np.array([0, len(ids)]), np.array([0, 1]), np.array([2]), np.array([0]),
                          np.array([False]), pieces, {})
    rows = vectors.word_vectors(found, 4)
    near = np.corrcoef(rows)
    assert rows.shape == (11, 4) and near[7, 8] > 0.9 > near[7, 9]
    assert np.allclose(rows[5:].std(), vectors.SPREAD, rtol=0.5)
    assert vectors.log_frequencies(found).argmax() in (5, 6, 9, 10)


# --- batches

def test_fifteen_percent_are_guessed_and_of_those_80_10_10():
    ids = np.random.default_rng(0).integers(5, 8000, (2000, 48))
    ids[:, 0], ids[:, 20], ids[:, -1] = CLS, SEP, SEP
    ids[:, 7] = UNK
    hidden, places, words = hide(ids, np.random.default_rng(1), 8000)
    assert abs(len(places) / (2000 * 45) - 0.15) < 0.01
    assert len(set(places)) == len(places) and (words == ids.ravel()[places]).all()
    assert not np.isin(words, (CLS, SEP, UNK)).any()
    now = hidden.ravel()[places]
    assert abs((now == MASK).mean() - 0.8) < 0.015
    assert abs((now == words).mean() - 0.1) < 0.015
    swapped = now[(now != MASK) & (now != words)]
    assert abs(len(swapped) / len(now) - 0.1) < 0.015 and swapped.min() >= 5
    untouched = np.ones(ids.size, bool)
    untouched[places] = False
    assert (hidden.ravel()[untouched] == ids.ravel()[untouched]).all()


def test_half_of_the_pairs_go_on_and_the_labels_say_which():
    found = numbered()
    walk = Passages(found, 32, 64)
    chance, labels = np.random.default_rng(0), []
    for number in range(20):
        ids, segments, random = walk.pairs(walk.rows(number), chance)
        assert (ids[:, 0] == CLS).all() and (ids[:, -1] == SEP).all() and ((ids == SEP).sum(1) == 2).all()
        for row, part, label in zip(ids, segments, random):
            border = int(np.flatnonzero(row == SEP)[0])
            a, b = row[1:border].astype(int), row[border + 1:-1].astype(int)
            assert (np.diff(a) == 1).all() and (np.diff(b) == 1).all()  # each is one stretch of text
            assert (part[:border + 1] == 0).all() and (part[border + 1:] == 1).all()
            assert len(a) >= 5 and len(b) >= 5 and a[0] - 5 in found.starts
            same = walk.owner[np.searchsorted(found.starts, a[0] - 5, "right") - 1] == \
                walk.owner[np.searchsorted(found.starts, b[0] - 5, "right") - 1]
            assert same == (label == 0) and (label == 1 or b[0] == a[-1] + 1)
            labels.append(label)
    assert abs(np.mean(labels) - 0.5) < 0.04


def test_batches_depend_on_their_number_and_the_seed_alone():
    found = numbered()
    walk, again = Passages(found, 32, 8, chunk=3), Passages(found, 32, 8, chunk=3)
    again.epoch = 1
    list(walk)
    for one, other in zip(walk, again):
        assert all((a == b).all() for a, b in zip(one, other))
    assert not (walk.batch(0).ids == Passages(found, 32, 8, seed=1).batch(0).ids).all()


def test_two_processes_read_different_passages_and_nobody_the_held_out_ones():
    found = numbered()
    rows = [set(Passages(found, 32, 8, rank=rank, ranks=2).rows(rank)) for rank in range(2)]
    assert not rows[0] & rows[1]
    kept = {int(found.ids[start]) for start in Passages(found, 32, 8, held_out=True).starts}
    read = Passages(found, 32, 8)
    assert not set(read.owner[read.starts]) & set(np.flatnonzero(found.held_out)) and kept
    with pytest.raises(ValueError, match="long enough"):
        Passages(found, 5000, 8)


def test_the_false_passage_is_of_the_same_kind_of_text():
    found = numbered()
    found.kind[::3] = 1
    walk = Passages(found, 32, 64, near=3)
    own = walk.owner[walk.starts]
    for document, times in ((0, 3), (1, 1)):
        assert (own == document).sum() == times * len(set(walk.starts[own == document]))
    documents = own[np.random.default_rng(1).integers(len(own), size=200)]
    others = walk.owner[np.searchsorted(found.starts, walk.elsewhere(documents, np.random.default_rng(2)))]
    assert (others != documents).all() and (found.kind[others] == found.kind[documents]).all()


def test_a_text_that_counts_more_is_read_more_often():
    found = numbered()
    found.repeats[0] = 5
    walk = Passages(found, 32, 8)
    own = walk.owner[walk.starts]
    assert (own == 0).sum() == 5 * len(set(walk.starts[own == 0]))


# --- the net and the run

def test_the_loss_is_that_of_transformers(prose):
    batch = Passages(prose[0], 24, 4).batch(0)
    torch.manual_seed(0)
    model = TwoTasks(make_net("tiny", len(prose[0].pieces))).eval()
    labels = torch.full_like(batch.ids, -100)
    labels.view(-1)[batch.places] = batch.words
    theirs = model.net(input_ids=batch.ids, token_type_ids=batch.segments, labels=labels,
                       next_sentence_label=batch.random)
    ours = model(*batch)
    assert torch.isclose(ours["loss"], theirs.loss, atol=1e-5)
    assert torch.isclose(ours["mlm"] + ours["nsp"], theirs.loss, atol=1e-5)


def test_no_weight_decay_on_biases_and_layernorm():
    net = make_net("tiny", 300)
    decayed, free = optimizer_groups(net)
    assert decayed["weight_decay"] == 0.01 and free["weight_decay"] == 0
    assert all(weight.ndim > 1 for weight in decayed["params"]) and all(w.ndim == 1 for w in free["params"])
    assert len(decayed["params"]) + len(free["params"]) == len(list(net.parameters()))
    assert net.config.hidden_dropout_prob == 0.1 and all(
        part.p == 0 for part in net.modules() if isinstance(part, torch.nn.Dropout))


def test_places_not_seen_yet_start_from_those_before():
    net = make_net("tiny", 300)
    weight = net.bert.embeddings.position_embeddings.weight
    before = weight.detach().clone()
    stretch(net, 24)
    assert torch.equal(weight[:24], before[:24])
    assert torch.equal(weight[24:45], before[2:23]) and torch.equal(weight[45:67], before[1:23])
    assert not any(torch.equal(row, before[0]) or torch.equal(row, before[23]) for row in weight[24:])


def test_the_rate_rises_and_falls():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    schedule, rates = Schedule(optimizer, 0.01, steps=100, minutes=None), []
    for _ in range(100):
        schedule.tick(10)
        rates.append(optimizer.param_groups[0]["lr"])
    assert max(rates) == pytest.approx(0.01, rel=0.01) and rates.index(max(rates)) in (4, 5)
    assert rates[-1] == 0 and rates[52] == pytest.approx(0.005, rel=0.05) and schedule.tokens == 1000
    clock = Schedule(optimizer, 0.01, steps=None, minutes=1)
    clock.seconds = 30
    other = Schedule(optimizer, 0.01, steps=None, minutes=1)
    other.load_state_dict(clock.state_dict())
    assert other.progress() == pytest.approx(0.5, abs=0.01)


def test_a_resumed_run_gives_the_weights_of_an_uninterrupted_one(prose, tmp_path, monkeypatch):
    whole, history = pretrain(prose[0], small_plan(12))
    monkeypatch.setattr("utils.training.LOOK_EVERY", 0.0)
    monkeypatch.setattr("utils.checkpoints.EVERY", 0.0)
    file, tick = tmp_path / "run.pt", Schedule.tick

    def lost(schedule, count):
        tick(schedule, count)
        if schedule.done == 7:  # in the middle of the second chunk, with a checkpoint after step 6
            raise KeyboardInterrupt
    monkeypatch.setattr(Schedule, "tick", lost)
    pretrain(prose[0], small_plan(12), file)
    monkeypatch.setattr(Schedule, "tick", tick)
    small_plan(12).save(file)
    stopped, before = reopen(prose[0], load_plan(file), file)
    assert stopped.schedule.done == 6 and len(before.steps["mlm"]) == 6
    resumed, again = pretrain(prose[0], small_plan(12), file)
    assert resumed.schedule.done == 12 and again.steps["mlm"] == history.steps["mlm"]
    assert all(torch.equal(a, b) for a, b in zip(whole.model.parameters(), resumed.model.parameters()))


def test_plans():
    assert Plan(steps=450).steps == 600 and Plan(steps=3).chunk == 3 and Plan().minutes == 90
    with pytest.raises(ValueError, match="above zero"):
        Plan(minutes=-1)
    with pytest.raises(ValueError, match="leave out --resume"):
        load_plan(Path("nowhere.pt"))


def test_two_processes_train_one_net(prose, tmp_path):
    script = tmp_path / "two.py"
    script.write_text(TWO.format(root=str(ROOT), folder=str(prose[1])))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    env = {**os.environ, "OMP_NUM_THREADS": "1", "COURSE_DEVICE": "cpu", "MASTER_ADDR": "127.0.0.1",
           "MASTER_PORT": port, "WORLD_SIZE": "2"}  # as torchrun sets them
    both = [subprocess.Popen([sys.executable, script], cwd=ROOT, env={**env, "RANK": str(rank), "LOCAL_RANK": "0"},
                             stderr=subprocess.PIPE, text=True) for rank in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-2000:]
    one, other = ((prose[1] / f"rank{rank}.txt").read_text() for rank in range(2))
    assert one == other and one.split()[:2] == ["2", str(2 * 4 * 4 * 24)]


# --- what comes out

def test_a_run_becomes_a_folder_that_loads_by_name(prose, tmp_path):
    from transformers import AutoTokenizer, BertForMaskedLM, BertForSequenceClassification
    run, history = pretrain(prose[0], small_plan(4))
    folder = tmp_path / "bert"
    scores = {"sst2": {"pretrained": {"200": [70.0, 72.0]}, "random": {"200": [55.0, 57.0]}}}
    folder.mkdir()
    (folder / ship.SCORES).write_text(json.dumps(scores))
    ship.ship(run, prose[0], small_plan(4), history, folder)
    model = BertForMaskedLM.from_pretrained(folder).eval()
    kinds = AutoTokenizer.from_pretrained(folder)("A [MASK] net", return_tensors="pt")
    run.net.eval()
    assert torch.allclose(model(**kinds).logits, run.net(**kinds).prediction_logits, atol=1e-5)
    assert BertForSequenceClassification.from_pretrained(folder, num_labels=3).config.hidden_dropout_prob == 0.1
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "| SST-2, accuracy on the dev set, % | 200 | 71.0 ± 1.4 (2) | 56.0 ± 1.4 (2) |" in text
    assert "public domain" in text and "early version" not in text and "4 steps" in text
    log = json.loads((folder / "training_log.json").read_text())
    assert log["tokens"] == 4 * 4 * 24 and len(log["held_out_mlm"]) == 1 and 0 < log["unigram_words_right"] < 0.2


def test_the_card_draws_the_score_against_the_labels_where_both_nets_were_scored(tmp_path):
    shutil.copy(SHIPPED / ship.LOG, tmp_path)
    scores = {"sst2": {"pretrained": {"200": [70.0, 72.0], "1000": [80.0]}, "random": {"200": [55.0, 57.0]}}}
    for drawn in (False, True):
        (tmp_path / ship.SCORES).write_text(json.dumps(scores))
        ship.write_card(tmp_path)
        assert (tmp_path / ship.PICTURE).exists() == drawn
        assert ("for 200, 1,000 labels" in (tmp_path / ship.CARD).read_text(encoding="utf-8")) == drawn
        scores["sst2"]["random"]["1000"] = [60.0]


def test_an_unfinished_model_says_so():
    log = json.loads((SHIPPED / "training_log.json").read_text())
    assert "An early version" in card.text({**log, "finished": False}, {})


@pytest.fixture(scope="module")
def shipped_tokenizer():
    from transformers import AutoTokenizer
    return AutoTokenizer.from_pretrained(SHIPPED)


def test_the_shipped_folder_loads_and_is_small(shipped_tokenizer):
    from transformers import BertForMaskedLM, BertForPreTraining
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 25 * 2**20
    model, info = BertForPreTraining.from_pretrained(SHIPPED, output_loading_info=True)
    assert not any(info[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert 3e6 <= sum(weight.numel() for weight in model.parameters()) <= 12e6
    assert len(shipped_tokenizer) == model.config.vocab_size and shipped_tokenizer.model_max_length == 128
    guesser = BertForMaskedLM.from_pretrained(SHIPPED).eval()
    found = shipped_tokenizer("She opened the [MASK] and went into the room .", return_tensors="pt")
    place = found["input_ids"][0].tolist().index(MASK)
    best = guesser(**found).logits[0, place].topk(5).indices
    assert {"door", "room", "house", "window"} & set(shipped_tokenizer.convert_ids_to_tokens(best))


def test_the_shipped_tokenizer_knows_the_words_of_the_tasks(shipped_tokenizer):
    names = (ROOT / "assets" / "entities.conll").read_text(encoding="utf-8").split("\n")
    words = [line.split()[0] for line in names if line and not line.startswith("-DOCSTART-")]
    pieces = shipped_tokenizer(words, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    assert pieces.count(UNK) <= len(words) / 200 and len(pieces) < 1.8 * len(words)
    for word in ("the", "The", "London", "film", "Mary", "good", "boring", "English"):
        assert word in shipped_tokenizer.get_vocab()


def test_the_card_names_its_data_and_no_machine():
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for word in ("classic-books", "Pang and Lee", "WikiText-2", "CC BY 4.0", "CC BY-SA", "public domain",
                 "tokens seen", "steps", "hours", "Limits", "masked words right"):
        assert word in text
    log = json.loads((SHIPPED / "training_log.json").read_text())
    assert log["held_out_mlm"][-1] < log["held_out_mlm"][0]
    assert log["held_out_words_right"][-1] > 3 * log["unigram_words_right"]
    for file in SHIPPED.glob("*.json"):
        assert not re.search(r"/(?:home|root|tmp|Users)/", file.read_text(encoding="utf-8"))


def test_the_command_explains_itself():
    command = [sys.executable, "-m", "utils", "pretrain", "--help"]
    got = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert got.returncode == 0 and "--minutes" in got.stdout and "--resume" in got.stdout
