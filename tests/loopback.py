"""A server on loopback whose every address fails in a way of its own: http://127.0.0.1:PORT/WAY/NAME."""
import contextlib
import hashlib
import http.server
import threading
import time

CONTENT = bytes(range(256)) * 400  # 102,400 bytes
RECORD = {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
PORTAL = b"<!DOCTYPE html><html><body><form action=/login>Room 12: please log in</form></body></html>"


class Bad(http.server.ThreadingHTTPServer):
    """Answers each request as the first part of its path says. asked: these ways, in order. sent: bytes by way."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        self.asked, self.sent, self.released = [], {}, threading.Event()
        super().__init__(("127.0.0.1", 0), Answer)

    def url(self, way, name="file"):
        return f"http://127.0.0.1:{self.server_port}/{way}/{name}"

    def handle_error(self, *_):
        """A client that leaves an endless answer is what these tests are for."""


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        way = self.path.split("/")[1]
        self.server.asked.append(way)
        getattr(self, way.replace("-", "_"))()

    def give(self, content, length=None, status=200, **headers):
        self.send_response(status)
        if length != "none":
            self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def good(self):
        self.give(CONTENT)

    def cut(self):
        self.give(CONTENT[:50_000], length=len(CONTENT))

    def silent(self):
        """Half of the file, and then no byte more until the test is over."""
        self.give(CONTENT[:50_000], length=len(CONTENT))
        self.server.released.wait(20)

    def mute(self):
        """A server that takes the call and says nothing at all."""
        self.server.released.wait(20)

    def wrong(self):
        self.give(CONTENT[::-1])

    def portal(self):
        self.give(PORTAL, Content_Type="text/html")

    def too_short(self):
        self.give(CONTENT, length=1000)

    def too_long(self):
        self.give(CONTENT, length=2 * len(CONTENT))

    def no_number(self):
        self.give(CONTENT, length="many")

    def moved(self):
        self.give(b"", status=302, Location=self.server.url("good"))

    def moved_to_portal(self):
        self.give(b"", status=302, Location=self.server.url("portal"))

    def moved_to_a_file(self):
        self.give(b"", status=302, Location="file:///etc/hostname")

    def moved_in_a_circle(self):
        self.give(b"", status=302, Location=self.server.url("moved-in-a-circle"))

    def not_gzip(self):
        self.give(CONTENT, Content_Encoding="gzip")

    def endless(self):
        """As many bytes as the client takes, at most 100 MB."""
        self.send_response(200)
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"x" * 100_000)
            self.server.sent["endless"] = self.server.sent.get("endless", 0) + 100_000

    def trickle(self):
        """The whole file, a small piece at a time."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        for start in range(0, len(CONTENT), 25_600):
            self.wfile.write(CONTENT[start:start + 25_600])
            time.sleep(0.15)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def bad_network():
    """The server, answering; what still hangs is released at the end."""
    with Bad() as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()
