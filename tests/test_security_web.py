"""Pages show text as text, addresses lead nowhere else, and a kit's server gives out its files alone."""
import http.client
import json
import socket
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import ipywidgets as W
import matplotlib.pyplot as plt
import pytest

from tests.loopback import CONTENT
from utils import __main__ as launcher
from utils import claims, commands, kit, quizzes, report, serving, states
from utils.data import sources
from utils.timeline import events
from utils.widgets import Explore
from utils.widgets.quiz import Asked
from utils.widgets.timeline import details

# Pages: text stays text -----------------------------------------------------------------------------

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def drawn(text=""):
    figure = plt.figure(figsize=(1, 1))
    plt.close(figure)
    return figure, f"you wrote {text}"


def pages():
    """Everything that shows a text of data, of a learner or of a file, each with a text that would like to be code."""
    box = W.Text(value=EVIL)
    shown = Explore(lambda text: drawn(text), ask=EVIL, text=box)
    question = quizzes.Question("00.q1", EVIL, (quizzes.Option(EVIL, EVIL, True), quizzes.Option("b", EVIL)))
    asked = Asked(question, 1, lambda: None)
    asked.choice.index = 0
    event = next(one for one in events() if one.myth)
    told = replace(event, source=EVIL, seen=EVIL, section=EVIL, myth=replace(event.myth, story=EVIL, correction=EVIL))
    broken = Explore(lambda text: 1 / 0 if not text else drawn()[2], ask="?", text=box)
    yield "words", [part.value for part in shown.children if isinstance(part, W.HTML)]
    yield "a problem's words", [broken._words.value]
    yield "a quiz", [part.value for part in asked.children if isinstance(part, W.HTML)]
    yield "the timeline", [details(told)]
    yield "the report", [report.table([{"claim": EVIL, "verdict": EVIL}])]


def test_no_text_becomes_a_tag(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress"))
    for place, texts in pages():
        assert all("<script" not in text and "<img" not in text for text in texts), place
        assert place == "a problem's words" or any("&lt;script" in text for text in texts), place
    page = report.write_report(tmp_path, [], [(EVIL.replace("/", ""), EVIL, "")]).read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script" in page


def test_no_claim_becomes_a_tag(monkeypatch):
    shown, one = [], claims.claims("01")[0]
    monkeypatch.setattr(claims, "claims", lambda _: [replace(one, title=EVIL, citation=EVIL, unit=EVIL)])
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data["text/html"]))
    claims.scoreboard("01")
    assert "<script" not in shown[0] and shown[0].count("&lt;script") >= 2


# Addresses --------------------------------------------------------------------------------------------

def test_every_source_is_https_first_and_stays_in_its_folder():
    for path, row in json.loads(sources.SOURCES.read_text(encoding="utf-8")).items():
        assert row["urls"][0].startswith("https://")
        plain = {sources.host(url) for url in row["urls"] if not url.startswith("https://")}
        assert plain <= {"fashion-mnist.s3-website.eu-central-1.amazonaws.com"}, "this kind of host speaks http only"
        assert not path.startswith("/") and ".." not in path.split("/") and "\\" not in path and ":" not in path


@pytest.mark.parametrize("address", ["file:///etc", "ftp://10.0.0.5", "javascript:alert(1)", "//10.0.0.5", "10.0.0.5"])
def test_other_addresses_are_not_asked(monkeypatch, tmp_path, address):
    monkeypatch.setenv("COURSE_MIRROR", address)
    monkeypatch.setenv("COURSE_STATES", address)
    assert sources.room("mnist/file") == [] and states.away() == ""
    problem, = kit.fill(tmp_path, {"mnist/file": {"bytes": 3, "sha256": "0", "urls": [f"{address}/passwd"]}})
    assert "no address of the web" in problem and not (tmp_path / "mnist" / "file").exists()


def test_a_password_in_an_address_is_not_printed():
    assert sources.host("http://me:secret@10.0.0.5:8765/data/x") == "10.0.0.5:8765"


def test_jupyterlab_listens_to_this_machine_alone_and_asks_for_a_token(monkeypatch):
    from jupyter_server.auth.identity import IdentityProvider
    from jupyter_server.serverapp import ServerApp
    asked = []
    monkeypatch.setattr(commands, "hand_over", lambda words: asked.append(words) or 0)
    commands.lab(SimpleNamespace(here=True), [])
    options = [word for word in asked[0] if word.startswith("--")]
    assert options[0].startswith("--LabApp.default_url=/lab/tree/") and options[1:] in ([], ["--allow-root"])
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    assert ServerApp.ip.default_value in ("localhost", "") and ServerApp().ip == "localhost"
    assert len(IdentityProvider().token) >= 32


# The server of a kit; what it refuses by path and by method is in test_kit ----------------------------

@pytest.fixture
def room(tmp_path):
    """A kit of one file, served on loopback."""
    folder = tmp_path / "kit"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "file").write_bytes(CONTENT)
    with serving.server(folder, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        server.folder = folder
        yield server
        server.shutdown()


def say(room, text):
    """Send these bytes and read until the server hangs up; without a word that there is more to come."""
    with socket.create_connection(("127.0.0.1", room.server_port), timeout=5) as line:
        line.sendall(text)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(1 << 16), b""))


def get(room, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", room.server_port, timeout=5)
    connection.request("GET", "/data/file", headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("asked, status", [
    (b"GET http://[ HTTP/1.1", b" 400 "), (b"GET http://[::1/data/file HTTP/1.1", b" 400 "),
    (b"GET " + b"/" * 70_000 + b" HTTP/1.1", b" 414 "), (b"GET /data/../../etc/passwd HTTP/1.1", b" 404 "),
    (b"GET file:///etc/passwd HTTP/1.1", b" 404 "), (b"GET /data/%2e%2e%5c%2e%2e%5cfile HTTP/1.1", b" 404 "),
    (b"GET /data\\file HTTP/1.1", b" 404 "), (b"GET /data/file%00.txt HTTP/1.1", b" 404 "), (b"\x00\xff", b" 400"),
    (b"TRACE /data/file HTTP/1.1", b" 501 "), (b"CONNECT 10.0.0.5:22 HTTP/1.1", b" 501 "),
    (b"GET /data/file HTTP/1.1" + b"\r\nA: b" * 200, b" 431 ")])
def test_a_strange_request_is_refused_and_printed_nowhere(room, capfd, asked, status):
    answer = say(room, asked + b"\r\n\r\n")
    assert status in answer.split(b"\r\n")[0] + answer[:300] and CONTENT[:50] not in answer and b"root:" not in answer
    assert get(room) == (200, CONTENT) and capfd.readouterr().err == ""


@pytest.mark.parametrize("part, status, length", [
    ("bytes=0-", 206, len(CONTENT)), ("bytes=102399-", 206, 1), ("bytes=102400-", 416, None),
    ("bytes=" + "9" * 18 + "-", 416, None), ("bytes=" + "9" * 5000 + "-", 200, len(CONTENT)),
    ("bytes=-5", 200, len(CONTENT)), ("bytes=5-1", 200, len(CONTENT)), ("lines=1-", 200, len(CONTENT))])
def test_a_range_never_leaves_the_file(room, capfd, part, status, length):
    got, content = get(room, Range=part)
    assert got == status and (length is None or content == CONTENT[len(CONTENT) - length:])
    assert capfd.readouterr().err == ""


def test_a_link_planted_after_the_start_leads_nowhere(room, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (room.folder / "data" / "file").unlink()
    (room.folder / "data" / "file").symlink_to(tmp_path / "secret")
    assert get(room)[0] == 404
    (room.folder / "data").rename(tmp_path / "away")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"secret")
    (room.folder / "data").symlink_to(tmp_path / "elsewhere")
    assert get(room)[0] == 404


def test_slow_clients_and_leavers_cost_the_others_nothing(room, capfd, monkeypatch):
    monkeypatch.setattr(serving.Handler, "timeout", 0.5)
    slow = [socket.create_connection(("127.0.0.1", room.server_port), timeout=5) for _ in range(40)]
    for line in slow:
        line.sendall(b"GET /data/file HT")  # and then nothing
    assert get(room) == (200, CONTENT)
    (room.folder / "data" / "file").write_bytes(CONTENT * 200)  # more than sockets hold
    for line in slow[:5]:
        line.sendall(b"TP/1.1\r\n\r\n")
        assert line.recv(1000)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # leave at once
        line.close()
    until = time.monotonic() + 20
    while threading.active_count() > 5 and time.monotonic() < until:
        time.sleep(0.1)
    assert slow[-1].recv(100) == b""  # hung up
    assert capfd.readouterr().err == "" and get(room)[1] == CONTENT * 200
    for line in slow:
        line.close()


def test_a_fault_of_the_server_itself_is_still_printed(room, capfd, monkeypatch):
    monkeypatch.setattr(serving.Handler, "answer", lambda *_, **__: 1 / 0)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        get(room)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_who_can_reach_the_server_is_said_and_can_be_narrowed(room):
    options = launcher.parser().parse_args(["kit", "folder", "--serve"])
    assert options.host == "0.0.0.0"  # a room is what it is for
    said = serving.invitation("10.0.0.5", 8765, room.files, [])
    assert "read-only, to everybody on this network" in said
    assert launcher.parser().parse_args(["kit", "folder", "--serve", "--host", "127.0.0.1"]).host == "127.0.0.1"
    assert room.server_address[0] == "127.0.0.1"
