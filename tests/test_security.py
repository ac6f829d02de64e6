"""What the course never does: run what a file says, or write where an archive points."""
import ast
import gzip
import io
import json
import pathlib
import shutil
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.test_states import TALLY, trained
from utils import states
from utils.data import Unavailable, digits, sources
from utils.install import ROOT
from utils.pretraining import corpus, tokens
from utils.pretraining.training import reopen

# Source: no file's content becomes code -----------------------------------------------------------

MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "tarfile",
           "telnetlib", "ftplib", "xmlrpc"}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "shutil.unpack_archive", "code.interact",
         "tempfile.mktemp", "ssl._create_unverified_context"}
METHODS = {"extract", "extractall", "read_pickle", "unpack_archive"}
WORDS = {"shell": True, "trust_remote_code": None, "allow_pickle": None, "verify": False}  # None: whatever the value
# What runs a text as a program, each with its reason: the text is the course's own, and no data are put into it.
PROGRAMS = {"utils/install.py": "starts Python to see whether it starts", "utils/kit.py": "the hub's own client",
            "assets/hub/jupyterhub_config.py": "lays a learner's desk as that learner"}


def code_of(path):
    if path.suffix == ".py":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def dangers(code):
    """The forbidden calls, words and imports of a program, in words."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"import {name}" for name in names if name.split(".")[0] in MODULES)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {word.arg: getattr(word.value, "value", ...) for word in node.keywords}
        if called in CALLS or (isinstance(node.func, ast.Attribute) and node.func.attr in METHODS):
            yield f"{called}()"
        if called.endswith("torch.load") and given.get("weights_only") is not True:
            yield "torch.load() without weights_only"
        yield from (f"{name}=" for name, value in WORDS.items() if name in given and value in (None, given[name]))


RUN = sorted([*(ROOT / "utils").rglob("*.py"), *(ROOT / "chapters").glob("*.ipynb"), *(ROOT / "assets").rglob("*.py")])


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_content_becomes_code(path):
    assert not list(dangers(code_of(path)))
    programs = [node for node in ast.walk(ast.parse(code_of(path))) if isinstance(node, ast.List)
                and any(getattr(part, "value", None) == "-c" for part in node.elts)
                and getattr(node.elts[0], "value", None) != "git"]  # whose -c is a setting
    assert not programs or path.relative_to(ROOT).as_posix() in PROGRAMS


@pytest.mark.parametrize("code", [
    "import pickle", "from joblib import load", "import yaml", "eval(x)", "exec(x)", "os.system(x)", "torch.load(f)",
    "torch.load(f, weights_only=False)", "run(x, shell=True)", "np.load(f, allow_pickle=True)", "z.extractall()",
    "A.from_pretrained(n, trust_remote_code=True)", "requests.get(u, verify=False)", "import tarfile"])
def test_the_search_finds(code):
    assert list(dangers(code))
    assert not list(dangers("torch.load(f, weights_only=True); re.compile(x); net.eval(); run(x, shell=False)"))


# A file that would run something ------------------------------------------------------------------

class Bomb:
    """Unpickled without care it makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return pathlib.Path.touch, (self.mark,)


@pytest.fixture
def bomb(tmp_path):
    """A file that torch.save wrote; `went_off()` says whether anything in it was run."""
    torch.save({"leaves": Bomb(tmp_path / "mark"), "parts": {}, "modes": []}, tmp_path / "bomb.pt")
    torch.load(tmp_path / "bomb.pt", weights_only=False)  # so that the tests below can fail
    (tmp_path / "mark").unlink()
    return SimpleNamespace(file=tmp_path / "bomb.pt", went_off=(tmp_path / "mark").exists)


def test_a_malicious_checkpoint_is_set_aside(bomb, tmp_path, capsys):
    shutil.copy(bomb.file, tmp_path / "run.ckpt")
    assert trained(checkpoint=tmp_path / "run.ckpt")[2].epochs == 3
    assert "run.ckpt cannot be read" in capsys.readouterr().out and not bomb.went_off()
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        reopen(None, None, bomb.file)
    assert not bomb.went_off()


@pytest.mark.parametrize("content", ["bomb", {}, [], torch.zeros(3), {"leaves": {"nowhere": torch.zeros(1)}},
                                     {"leaves": 3}, "other shapes", "no history"], ids=repr)
def test_a_foreign_state_leaves_the_training_as_it_was(bomb, monkeypatch, tmp_path, capsys, content):
    expected = trained()[0].state_dict()
    folder = tmp_path / "states"
    monkeypatch.setenv("COURSE_STATES", str(folder))
    monkeypatch.setenv("COURSE_KEEP_STATES", "1")
    monkeypatch.setattr(states, "_SAID", set())
    trained()
    file, = folder.iterdir()
    state = torch.load(file, weights_only=True)
    if content == "other shapes":
        content = {**state, "leaves": {way: torch.zeros(9) if isinstance(value, torch.Tensor) else {
            name: torch.zeros(9) for name in value} for way, value in state["leaves"].items()}}
    elif content == "no history":
        content = {**state, "history": {}}
    shutil.copy(bomb.file, file) if content == "bomb" else torch.save(content, file)
    monkeypatch.delenv("COURSE_KEEP_STATES")
    TALLY.n = 0
    model = trained()[0].state_dict()
    assert TALLY.n == 12 and "training instead" in capsys.readouterr().out and not bomb.went_off()
    assert all(torch.equal(model[name], expected[name]) for name in expected)


def test_malicious_weights_of_a_bert_are_refused(bomb, tmp_path):
    from utils.checkpoint_folders import COURSE_BERT, NoCheckpoint, load_bert
    folder = tmp_path / "bert"
    shutil.copytree(COURSE_BERT, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.png"))
    torch.save({"bert.embeddings.word_embeddings.weight": Bomb(tmp_path / "mark")}, folder / "pytorch_model.bin")
    with pytest.raises(NoCheckpoint, match="could not be loaded"):
        load_bert(folder)
    (folder / "pytorch_model.bin").rename(folder / "model.safetensors")  # a pickle under the safe name
    with pytest.raises(NoCheckpoint, match="could not be loaded"):
        load_bert(folder)
    (folder / "code.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w')")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["auto_map"] = {"AutoModelForMaskedLM": "code.Net", "AutoConfig": "code.Config"}
    (folder / "config.json").write_text(json.dumps(config))
    shutil.copy(COURSE_BERT / "model.safetensors", folder)
    assert load_bert(folder)[0].config.model_type == "bert"  # transformers' own class; the code stays text
    assert not bomb.went_off()


def test_malicious_arrays_are_refused(bomb, tmp_path):
    (tmp_path / "about.json").write_text("{}")
    array = np.array([Bomb(tmp_path / "mark")], dtype=object)
    for name in ("starts", "documents", "repeats", "kind", "held_out", "ids"):
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        tokens.open_tokens(tmp_path)
    assert not bomb.went_off()


# Archives: only in memory, only after their SHA-256 was right --------------------------------------

def zipped(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name) if name.startswith("/") else name, content)
    return held.getvalue()


def test_an_archives_names_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    review = "a fine film .\nand a long one .\n"
    content = zipped(**{"../up.txt": review, f"{tmp_path}/absolute.txt": review, "c:\\x.txt": review, "a.txt": review})
    assert corpus.film_reviews(content) == [["a fine film .", "and a long one ."]] * 4
    assert list(tmp_path.rglob("*")) == [] and not (tmp_path.parent / "up.txt").exists()


@pytest.mark.parametrize("path, content", [
    ("movie_reviews/movie_reviews.zip", zipped(**{"a.txt": b"\0" * 30_000_000})),
    ("mnist/t10k-images-idx3-ubyte.gz", gzip.compress(b"\0" * 30_000_000))])
def test_a_bomb_is_never_unpacked(tmp_path, monkeypatch, capsys, path, content):
    assert len(content) < 40_000
    (tmp_path / path).parent.mkdir()
    (tmp_path / path).write_bytes(content)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setattr(zipfile, "ZipFile", None)
    monkeypatch.setattr(gzip, "decompress", None)
    with pytest.raises(Unavailable):
        sources.read(path)
    assert "is damaged or not the published file" in capsys.readouterr().out
    assert digits(limit=10).name == "digits (stand-in)"
