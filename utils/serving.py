"""`python3 -m utils kit FOLDER --serve`: a kit on the local network, read-only.

Only files that were in the kit's own folders when it started are given out, and only to GET and HEAD;
there is no listing but the one that pip needs. Data sets whose terms forbid passing them on stay here.
"""
import functools
import html
import http.server
import pathlib
import re
import shutil
import socket
import sys
import urllib.parse

from utils.install import Trouble

FOLDERS = ("data", "wheels", "states")
PRIVATE = ("multi30k", "conll2003", "brown")  # their terms: research or non-commercial, no passing on
PRIVATE_TEXT = "The terms of this data set do not allow to pass it on. Each learner's own download is allowed."
WELCOME = """<!DOCTYPE html><title>A kit of From Perceptron to BERT</title><p>{count} files, {size:.0f} MB.
<a href="/wheels/">Packages</a>. Data: set COURSE_MIRROR to this address.</p>
"""


def serve(folder: pathlib.Path, host: str, port: int) -> int:
    """Serve the kit until Ctrl-C. Raises Trouble for an empty kit or a port that is taken."""
    with server(folder, host, port) as room:
        print(invitation(address(host), room.server_port, room.files, room.private), flush=True)
        try:
            room.serve_forever()
        except KeyboardInterrupt:
            print(f"\nStopped after {room.served} files.")
    return 0


def server(folder: pathlib.Path, host: str, port: int) -> "Room":
    """A server of the kit, bound and not yet answering. Raises Trouble."""
    files, private = gather(folder)
    if not files:
        raise Trouble(f"{folder} holds no kit. `python3 -m utils kit {folder}` fills it.")
    try:
        return Room((host, port), files, private)
    except OSError as error:
        raise Trouble(f"{host}:{port} cannot be used ({error.strerror}). Choose another one with --port.") from error


def gather(folder: pathlib.Path) -> tuple[dict[str, pathlib.Path], list[str]]:
    """The files to give out by their path in the address, and the names of the sets that are held back."""
    files, private = {}, set()
    for part in FOLDERS:
        for file in sorted((folder / part).rglob("*")):
            inside = file.relative_to(folder)
            if not file.is_file() or file.is_symlink() or file.suffix in (".part", ".tmp"):
                continue
            if part == "data" and inside.parts[1] in PRIVATE:
                private.add(inside.parts[1])
            else:
                files[f"/{inside.as_posix()}"] = file.resolve()
    return files, sorted(private)


class Room(http.server.ThreadingHTTPServer):
    """The server: a thread a connection, as many as there are learners."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, where: tuple[str, int], files: dict[str, pathlib.Path], private: list[str]):
        self.files, self.private, self.served = files, private, 0
        super().__init__(where, Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A learner who leaves in the middle of a file is no news; anything else is printed as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD for the kit's files; everything else is refused by the base class."""

    timeout = 60  # seconds without a byte, then the connection is closed
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "kit", ""

    def do_GET(self) -> None:  # the name that http.server looks for
        self.answer(body=True)

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def answer(self, body: bool) -> None:
        """Find what the address names among the known files; nothing else is looked for on the disk."""
        try:
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        except ValueError:  # such as http://[
            return self.send_error(400)
        if path in ("/", "/wheels", "/wheels/"):
            return self.page(self.welcome() if path == "/" else self.links(), body)
        if path.split("/")[1:2] == ["data"] and path.split("/")[2:3] and path.split("/")[2] in PRIVATE:
            return self.send_error(403, "Not passed on", PRIVATE_TEXT)
        if path not in self.server.files:
            return self.send_error(404)
        return self.send(self.server.files[path], body)

    def send(self, file: pathlib.Path, body: bool) -> None:
        """A file, or the rest of it from the byte that a Range header names."""
        try:
            if file.resolve() != file:  # a link was put there since the start
                return self.send_error(404)
            content = open(file, "rb")
        except OSError:
            return self.send_error(404)
        with content:
            size = file.stat().st_size
            asked = re.fullmatch(r"bytes=(\d{1,18})-", self.headers.get("Range", ""))
            start = int(asked[1]) if asked else 0
            if start >= size > 0:
                return self.send_error(416)
            self.send_response(206 if asked else 200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(size - start))
            self.send_header("Accept-Ranges", "bytes")
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            if body:
                content.seek(start)
                shutil.copyfileobj(content, self.wfile)
                self.server.served += 1
        return None

    def page(self, text: str, body: bool) -> None:
        """A small page of HTML."""
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def welcome(self) -> str:
        """What this server is, in a line."""
        sizes = [file.stat().st_size for file in self.server.files.values()]
        return WELCOME.format(count=len(sizes), size=sum(sizes) / 1e6)

    def links(self) -> str:
        """The wheels as the page of links that pip and uv read with --find-links."""
        names = [path.rsplit("/", 1)[1] for path in self.server.files if path.startswith("/wheels/")]
        rows = [f'<a href="{urllib.parse.quote(name)}">{html.escape(name)}</a><br>' for name in names]
        return "<!DOCTYPE html><title>Packages</title>\n" + "\n".join(rows) + "\n"

    def log_message(self, *_: object) -> None:
        """Thirty learners would fill the screen; `served` counts instead."""


@functools.cache
def address(host: str) -> str:
    """The address that other machines reach this one at; no packet is sent to find it."""
    if host not in ("0.0.0.0", "::", ""):
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of RFC 5737 that belongs to nobody
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


def invitation(host: str, port: int, files: dict, private: list[str]) -> str:
    """What the instructor reads out: the one variable, or the one line."""
    url = f"http://{host}:{port}"
    lines = [f"Serving {len(files)} files at {url} (read-only, to everybody on this network; Ctrl-C ends it).",
             f"Learners set one variable before they start:   COURSE_MIRROR={url}",
             f"or run one line in a notebook, above its first cell:   %env COURSE_MIRROR={url}"]
    if any(path.startswith("/wheels/") for path in files):
        lines.append(f"To install without the internet:   python3 -m utils lab --offline {url}/wheels/")
    if any(path.startswith("/states/") for path in files):
        lines.append(f"To enter a chapter in the middle:   %env COURSE_STATES={url}/states")
    if private:
        lines.append(f"Held back, because their terms do not allow to pass them on: {', '.join(private)}.")
    return "\n".join(lines)
