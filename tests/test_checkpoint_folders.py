"""BERTs saved by transformers in the test itself are loaded from their folders, broken ones refused."""
import json
import shutil

import pytest
import torch

from utils.checkpoint_folders import NoCheckpoint, check_fit, first_sentence, load_bert

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [".", "##s", "##ton", "a", "cat", "i", "in", "saw", "washing", "A", "Cat", "I", "Washing"]


def save(folder, cased, kind="Bert", task="ForPreTraining", pieces=SPECIAL + WORDS):
    """A tiny network with its tokenizer, as transformers saves them."""
    import transformers
    pieces = pieces if cased else [piece for piece in pieces if piece in SPECIAL or piece == piece.lower()]
    tokenizer = transformers.BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, do_lower_case=not cased)
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(pieces), hidden_size=16, num_hidden_layers=2,
                                                    num_attention_heads=2, intermediate_size=32)
    torch.manual_seed(0)
    model = getattr(transformers, f"{kind}{task}")(config).eval()
    for part in (tokenizer, model):
        part.save_pretrained(folder)
    return model, tokenizer


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two whole checkpoints, by whether they are cased: (folder, model, tokenizer)."""
    made = {cased: tmp_path_factory.mktemp("bert") / f"cased-{cased}" for cased in (True, False)}
    return {cased: (folder, *save(folder, cased)) for cased, folder in made.items()}


@pytest.fixture
def copy(folders, tmp_path):
    """A copy of the cased one, to break."""
    return shutil.copytree(folders[True][0], tmp_path / "copy")


@pytest.mark.parametrize("cased", [True, False])
@pytest.mark.parametrize("as_text", [True, False])
def test_whole_checkpoints(folders, cased, as_text):
    folder, saved, its_tokenizer = folders[cased]
    model, tokenizer = load_bert(str(folder) if as_text else folder)
    pieces = tokenizer.tokenize("I saw a Cat in Washington .")
    lower = [piece.lower() for piece in ["I", "saw", "a", "Cat", "in", "Washing", "##ton", "."]]
    assert pieces == (["I", "saw", "a", "Cat", "in", "Washing", "##ton", "."] if cased else lower)
    batch = tokenizer("I saw a [MASK] .", return_tensors="pt")
    assert not model.training and (batch["input_ids"] == tokenizer.mask_token_id).sum() == 1
    with torch.no_grad():
        assert torch.equal(model(**batch).logits, saved(**batch).prediction_logits)


@pytest.mark.parametrize("task, shape", [("sentences", (1, 3)), ("words", (1, 5, 3)), ("features", None),
                                         ("pretrain", None), ("fill", None)])
def test_every_task(folders, task, shape):
    options = {"num_labels": 3} if shape else {}
    model, tokenizer = load_bert(folders[True][0], task, **options)
    with torch.no_grad():
        found = model(**tokenizer("I saw .", return_tensors="pt"))
    assert shape is None or found.logits.shape == shape


def test_the_weights_are_the_checkpoints(folders):
    folder, saved, _ = folders[False]
    model, _ = load_bert(folder, "sentences")
    assert all(torch.equal(a, b) for a, b in zip(model.bert.state_dict().values(), saved.bert.state_dict().values()))


@pytest.mark.parametrize("files, words", [
    (["config.json"], "lacks config.json"),
    (["model.safetensors"], "lacks the weights"),
    (["tokenizer.json"], "lacks the vocabulary"),
    (["config.json", "model.safetensors"], "lacks config.json and the weights"),
])
def test_a_missing_file_is_named(copy, files, words):
    for file in files:
        (copy / file).unlink()
    with pytest.raises(NoCheckpoint, match=words):
        load_bert(copy)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NoCheckpoint, match="There is no folder"):
        load_bert(tmp_path / "nothing")
    with pytest.raises(NoCheckpoint, match="There is no folder"):
        load_bert("../assets/models/nothing")


def test_a_config_that_is_no_json(copy):
    (copy / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(NoCheckpoint, match="is no JSON"):
        load_bert(copy)


def test_another_architecture(tmp_path):
    import transformers
    config = transformers.GPT2Config(vocab_size=20, n_embd=16, n_layer=1, n_head=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(SPECIAL), encoding="utf-8")
    with pytest.raises(NoCheckpoint, match="type 'gpt2'; this course loads bert, distilbert"):
        load_bert(tmp_path)


def test_weights_of_another_architecture(copy, tmp_path):
    import transformers
    config = transformers.GPT2Config(vocab_size=20, n_embd=16, n_layer=1, n_head=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "model.safetensors", copy)
    with pytest.raises(NoCheckpoint, match="do not fit its config.json"):
        load_bert(copy)


def test_the_vocabulary_of_another_checkpoint(copy, tmp_path):
    save(tmp_path / "other", True, pieces=SPECIAL + WORDS + ["extra", "##er"])
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tmp_path / "other" / file, copy)
    with pytest.raises(NoCheckpoint, match="has 20 pieces and its network 18 embeddings"):
        load_bert(copy)


@pytest.mark.parametrize("key, value", [("vocab_size", 30), ("hidden_size", 32), ("num_hidden_layers", 3)])
def test_a_config_of_another_size(copy, key, value):
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    (copy / "config.json").write_text(json.dumps(config | {key: value}), encoding="utf-8")
    with pytest.raises(NoCheckpoint, match="copy"):
        load_bert(copy)


def test_cut_off_weights(copy):
    content = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(content[:1000])
    with pytest.raises(NoCheckpoint, match="could not be loaded"):
        load_bert(copy)


def test_a_name_is_never_fetched_offline(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    import socket

    def refuse(*_, **__):
        raise AssertionError("a connection was tried")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(NoCheckpoint, match="no-such/bert-of-this-course could not be loaded"):
        load_bert("no-such/bert-of-this-course")


@pytest.mark.parametrize("pieces, rows, fits", [(100, 100, True), (100, 104, True), (101, 100, False),
                                                (28_996, 30_522, False), (30_522, 28_996, False)])
def test_padding_is_allowed_and_no_more(pieces, rows, fits):
    if fits:
        check_fit("a", "bert", pieces, rows)
    else:
        with pytest.raises(NoCheckpoint, match="pieces"):
            check_fit("a", "bert", pieces, rows)


def test_another_task(folders):
    with pytest.raises(ValueError, match="fill, pretrain"):
        load_bert(folders[True][0], "translate")


def test_first_sentence():
    assert first_sentence(ValueError("a\n  b")) == "a b" and first_sentence(ValueError()) == "ValueError"
    assert len(first_sentence(ValueError("word " * 200))) < 250
