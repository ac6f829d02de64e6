"""Data: shapes, the order of sources, and every way a file or a network can fail."""
import gzip
import hashlib
import http.server
import os
import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from utils.data import RELATIONS, Batches, Split, Unavailable, digits, family_trees, fashion, planes, sources, usps

SHARED = Path(os.environ.get("COURSE_DATA", "nowhere")) / "mnist"
real_data = pytest.mark.skipif(not SHARED.is_dir(), reason="COURSE_DATA does not hold MNIST")


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """No COURSE_DATA, an empty cache, downloads allowed."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def idx_images(count, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return gzip.compress(struct.pack(">4i", 2051, count, 28, 28) + pixels.tobytes()), pixels


def idx_labels(count):
    classes = (np.arange(count) % 10).astype(np.uint8)
    return gzip.compress(struct.pack(">2i", 2049, count) + classes.tobytes()), classes


SMALL = {"mnist/train-images-idx3-ubyte.gz": idx_images(50, 0)[0],
         "mnist/train-labels-idx1-ubyte.gz": idx_labels(50)[0],
         "mnist/t10k-images-idx3-ubyte.gz": idx_images(20, 1)[0],
         "mnist/t10k-labels-idx1-ubyte.gz": idx_labels(20)[0]}


class Mirror(http.server.ThreadingHTTPServer):
    """A loopback server of the small files; `faults` maps a path to a way of failing."""

    daemon_threads = True

    def __init__(self):
        self.faults, self.served = {}, []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, kind, path):
        return f"http://127.0.0.1:{self.server_port}/{kind}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        _, kind, path = self.path.split("/", 2)
        self.server.served.append(self.path)
        content, fault = SMALL[path], self.server.faults.get(kind)
        if fault == "404":
            return self.send_error(404)
        if fault == "wrong":
            content = content[:-1] + b"!"
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(content[:len(content) // 2])
            self.close_connection = True
            return None
        for start in range(0, len(content), max(1, len(content) // 4)):
            self.wfile.write(content[start:start + max(1, len(content) // 4)])
            time.sleep(0.05 if fault == "slow" else 0)
        if fault == "hang":
            time.sleep(5)
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(alone, monkeypatch):
    """A table of small files with two mirrors, "first" and "second", on one loopback server."""
    server = Mirror()
    table = {path: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
                    "urls": [server.url("first", path), server.url("second", path)]}
             for path, content in SMALL.items()}
    monkeypatch.setattr(sources, "entry", lambda path: table[path])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield server
    server.shutdown()


def cached(alone):
    return sorted(str(p.relative_to(alone / "cache")) for p in (alone / "cache").rglob("*") if p.is_file())


def test_a_download_is_cached_whole(mirror, alone, capsys):
    data = digits()
    assert data.is_real and (len(data.train.labels), len(data.test.labels)) == (50, 20)
    assert capsys.readouterr().out == "here: MNIST from a download, 50 training and 20 test images\n"
    assert cached(alone) == sorted(SMALL) and len(mirror.served) == 4
    assert "from the cache" in repr(digits()) and len(mirror.served) == 4  # no second download


def test_pixels_and_labels_are_the_files(mirror):
    data = digits(limit=30)
    assert data.train.images.shape == (30, 1, 28, 28) and data.train.images.dtype == torch.float32
    assert torch.equal((data.train.images[:, 0] * 255).round().byte(),
                       torch.from_numpy(idx_images(50, 0)[1][:30]))
    assert data.test.labels.dtype == torch.int64
    assert data.test.labels.tolist() == idx_labels(20)[1].tolist()


@pytest.mark.parametrize("fault", ["404", "cut", "wrong"])
def test_the_second_mirror_helps(mirror, alone, fault):
    mirror.faults["first"] = fault
    assert digits().is_real
    assert any("/second/" in path for path in mirror.served) and cached(alone) == sorted(SMALL)


def test_a_slow_mirror_is_waited_for(mirror):
    mirror.faults["first"] = "slow"
    assert digits().is_real and not any("/second/" in path for path in mirror.served)


def test_a_mirror_that_stops_sending_is_left(mirror, monkeypatch):
    monkeypatch.setattr(sources, "TIMEOUT", (2, 0.5))

    def hang(server, *_):
        raise AssertionError
    original = Handler.do_GET

    def do_GET(handler):
        if "/first/" in handler.path:
            handler.server.served.append(handler.path)
            handler.send_response(200)
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            handler.wfile.write(b"some")
            handler.wfile.flush()
            time.sleep(3)
        else:
            original(handler)
    monkeypatch.setattr(Handler, "do_GET", do_GET)
    assert digits().is_real and any("/second/" in path for path in mirror.served)


@pytest.mark.parametrize("fault, words", [("404", "answered 404"), ("cut", "cut off"),
                                          ("wrong", "other bytes than the published file")])
def test_both_mirrors_failing_is_said_and_nothing_is_kept(mirror, alone, capsys, fault, words):
    mirror.faults |= {"first": fault, "second": fault}
    data = digits()
    said = capsys.readouterr().out
    assert said.startswith("here: MNIST is not reachable (127.0.0.1") and words in said
    assert not data.is_real and data.name == "digits (stand-in)" and cached(alone) == []


def test_a_full_disk_is_said(mirror, alone, capsys, monkeypatch):
    import pooch

    def full(*_, **__):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(pooch, "retrieve", full)
    assert not digits().is_real
    said = capsys.readouterr().out
    assert "disk is full; free some space or point COURSE_CACHE" in said and len(mirror.served) == 0


def test_a_damaged_file_in_the_cache_is_fetched_again(mirror, alone, capsys):
    digits()
    file = alone / "cache" / "mnist" / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(file.read_bytes()[:10])
    assert digits().is_real and len(mirror.served) == 5
    assert "t10k-labels-idx1-ubyte.gz in the cache is damaged" in capsys.readouterr().out
    assert file.read_bytes() == SMALL["mnist/t10k-labels-idx1-ubyte.gz"]


def test_course_data_comes_first_and_is_never_written(mirror, alone, monkeypatch, capsys):
    folder = alone / "room"
    for path, content in SMALL.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    monkeypatch.setenv("COURSE_DATA", str(folder))
    assert "from COURSE_DATA" in repr(digits()) and mirror.served == []
    broken = folder / "mnist" / "t10k-labels-idx1-ubyte.gz"
    broken.write_bytes(b"broken")
    assert digits().is_real and len(mirror.served) == 1 and broken.read_bytes() == b"broken"
    assert "in COURSE_DATA is damaged or not the published file" in capsys.readouterr().out


def test_offline_downloads_nothing(mirror, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert not digits().is_real and mirror.served == []
    assert "COURSE_OFFLINE is set" in capsys.readouterr().out
    with pytest.raises(Unavailable, match="COURSE_OFFLINE is set"):
        sources.read("mnist/t10k-labels-idx1-ubyte.gz")


@pytest.mark.parametrize("load, size, low", [(digits, 28, 0), (fashion, 28, 0), (usps, 16, -1)])
def test_the_stand_in_has_the_shapes_of_the_real_data(alone, monkeypatch, load, size, low):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    data = load(limit=100)
    assert data.train.images.shape == (100, 1, size, size) and len(data.test.labels) == 360
    assert data.train.images.dtype == torch.float32 and data.train.labels.dtype == torch.int64
    assert data.train.images.min() == low and data.train.images.max() == 1
    assert set(data.test.labels.tolist()) == set(range(10)) and len(data.classes) == 10
    both = torch.cat([load().train.images, data.test.images]).flatten(1)
    assert len(torch.unique(both, dim=0)) > 1750  # no picture is in both parts, save a few doubles


@pytest.mark.parametrize("limit", [0, -1, 2.5, "all", True])
def test_a_limit_is_a_positive_integer(limit):
    with pytest.raises(ValueError, match="number of training images to keep"):
        digits(limit=limit)


def test_an_unknown_file_names_the_known_ones():
    with pytest.raises(KeyError, match="mnist/train-images"):
        sources.entry("mnist/nothing.gz")


def test_every_source_has_a_checksum_and_two_mirrors():
    import json
    table = json.loads(sources.SOURCES.read_text())
    for record in table.values():
        assert len(record["sha256"]) == 64 and record["bytes"] > 0
        assert len({sources.host(url) for url in record["urls"]}) >= 2


@real_data
def test_real_mnist_is_what_torchvision_reads(tmp_path):
    from torchvision.datasets import MNIST
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in SHARED.iterdir():
        (raw / file.name.removesuffix(".gz")).write_bytes(gzip.decompress(file.read_bytes()))
    for part, train in ((digits().train, True), (digits().test, False)):
        reference = MNIST(tmp_path, train=train)
        assert torch.equal((part.images[:, 0] * 255).round().byte(), reference.data)
        assert torch.equal(part.labels, reference.targets)


@real_data
def test_real_usps_and_fashion_have_the_published_counts():
    zip_codes, clothes = usps(), fashion()
    assert torch.bincount(zip_codes.train.labels).tolist() == [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]
    assert len(zip_codes.test.labels) == 2007 and clothes.classes[9] == "ankle boot"
    assert torch.bincount(clothes.train.labels).tolist() == [6000] * 10


def test_planes_are_the_same_each_time_and_no_line_parts_them():
    again = planes()
    for name, (points, labels) in planes().items():
        assert points.shape == (120, 2) and points.abs().max() < 1 and torch.equal(points, again[name][0])
        assert labels.flatten().tolist() == [1.0] * 60 + [0.0] * 60
        corners = torch.nn.functional.pad(points, (0, 1), value=1.0)
        weights = torch.linalg.lstsq(corners, 2 * labels - 1).solution
        assert ((corners @ weights > 0).float() != labels).sum() >= 12, name


def test_family_trees_are_the_papers():
    facts = family_trees()
    assert len(facts) == len(set(facts)) == 112
    assert len({(person, relation) for person, relation, _ in facts}) == 104
    assert {relation for _, relation, _ in facts} == set(RELATIONS)
    assert {o for p, r, o in facts if (p, r) == ("Colin", "aunt")} == {"Jennifer", "Margaret"}
    assert {o for p, r, o in facts if (p, r) == ("Colin", "uncle")} == {"Arthur", "Charles"}
    opposite = {"husband": "wife", "wife": "husband", "brother": "sister", "sister": "brother"}
    assert all((o, opposite[r], p) in facts for p, r, o in facts if r in opposite)


ROWS = torch.arange(10)


def walk(batches):
    return [row for batch in batches for row in batch[0].tolist()]


def test_batches_visit_every_row_once_in_a_new_order_each_epoch():
    batches = Batches((ROWS, ROWS * 2), 4)
    epochs = [walk(batches) for _ in range(3)]
    assert all(sorted(epoch) == ROWS.tolist() for epoch in epochs) and len(batches) == 3
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert all(torch.equal(doubled, rows * 2) for rows, doubled in batches)


def test_batches_are_reproducible_from_the_seed():
    torch.manual_seed(5)
    first = walk(Batches((ROWS,), 3, seed=1))
    torch.manual_seed(6)
    assert walk(Batches((ROWS,), 3, seed=1)) == first != walk(Batches((ROWS,), 3, seed=2))
    again = Batches((ROWS,), 3, seed=1)
    walk(again)
    second = walk(again)
    resumed = Batches((ROWS,), 3, seed=1)
    resumed.epoch = 1
    assert walk(resumed) == second


def test_another_repetition_of_a_chapter_has_another_order(monkeypatch):
    usual = walk(Batches((ROWS,), 3, seed=1))
    monkeypatch.setenv("COURSE_SEED", "0")
    assert walk(Batches((ROWS,), 3, seed=1)) == usual
    monkeypatch.setenv("COURSE_SEED", "2")
    assert walk(Batches((ROWS,), 3, seed=1)) != usual


def test_batches_in_order_and_with_a_transform():
    doubled = Batches((ROWS,), 4, shuffle=False, transform=lambda rows: (rows * 2,))
    assert walk(doubled) == (ROWS * 2).tolist()
    assert [len(batch[0]) for batch in Batches(Split(ROWS, ROWS), 99)] == [10]


@pytest.mark.parametrize("data, size, kind, words", [
    (ROWS, 2, TypeError, "One tensor alone is written"),
    ((ROWS, [1, 2]), 2, TypeError, "tuple of tensors"),
    ((ROWS, ROWS[:3]), 2, ValueError, r"have \[10, 3\] rows"),
    ((ROWS[:0],), 2, ValueError, "length above zero"),
    ((ROWS,), 0, ValueError, "integer of 1 or more"),
    ((ROWS,), 2.0, ValueError, "integer of 1 or more"),
])
def test_what_cannot_be_a_batch_is_refused(data, size, kind, words):
    with pytest.raises(kind, match=words):
        Batches(data, size)
