"""Chapter 08: the definitions that the reader sees, called directly, and its exercises."""
import itertools
import random

import pytest
import torch

from tests.definitions import load
from utils.checkpoint_folders import COURSE_BERT
from utils.exercises import find, judge

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = SPECIAL + ["un", "##aff", "##able", "##a", "##f", "aff", "a", "b", "Ok", "##a", "##for", "flew", "to", "Oslo",
                    "Maria", "good", "bad", ".", ","]
TAGS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


@pytest.fixture(scope="module")
def chapter():
    module = load("08_bert.ipynb", constants=("ORANGE", "paint"))
    module.lab = type("Lab", (), {"device": torch.device("cpu"), "pick": staticmethod(lambda quick, full: quick)})()
    module.TAGS = TAGS
    return module


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import BertTokenizer
    return BertTokenizer(vocab={piece: n for n, piece in enumerate(dict.fromkeys(PIECES))}, do_lower_case=False)


@pytest.fixture(scope="module")
def config():
    from transformers import BertConfig
    return BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)


# --- batches and training -------------------------------------------------------------------------

def test_encode_fills_up_and_says_so(chapter, tokenizer):
    ids, mask = chapter.encode(["good", "good bad ."], tokenizer)
    assert ids.shape == mask.shape == (2, 5) and mask.sum(1).tolist() == [3, 5]
    assert ids[0, 3:].tolist() == [tokenizer.pad_token_id] * 2 and ids[0, 0] == tokenizer.cls_token_id


def test_by_length_keeps_every_row_and_cuts_only_filling(chapter):
    lengths = torch.arange(1, 24)
    mask = (torch.arange(23) < lengths[:, None]).long()
    ids, labels = mask * lengths[:, None], lengths * 10
    batches = chapter.by_length((ids, mask, labels), 5, seed=1)
    assert sorted(torch.cat([batch[2] for batch in batches]).tolist()) == labels.tolist()
    for rows, there, numbers in batches:
        assert there.shape == rows.shape and there.sum(1).max() == there.shape[1]
        assert torch.equal(there.sum(1) * 10, numbers) and torch.equal(rows.amax(1) * 10, numbers)
    wasted = sum((batch[1] == 0).sum() for batch in batches) / sum(batch[1].numel() for batch in batches)
    assert wasted < 0.25 and [len(batch[2]) for batch in batches].count(5) == 4
    again = chapter.by_length((ids, mask, labels), 5, seed=1)
    assert all(torch.equal(a, b) for one, two in zip(batches, again) for a, b in zip(one, two))


def test_tune_warms_up_and_falls_to_zero(chapter, monkeypatch):
    rates, step = [], torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step",
                        lambda self, *a, **b: (rates.append(float(self.param_groups[0]["lr"])), step(self, *a, **b))[1])
    model = torch.nn.Linear(2, 1)
    chapter.tune(model, lambda net, x: net(x).square().mean(), [(torch.ones(3, 2),)] * 10, rate=0.1, epochs=10)
    peak = rates.index(max(rates))
    assert len(rates) == 100 and peak in range(8, 12) and 0.09 < max(rates) <= 0.1 and rates[0] < 0.02
    assert rates[:peak] == sorted(rates[:peak]) and rates[peak:] == sorted(rates[peak:], reverse=True)
    assert 0 < rates[-1] < 0.003


def test_tune_leaves_frozen_weights_alone(chapter):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    model[0].requires_grad_(False)
    before = [part.weight.clone() for part in model]
    chapter.tune(model, lambda net, x: net(x).square().mean(), [(torch.ones(3, 2),)] * 3, rate=0.1, epochs=1)
    assert torch.equal(before[0], model[0].weight) and not torch.equal(before[1], model[1].weight)


def test_opinion_does_not_see_filling(chapter, config):
    from transformers import BertModel
    torch.manual_seed(0)
    model = chapter.Opinion(BertModel(config, add_pooling_layer=False)).eval()
    ids, mask = torch.randint(5, 30, (3, 6)), torch.ones(3, 6, dtype=torch.long)
    longer = torch.nn.functional.pad(ids, (0, 4), value=7), torch.nn.functional.pad(mask, (0, 4))
    assert torch.allclose(model(ids, mask), model(*longer), atol=1e-5)
    states = model.bert(ids, attention_mask=mask)[0]
    assert torch.allclose(model(ids, mask), model.say(states.mean(1)), atol=1e-5)


@pytest.mark.parametrize("kind, moving", [("scratch", "all"), ("full", "all"), ("frozen", "head"), ("last", "last")])
def test_teach_moves_what_it_says(chapter, kind, moving, monkeypatch, tmp_path, config):
    from transformers import BertModel
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    caught = []
    monkeypatch.setattr(chapter, "tune", lambda model, *a, **b: caught.append(model))
    monkeypatch.setattr(chapter, "BASE", tmp_path, raising=False)
    known = torch.ones(4, 3, dtype=torch.long), torch.ones(4, 3, dtype=torch.long), torch.zeros(4, dtype=torch.long)
    model = chapter.teach(kind, 0, 1e-3, known)
    free = {name for name, weight in model.named_parameters() if weight.requires_grad}
    total = {name for name, _ in model.named_parameters()}
    head = {"say.weight", "say.bias"}
    last = {name for name in total if "encoder.layer.1." in name}
    assert caught == [model] and free == {"all": total, "head": head, "last": head | last}[moving]
    saved = BertModel.from_pretrained(tmp_path, add_pooling_layer=False).embeddings.word_embeddings.weight
    assert torch.equal(saved, model.bert.embeddings.word_embeddings.weight) == (kind != "scratch")


# --- the cloze ------------------------------------------------------------------------------------

def test_rows_with_a_clue(chapter):
    rows, labels = chapter.clue_rows(200, seed=3)
    assert rows.shape == (200, 8) and ((rows == 20).sum(1) == 1).all() and torch.equal(rows[:, 7], labels)
    assert (rows[:, :4] == 20).any(0).all() and not (rows[:, 4:] == 20).any()


@pytest.mark.parametrize("left_only", [True, False])
def test_the_reader_from_the_left_sees_nothing_on_the_right(chapter, left_only):
    torch.manual_seed(0)
    reader = chapter.Reader(left_only).eval()
    rows, _ = chapter.clue_rows(50, seed=1)
    other = rows.clone()
    other[:, 7] = (rows[:, 7] + 1) % 20
    assert torch.allclose(reader(rows), reader(other), atol=1e-6) == left_only and reader(rows).shape == (50, 20)


# --- pieces and hiding ----------------------------------------------------------------------------

@pytest.mark.parametrize("word, wanted", [
    ("unaffable", ["un", "##aff", "##able"]), ("unfa", ["un", "##f", "##a"]), ("aff", ["aff"]), ("unx", ["[UNK]"]),
    ("zun", ["[UNK]"]), ("a", ["a"]),
])
def test_word_pieces(chapter, word, wanted):
    assert chapter.word_pieces(word, set(PIECES)) == wanted


def test_word_pieces_are_those_of_transformers(chapter, tokenizer):
    draw = random.Random(0)
    words = ["".join(draw.choice(["un", "aff", "able", "a", "f", "b"]) for _ in range(4)) for _ in range(300)]
    assert all(chapter.word_pieces(word, tokenizer.get_vocab()) == tokenizer.tokenize(word) for word in words)


def test_hide_follows_the_recipe(chapter, tokenizer):
    ids = torch.randint(5, len(tokenizer), (400, 100), generator=torch.Generator().manual_seed(0))
    ids[:, 0], ids[:, 50], ids[:, 90:] = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id
    hidden, labels = chapter.hide(ids, tokenizer, torch.Generator().manual_seed(1))
    asked, special = labels != -100, torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    assert torch.equal(labels[asked], ids[asked]) and torch.equal(hidden[~asked], ids[~asked])
    assert not asked[special].any() and abs(asked[~special].float().mean() - 0.15) < 0.01
    masked = hidden[asked] == tokenizer.mask_token_id
    same = hidden[asked] == ids[asked]
    assert abs(masked.float().mean() - 0.8) < 0.03 and 0.08 < same.float().mean() < 0.16


def test_sentence_pairs(chapter):
    texts = [". ".join(f"sentence number {part} of paragraph {text}" for part in range(5)) for text in range(60)]
    firsts, seconds, swapped = chapter.sentence_pairs(texts, torch.Generator().manual_seed(0))
    assert len(firsts) == len(seconds) == len(swapped) == 240 and abs(swapped.float().mean() - 0.5) < 0.1
    for first, second, swap in zip(firsts, seconds, swapped.tolist()):
        number, paragraph = int(first.split()[2]), first.split()[-1]
        follows = second == f"sentence number {number + 1} of paragraph {paragraph}"
        assert follows or swap


def test_pretraining_loss_is_that_of_transformers(chapter, config):
    from transformers import BertForPreTraining
    torch.manual_seed(0)
    model = BertForPreTraining(config).eval()
    ids, labels = torch.randint(5, 30, (4, 9)), torch.full((4, 9), -100)
    labels[:, 2:4] = torch.randint(5, 30, (4, 2))
    mask, segments, swapped = torch.ones_like(ids), torch.zeros_like(ids), torch.tensor([0, 1, 1, 0])
    mask[0, 7:], segments[:, 5:] = 0, 1
    wanted = model(ids, attention_mask=mask, token_type_ids=segments, labels=labels, next_sentence_label=swapped).loss
    assert torch.allclose(chapter.pretraining_loss(model, ids, mask, segments, labels, swapped), wanted, atol=1e-5)


# --- names ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("tags, wanted", [
    ("B-PER I-PER O B-LOC", {(0, 2, "PER"), (3, 4, "LOC")}),
    ("B-PER B-PER", {(0, 1, "PER"), (1, 2, "PER")}),
    ("B-PER I-LOC", {(0, 1, "PER"), (1, 2, "LOC")}),
    ("O I-PER I-PER O", {(1, 3, "PER")}),
    ("B-LOC I-LOC I-LOC", {(0, 3, "LOC")}),
    ("O O", set()),
])
def test_spans(chapter, tags, wanted):
    assert chapter.spans(tags.split()) == wanted


def test_entity_scores_by_hand(chapter):
    wanted = [["B-PER", "I-PER", "O"], ["B-LOC", "O", "B-LOC"], ["O"]]
    given = [["B-PER", "O", "O"], ["B-LOC", "O", "B-PER"], ["B-LOC"]]
    precision, recall, f1 = chapter.entity_scores(wanted, given)  # 1 right of 4 said and 3 there
    assert (precision, recall) == pytest.approx((25, 100 / 3)) and f1 == pytest.approx(200 / 7)
    assert chapter.entity_scores(wanted, wanted) == pytest.approx((100, 100, 100))
    assert chapter.entity_scores(wanted, [["O"] * len(tags) for tags in wanted])[2] == 0


def test_entity_scores_are_seqevals(chapter):
    metrics = pytest.importorskip("seqeval.metrics")
    draw = random.Random(0)
    for _ in range(100):
        wanted, given = ([[draw.choice(TAGS) for _ in range(12)] for _ in range(5)] for _ in range(2))
        ours = chapter.entity_scores(wanted, given)
        measures = (getattr(metrics, f"{name}_score") for name in ("precision", "recall", "f1"))
        theirs = [100 * float(measure(wanted, given)) for measure in measures]
        assert ours == pytest.approx(theirs)


def test_tags_stand_at_first_pieces(chapter, tokenizer):
    sentences = [(["Maria", "Okafor", "flew", "to", "Oslo"], ["B-PER", "I-PER", "O", "O", "B-LOC"]), (["a"], ["O"])]
    (ids, mask, labels), places = chapter.with_tags(sentences, tokenizer)
    pieces = tokenizer.convert_ids_to_tokens(ids[0].tolist())
    assert pieces == ["[CLS]", "Maria", "Ok", "##a", "##for", "flew", "to", "Oslo", "[SEP]"]
    assert labels[0].tolist() == [-100, 3, 4, -100, -100, 0, 0, 1, -100] and places[0] == [1, 2, 5, 6, 7]
    assert labels[1].tolist() == [-100, 0] + [-100] * 7 and mask[1].sum() == 3
    (_, _, slipped), places = chapter.with_tags(sentences, tokenizer, aligned=False)
    assert slipped[0].tolist() == [0, 3, 4, 0, 0, 1, 0, 0, 0] and places[0] == [1, 2, 3, 4, 5]
    assert slipped[1].tolist() == [0] * 9


def test_tags_of_a_sentence_that_is_too_long(chapter, tokenizer):
    (ids, _, labels), places = chapter.with_tags([(["a"] * 200, ["B-LOC"] * 200)], tokenizer)
    assert ids.shape == labels.shape == (1, 128) and len(places[0]) == 126 and (labels[0] == 1).sum() == 126


def test_tag_loss_leaves_out_what_is_not_asked(chapter, config):
    from transformers import BertForTokenClassification
    config.num_labels = len(TAGS)
    torch.manual_seed(0)
    model = BertForTokenClassification(config).eval()
    ids, labels = torch.randint(5, 30, (2, 6)), torch.tensor([[-100, 1, -100, 2, 0, -100], [-100, 3, 0, 0, -100, -100]])
    mask = torch.ones_like(ids)
    assert torch.allclose(chapter.tag_loss(model, ids, mask, labels), model(ids, mask, labels=labels).loss, atol=1e-5)
    assert torch.equal(chapter.guessed(model, ids, mask), model(ids, mask).logits.argmax(2))


# --- pictures and writing -------------------------------------------------------------------------

def test_text_figure_wraps_and_keeps_every_word(chapter):
    from matplotlib import pyplot as plt
    words = [(f"word{n}", "#F6D29A" if n % 3 == 0 else None) for n in range(40)]
    figure = chapter.text_figure([words, [("end", None)]])
    texts = figure.axes[0].texts
    assert [text.get_text() for text in texts] == [word for word, _ in words] + ["end"]
    ends = [(text.get_position()[1], text.get_position()[0], text.get_position()[0] + len(text.get_text()))
            for text in texts]
    for (row, _, end), (other, begin, _) in itertools.pairwise(ends):
        assert row > other or begin > end
    assert max(end for *_, end in ends) <= 77
    plt.close(figure)


@pytest.mark.skipif(not COURSE_BERT.is_dir(), reason="the course's BERT is not here")
def test_guesses_and_writing_with_the_courses_bert(chapter):
    from utils.checkpoint_folders import load_bert
    bert = load_bert(COURSE_BERT)
    words, chances = chapter.guesses("She closed the ____ behind her and walked down the stairs .", bert)
    assert len(words) == len(chances) == 5 and chances == sorted(chances, reverse=True) and 0 < sum(chances) <= 100
    written = chapter.write("The captain looked at the sea and", 6, bert)
    assert len(written) == 6 and not set(written) & {*SPECIAL, "."}


# --- exercises ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", [f"08.{k}" for k in range(1, 9)])
def test_delivered_answers_are_not_done(number):
    delivered = {"08.1": (..., ...), "08.2": ["un", "aff", "##able", "##a"], "08.5": (..., ..., ...)}
    assert judge(find(number), delivered.get(number, lambda *arguments: ...)) == ("not done yet", "")


def test_the_scores_of_exercise_5_are_those_of_the_chapter(chapter):
    wanted, given = "B-PER I-PER O B-PER O B-LOC I-LOC".split(), "B-PER I-PER O O O B-LOC O".split()
    assert chapter.entity_scores([wanted], [given]) == pytest.approx(find("08.5").reference)
    assert sum(map(str.__eq__, wanted, given)) == 5
