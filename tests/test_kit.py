"""The kit of a room: what it holds, that it survives a bad network, and what its server gives out."""
import hashlib
import http.client
import http.server
import json
import threading
import time
from argparse import Namespace
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import torch

from tests.test_states import TALLY, trained
from utils import kit, serving, states
from utils.data import sources
from utils.install import ROOT, Trouble, source_options, wheels_of

FILES = {"mnist/images": b"0123456789" * 20_000, "classic-books/A B/The book .md": b"once upon a time\n" * 500,
         "multi30k/train": b"ein Hund\n" * 300}
TABLE = json.loads((ROOT / "assets" / "sources.json").read_text(encoding="utf-8"))


class Upstream(http.server.ThreadingHTTPServer):
    """A loopback server of FILES with ranges; `faults` says, by mirror, how each of its answers fails."""

    daemon_threads = True

    def __init__(self):
        self.faults, self.asked = {}, []
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def row(self, path):
        urls = [f"http://127.0.0.1:{self.server_port}/{mirror}/{quote(path)}" for mirror in ("first", "second")]
        return {"bytes": len(FILES[path]), "sha256": hashlib.sha256(FILES[path]).hexdigest(), "urls": urls}


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        _, mirror, path = self.path.split("/", 2)
        content = FILES[requests.utils.unquote(path)]
        faults = self.server.faults.get(mirror, [])
        fault = faults.pop(0) if faults else ""
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.server.asked.append((mirror, start))
        if fault == "404":
            return self.send_error(404)
        if fault == "portal":
            content, start = b"<html>Please log in to the hotel's network</html>", 0
        if fault == "wrong":
            content = content[:-1] + b"!"
        if fault == "no ranges":
            start = 0
        rest = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if fault == "endless":
            while True:
                self.wfile.write(b"x" * 10_000)
        for k in range(0, len(rest), 50_000):
            if fault == "cut" and k:
                self.close_connection = True
                return None
            self.wfile.write(rest[k:k + 50_000])
            time.sleep(0.05 if fault == "slow" else 0)
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Upstream()
    yield server
    server.shutdown()


def filled(folder, upstream, path="mnist/images"):
    return kit.fill(folder, {path: upstream.row(path)})


# What a kit holds -------------------------------------------------------------------------------

def test_each_chapter_names_the_sets_it_reads():
    of = {k: {path.split("/")[0] for path in kit.wanted([f"{k:02}"])} for k in range(10)}
    assert of[1] == {"mnist"} and of[3] == {"mnist", "fashion-mnist", "usps"} and {"multi30k"} <= of[7]
    assert {"sst2", "wnut17"} <= of[8] and "epoch" in of[9]
    everything = kit.wanted([])
    assert set(everything) == {path for k in range(10) for path in kit.wanted([f"{k:02}"])}
    assert len(kit.wanted([], books=True)) == len(TABLE) > len(everything)
    assert {path.split("/")[0] for path in TABLE} == {*kit.SETS.values(), *kit.BOOKS}


def test_an_unknown_chapter_is_named():
    with pytest.raises(Trouble, match="no chapter 12.*00, 01"):
        kit.wanted(["12", "03"])


def test_sizes_and_time_come_first(upstream, tmp_path, capsys, monkeypatch):
    options = Namespace(wheels=False, checkpoints=False, chapters=[])
    kit.estimate(tmp_path / "kit", {path: upstream.row(path) for path in FILES}, options)
    printed = capsys.readouterr().out
    assert "0.2 MB   3 files, 0 are there" in printed and "minutes at 1 MB/s" in printed and not upstream.asked
    monkeypatch.setattr(kit.shutil, "disk_usage", lambda _: Namespace(free=1000))
    with pytest.raises(Trouble, match="MB free. Free some space"):
        kit.estimate(tmp_path / "kit", {path: upstream.row(path) for path in FILES}, options)


# A bad network ----------------------------------------------------------------------------------

@pytest.mark.parametrize("path", FILES)
def test_files_come_whole_and_only_once(upstream, tmp_path, path):
    assert filled(tmp_path, upstream, path) == [] and (tmp_path / path).read_bytes() == FILES[path]
    assert filled(tmp_path, upstream, path) == [] and len(upstream.asked) == 1
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == [path.rsplit("/", 1)[1]]


def test_a_cut_download_goes_on_where_it_was(upstream, tmp_path):
    upstream.faults["first"] = ["cut", "cut"]
    assert filled(tmp_path, upstream) == [] and (tmp_path / "mnist/images").read_bytes() == FILES["mnist/images"]
    assert upstream.asked == [("first", 0), ("first", 50_000), ("first", 100_000)]


def test_a_second_run_goes_on_where_the_first_gave_up(upstream, tmp_path):
    upstream.faults |= {"first": ["cut"] + ["404"] * 5, "second": ["404"] * 5}
    problem, = filled(tmp_path, upstream)
    assert "answered 404" in problem and "cut off after 50,000 of 200,000" in problem
    assert not (tmp_path / "mnist/images").exists() and (tmp_path / "mnist/images.part").stat().st_size == 50_000
    upstream.faults.clear()
    assert filled(tmp_path, upstream) == [] and upstream.asked[-1] == ("first", 50_000)
    assert (tmp_path / "mnist/images").read_bytes() == FILES["mnist/images"]


@pytest.mark.parametrize("fault, words", [
    ("wrong", "other bytes"), ("portal", "cut off after 4"), ("404", "answered 404"), ("endless", "other bytes")])
def test_the_second_mirror_helps_and_nothing_wrong_stays(upstream, tmp_path, fault, words):
    upstream.faults["first"] = [fault] * 4
    assert filled(tmp_path, upstream) == []
    assert (tmp_path / "mnist/images").read_bytes() == FILES["mnist/images"]
    (tmp_path / "mnist/images").unlink()
    upstream.faults |= {"first": [fault] * 4, "second": [fault] * 4}
    problem, = filled(tmp_path, upstream)
    assert words in problem and not (tmp_path / "mnist/images").exists()


def test_a_corrupted_file_is_fetched_again(upstream, tmp_path):
    filled(tmp_path, upstream)
    (tmp_path / "mnist/images").write_bytes(b"x" * 200_000)
    assert filled(tmp_path, upstream) == [] and (tmp_path / "mnist/images").read_bytes() == FILES["mnist/images"]


@pytest.mark.parametrize("rubbish", [b"rubbish", b"x" * 150_000, b"x" * 200_000, b"x" * 300_000])
def test_a_corrupted_part_does_no_harm(upstream, tmp_path, rubbish):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist/images.part").write_bytes(rubbish)
    assert filled(tmp_path, upstream) == [] and (tmp_path / "mnist/images").read_bytes() == FILES["mnist/images"]


def test_a_slow_network_and_a_server_without_ranges(upstream, tmp_path):
    upstream.faults["first"] = ["cut", "no ranges", "slow"]
    assert filled(tmp_path, upstream) == []
    (tmp_path / "mnist/images").unlink()
    assert filled(tmp_path, upstream) == [] and (tmp_path / "mnist/images").read_bytes() == FILES["mnist/images"]


def test_nobody_there(monkeypatch, tmp_path):
    row = {"bytes": 3, "sha256": "0", "urls": ["http://127.0.0.1:9/x"]}
    problem, = kit.fill(tmp_path, {"mnist/x": row})
    assert "not reached" in problem


def test_a_folder_that_cannot_be_written(upstream, tmp_path):
    (tmp_path / "mnist").write_text("a file where the folder should be")
    with pytest.raises(Trouble, match="cannot be written.*kept"):
        filled(tmp_path, upstream)


def test_the_command_says_what_is_missing_and_how_to_go_on(upstream, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(kit, "wanted", lambda *_: {"mnist/images": upstream.row("mnist/images")})
    options = Namespace(folder=str(tmp_path), serve=False, chapters=[], books=False, wheels=False, checkpoints=False)
    upstream.faults |= {"first": ["404"], "second": ["404"]}
    with pytest.raises(Trouble, match="1 of 1 files are missing(.|\n)*goes on from here"):
        kit.run(options)
    assert kit.run(options) == 0 and f"COURSE_DATA={tmp_path / 'data'}" in capsys.readouterr().out


def test_wheels_and_where_they_are_found(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(kit, "call", lambda *words: seen.append(words) or Namespace(returncode=len(seen) > 2))
    kit.wheels(tmp_path / "wheels")
    assert "--require-hashes" in seen[0] and seen[1][-1] == "uv" and seen[0][5] == tmp_path / "wheels"
    with pytest.raises(Trouble, match="goes on from here"):
        kit.wheels(tmp_path / "wheels")
    assert wheels_of(str(tmp_path)) == str(tmp_path)
    (tmp_path / "wheels").mkdir()
    assert wheels_of(str(tmp_path)) == str(tmp_path / "wheels")
    assert source_options(wheels_of("http://10.0.0.5:8765/wheels/"))[-1] == "http://10.0.0.5:8765/wheels/"


def test_the_larger_checkpoint_comes_through_the_hubs_client(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr("utils.install.ready", lambda: Path("/env/python"))
    monkeypatch.setattr(kit.subprocess, "run",
                        lambda words, check: seen.append(words) or Namespace(returncode=len(seen) > 1))
    kit.checkpoint(tmp_path)
    assert seen[0][-2:] == ["bert-base-uncased", str(tmp_path)] and "snapshot_download" in seen[0][2]
    with pytest.raises(Trouble, match="checkpoint is not complete"):
        kit.checkpoint(tmp_path)


# The server -------------------------------------------------------------------------------------

@pytest.fixture
def room(tmp_path, monkeypatch):
    """A kit with every kind of file, served on loopback."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "kit"
    contents = {f"data/{path}": content for path, content in FILES.items()}
    contents |= {"wheels/torch-2-py3.whl": b"wheel", "states/abc.pt": b"state", "secret.txt": b"secret",
                 "data/mnist/images2.part": b"half"}
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (tmp_path / "outside").write_bytes(b"outside")
    (folder / "data" / "mnist" / "link").symlink_to(tmp_path / "outside")
    with serving.server(folder, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()


def test_files_are_given_whole_or_from_a_byte_on(room):
    whole = requests.get(f"{room.url}/data/{quote('classic-books/A B/The book .md')}", timeout=5)
    assert whole.content == FILES["classic-books/A B/The book .md"]
    rest = requests.get(f"{room.url}/data/mnist/images", headers={"Range": "bytes=199990-"}, timeout=5)
    assert rest.status_code == 206 and rest.content == b"0123456789"
    assert rest.headers["Content-Range"] == "bytes 199990-199999/200000"
    head = requests.head(f"{room.url}/data/mnist/images", timeout=5)
    assert head.headers["Content-Length"] == "200000" and not head.content
    beyond = requests.get(f"{room.url}/data/mnist/images", headers={"Range": "bytes=200000-"}, timeout=5)
    assert beyond.status_code == 416


@pytest.mark.parametrize("path", [
    "/secret.txt", "/data/", "/data", "/data/mnist/", "/data/mnist", "/data/mnist/link", "/data/mnist/images2.part",
    "/data/../secret.txt", "/data/%2e%2e/secret.txt", "/data/mnist/..%2f..%2f..%2foutside", "//etc/passwd",
    "/data/mnist/images%00", "/states/", "/etc/passwd", "/..%5csecret.txt",
])
def test_nothing_else_is_given_out(room, path):
    connection = http.client.HTTPConnection("127.0.0.1", room.server_port, timeout=5)
    connection.request("GET", path)  # requests would tidy the path up
    answer = connection.getresponse()
    assert answer.status == 404 and b"secret\n" not in answer.read() + b"\n"


def test_private_sets_stay_here(room):
    answer = requests.get(f"{room.url}/data/multi30k/train", timeout=5)
    assert answer.status_code == 403 and "terms of this data set" in answer.text
    assert "multi30k" in serving.invitation("10.0.0.5", 8765, room.files, room.private)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nobody_can_write(room, method):
    assert requests.request(method, f"{room.url}/data/mnist/images", data=b"x", timeout=5).status_code == 501
    assert requests.get(f"{room.url}/data/mnist/images", timeout=5).content == FILES["mnist/images"]


def test_the_pages(room):
    assert "4 files" in requests.get(room.url, timeout=5).text
    for address in ("/wheels", "/wheels/"):
        assert '<a href="torch-2-py3.whl">' in requests.get(room.url + address, timeout=5).text
    said = serving.invitation("10.0.0.5", 8765, room.files, room.private)
    for words in ("COURSE_MIRROR=http://10.0.0.5:8765\n", "%env COURSE_MIRROR", "--offline http://10.0.0.5:8765/wheels/",
                  "COURSE_STATES=http://10.0.0.5:8765/states"):
        assert words in said


def test_thirty_learners_at_once(room):
    contents = []
    def learner():
        contents.append(requests.get(f"{room.url}/data/mnist/images", timeout=30).content)
    learners = [threading.Thread(target=learner) for _ in range(30)]
    for one in learners:
        one.start()
    for one in learners:
        one.join()
    assert contents == [FILES["mnist/images"]] * 30 and room.served == 30


def test_one_variable_is_enough(room, monkeypatch, tmp_path):
    row = {"bytes": 200_000, "sha256": hashlib.sha256(FILES["mnist/images"]).hexdigest(),
           "urls": ["http://127.0.0.1:9/nobody"]}
    monkeypatch.setattr(sources, "entry", lambda path: row)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_MIRROR", room.url + "/")
    assert sources.read("mnist/images")[0] == FILES["mnist/images"]
    monkeypatch.setenv("COURSE_MIRROR", "file:///etc")
    assert sources.room("mnist/images") == []


def test_a_trained_state_comes_over_the_network(room, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(states, "_SAID", set())
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_KEEP_STATES", "1")
    monkeypatch.setenv("COURSE_STATES", str(tmp_path / "made"))
    TALLY.n = 0
    first = trained()[0].state_dict()
    made, = (tmp_path / "made").iterdir()
    room.files[f"/states/{made.name}"] = made
    monkeypatch.delenv("COURSE_KEEP_STATES")
    monkeypatch.setenv("COURSE_STATES", f"{room.url}/states")
    loaded = trained()[0].state_dict()
    assert TALLY.n == 12 and all(torch.equal(first[name], loaded[name]) for name in first)
    trained(seed=3)  # the room does not have this one
    assert TALLY.n == 24
    monkeypatch.setenv("COURSE_STATES", "http://127.0.0.1:9/states")
    trained(seed=4)
    assert TALLY.n == 36 and "gave no trained state" in capsys.readouterr().out


def test_an_empty_kit_and_a_taken_port(room, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Trouble, match="holds no kit"):
        serving.server(tmp_path / "empty", "127.0.0.1", 0)
    with pytest.raises(Trouble, match="cannot be used.*--port"):
        serving.server(tmp_path / "kit", "127.0.0.1", room.server_port)


def test_the_address_for_others():
    assert serving.address("192.168.7.7") == "192.168.7.7"
    assert serving.address("0.0.0.0")
