"""A network that is lost, slow, lying or in the way, and a cache that is spoilt or shared by many."""
import os
import subprocess
import sys
import threading
from argparse import Namespace

import pytest
import torch

from tests.loopback import CONTENT, PORTAL, RECORD, bad_network
from tests.test_states import TALLY, trained
from utils import files, kit, states
from utils.data import Unavailable, sources
from utils.install import ROOT, Trouble

NAME = "mnist/file"
NOBODY = "http://127.0.0.1:1/file"  # a port that nobody answers at


@pytest.fixture
def net(monkeypatch, tmp_path):
    """The bad server, an empty cache, downloads allowed, patience short."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    cache = str(tmp_path / "cache")
    for name, value in {"no_proxy": "127.0.0.1", "COURSE_OFFLINE": "0", "COURSE_CACHE": cache}.items():
        monkeypatch.setenv(name, value)
    for name in ("COURSE_DATA", "COURSE_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sources, "TIMEOUT", (2, 0.4))
    monkeypatch.setattr(kit, "TIMEOUT", 0.4)
    with bad_network() as server:
        yield server


@pytest.fixture
def read(net, monkeypatch):
    """read(*urls): sources.read of a file with these mirrors."""
    def content(*urls):
        monkeypatch.setattr(sources, "entry", lambda _: {**RECORD, "urls": list(urls)})
        return sources.read(NAME)
    return content


def inside(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


# Ways to fail: a chapter's download, and a kit's -------------------------------------------------

WAYS = {"cut": ("cut off", "cut off after 50,000"), "silent": ("cut off", "timed out"),
        "mute": ("no answer in time", "timed out"), "wrong": ("other bytes", "other bytes"),
        "portal": ("other bytes", f"cut off after {len(PORTAL)}"), "moved-to-portal": ("other bytes", "cut off after"),
        "moved-to-a-file": ("leads to no file", "answered 302"),
        "moved-in-a-circle": ("leads to no file", "answered 302"),
        "too-short": ("other bytes", "cut off after 1,000"), "endless": ("other bytes", "other bytes")}


@pytest.mark.parametrize("way", WAYS)
def test_a_chapter_is_told_why_and_the_second_mirror_helps(net, read, tmp_path, way):
    with pytest.raises(Unavailable, match=f"^127.0.0.1.*{WAYS[way][0]}") as told:
        read(net.url(way))
    assert "Error(" not in str(told.value) and inside(tmp_path) == []
    assert read(net.url(way), net.url("good")) == (CONTENT, "a download") and inside(tmp_path) == [f"cache/{NAME}"]
    assert read(net.url("good"))[1] == "the cache"


@pytest.mark.parametrize("way", WAYS)
def test_a_kit_is_told_why_and_the_second_mirror_helps(net, tmp_path, way):
    problem, = kit.fill(tmp_path, {NAME: {**RECORD, "urls": [net.url(way)]}})
    assert WAYS[way][1] in problem and not (tmp_path / NAME).exists()
    assert kit.fill(tmp_path, {NAME: {**RECORD, "urls": [net.url(way), net.url("good")]}}) == []
    assert (tmp_path / NAME).read_bytes() == CONTENT and inside(tmp_path) == [NAME]


@pytest.mark.parametrize("way", ["too-long", "no-number", "not-gzip"])
def test_lies_about_the_length_never_give_wrong_bytes(net, read, tmp_path, way):
    with pytest.raises(Unavailable):  # requests believes the header; the next mirror is asked
        read(net.url(way))
    assert inside(tmp_path) == [] and read(net.url(way), net.url("good"))[0] == CONTENT
    assert kit.fill(tmp_path / "kit", {NAME: {**RECORD, "urls": [net.url(way)]}}) == []  # the bytes are right here
    assert (tmp_path / "kit" / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("ask", ["chapter", "kit"])
def test_an_endless_answer_is_left_after_the_published_size(net, read, tmp_path, ask):
    """The server would give 100 MB; what it sent beyond 102,400 bytes is what sockets hold back."""
    if ask == "chapter":
        with pytest.raises(Unavailable):
            read(net.url("endless"))
    else:
        assert len(kit.fill(tmp_path, {NAME: {**RECORD, "urls": [net.url("endless")]}})) == 1
    assert net.sent["endless"] < 30e6


def test_a_file_that_takes_so_many_bytes_and_no_more(tmp_path):
    with open(tmp_path / "file", "wb") as file:
        bounded = sources.Bounded(file, 10)
        bounded.write(b"12345")
        bounded.write(b"67890")
        with pytest.raises(sources.TooLong):
            bounded.write(b"!")
    assert (tmp_path / "file").read_bytes() == b"1234567890"


def test_a_trickle_is_waited_for_and_nobody_there_is_said(net, read):
    with pytest.raises(Unavailable, match="127.0.0.1:1: not reachable"):
        read(NOBODY)
    assert read(NOBODY, net.url("moved"), net.url("trickle"))[0] == CONTENT and "trickle" not in net.asked
    (sources.cache_folder() / NAME).unlink()
    assert read(net.url("trickle"))[0] == CONTENT  # never 0.4 s without a byte


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "nonsense:::", "http://[::1", "%%%"])
def test_a_proxy_that_is_none_is_named(net, read, monkeypatch, tmp_path, proxy):
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setattr(kit.urllib.request, "_opener", None)  # urllib reads the variable once
    with pytest.raises(Unavailable, match="prox") as told:
        read("http://192.0.2.1/file")
    problem, = kit.fill(tmp_path, {NAME: {**RECORD, "urls": ["http://192.0.2.1/file"]}})
    assert "asked through the proxy of HTTP_PROXY" in problem and "Error(" not in str(told.value)


# Many at once -----------------------------------------------------------------------------------

def test_thirty_at_once_share_a_cache(net, read, tmp_path, monkeypatch):
    read(net.url("good"))
    (sources.cache_folder() / NAME).write_bytes(CONTENT[:100])  # half-written: each of them has it to mend
    monkeypatch.setattr(sources, "TIMEOUT", (60, 60))  # one small server answers all of them
    got, gate = [], threading.Barrier(30)

    def learner():
        gate.wait()
        got.append(sources.read(NAME)[0])
    learners = [threading.Thread(target=learner) for _ in range(30)]
    for one in learners:
        one.start()
    for one in learners:
        one.join(60)
    assert got == [CONTENT] * 30 and inside(tmp_path) == [f"cache/{NAME}"]


def test_three_processes_share_a_cache(net, tmp_path):
    code = ("import importlib.util, sys; from tests.loopback import CONTENT, RECORD\n"
            "spec = importlib.util.spec_from_file_location('sources', 'utils/data/sources.py')\n"  # without torch
            "spec.loader.exec_module(sources := importlib.util.module_from_spec(spec))\n"
            "sources.entry = lambda _: {**RECORD, 'urls': sys.argv[1:]}\n"
            f"assert sources.read({NAME!r})[0] == CONTENT")
    learners = [subprocess.Popen([sys.executable, "-c", code, net.url("cut"), net.url("trickle")], cwd=ROOT)
                for _ in range(3)]
    assert [one.wait(120) for one in learners] == [0, 0, 0] and inside(tmp_path) == [f"cache/{NAME}"]


def test_two_kits_do_not_fill_one_folder(net, tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "wanted", lambda *_: {NAME: {**RECORD, "urls": [net.url("good")]}})
    options = Namespace(folder=str(tmp_path), serve=False, chapters=[], books=False, wheels=False, checkpoints=False)
    code = ("import pathlib, sys; from utils.files import alone\n"
            "with alone(pathlib.Path(sys.argv[1], '.filling')) as free: print(free, flush=True); input()")
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"True\n"
        with pytest.raises(Trouble, match="Another `kit` is filling.*Wait for it"):
            kit.run(options)
        other.kill()  # the lock goes with the process, however it ends
        other.wait()
    assert kit.run(options) == 0 and (tmp_path / "data" / NAME).read_bytes() == CONTENT


# A spoilt cache ---------------------------------------------------------------------------------

@pytest.mark.parametrize("damage", [b"", CONTENT[:-1], CONTENT + b"!", b"\x00" * len(CONTENT), PORTAL])
def test_a_spoilt_file_in_the_cache_is_fetched_again(net, read, damage):
    file = sources.cache_folder() / NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(damage)
    assert read(net.url("good")) == (CONTENT, "a download") and file.read_bytes() == CONTENT


@pytest.mark.parametrize("in_the_way", [NAME, "mnist"])
def test_what_is_in_the_way_of_the_cache_is_named(net, read, in_the_way):
    place = sources.cache_folder() / in_the_way
    place.parent.mkdir(parents=True, exist_ok=True)
    place.mkdir() if in_the_way == NAME else place.write_bytes(b"a file where the folder should be")
    with pytest.raises(Unavailable, match=f"{in_the_way} is in the way of the cache; delete it or point COURSE_CACHE"):
        read(net.url("good"))
    assert place.exists() and inside(place) == []


def test_a_file_of_tomorrow_is_as_good_as_any(net, read):
    read(net.url("good"))
    os.utime(sources.cache_folder() / NAME, (4e9, 4e9))
    assert read(NOBODY) == (CONTENT, "the cache")


def test_what_changed_after_its_download_is_not_handed_out(net, read, monkeypatch):
    monkeypatch.setattr(sources, "fetch", lambda url, target, record: files.write_whole(target, PORTAL))
    sources.cache_folder().joinpath("mnist").mkdir(parents=True)
    with pytest.raises(Unavailable, match="did not stay as it was"):
        read(net.url("good"))


# Trained states from the room's server ----------------------------------------------------------

@pytest.mark.parametrize("way", ["cut", "silent", "mute", "wrong", "portal", "moved-in-a-circle", "endless"])
def test_without_a_state_from_the_server_it_trains(net, monkeypatch, tmp_path, capsys, way):
    monkeypatch.setenv("COURSE_STATES", net.url(way, "states"))
    monkeypatch.setattr(states, "LARGEST", 200_000)
    TALLY.n = 0
    model = trained()[0].state_dict()
    said = capsys.readouterr().out
    assert TALLY.n == 12 and "training instead" in said and inside(tmp_path) == []  # no page is kept as a state
    monkeypatch.delenv("COURSE_STATES")
    assert all(torch.equal(model[name], value) for name, value in trained()[0].state_dict().items())
    assert net.sent.get("endless", 0) < 30e6
