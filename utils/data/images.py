"""The course's picture sets as plain tensors, the same shapes whatever the source."""
import gzip
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from utils.arguments import whole
from utils.data.sources import Unavailable, read
from utils.say import here

DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
           "ankle boot")


class Split(NamedTuple):
    """Pictures and what they show. images: (N, 1, H, W) float32. labels: (N,) int64, 0 to 9."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, repr=False)
class Dataset:
    """A training and a test Split, the data's name, and where it came from."""

    name: str
    source: str
    train: Split
    test: Split
    classes: tuple[str, ...] = DIGITS

    @property
    def is_real(self) -> bool:
        """False for the embedded stand-in."""
        return self.source != "stand-in"

    def __repr__(self) -> str:
        return (f"here: {self.name} from {self.source}, {len(self.train.labels):,} training "
                f"and {len(self.test.labels):,} test images")


def digits(limit: int | None = None) -> Dataset:
    """Handwritten digits, 28 x 28, ink 1 on background 0: MNIST, or the stand-in.

    MNIST: LeCun, Cortes and Burges, 60,000 training and 10,000 test images; the set of
    LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86(11), 1998.
    limit: keep this many training images, the first ones (they come in mixed order).
    Raises ValueError for a limit that is not a positive integer.
    """
    return load("MNIST", "mnist", limit, DIGITS)


def fashion(limit: int | None = None) -> Dataset:
    """Clothes, 28 x 28, in MNIST's format: Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017).

    limit: as in `digits`. The stand-in has digits for clothes: the shapes are the same.
    """
    return load("Fashion-MNIST", "fashion-mnist", limit, CLOTHES)


def usps(limit: int | None = None) -> Dataset:
    """Zip-code digits of US mail, 16 x 16, from -1 (background) to 1: 7,291 and 2,007 images.

    The split of LeCun et al., Neural Computation 1(4), 1989, as published with Hastie,
    Tibshirani and Friedman's Elements of Statistical Learning. limit: as in `digits`.
    """
    check_limit(limit)
    try:
        (train, source), (test, _) = (zip_code(f"usps/zip.{part}.gz") for part in ("train", "test"))
    except Unavailable as problem:
        return stand_in("USPS", problem, limit, DIGITS, size=16)
    return announce(Dataset("USPS", source, first(train, limit), test))


def load(name: str, folder: str, limit: int | None, classes: tuple[str, ...]) -> Dataset:
    """MNIST or a set in its format, or the stand-in at the same shapes."""
    check_limit(limit)
    try:
        train, source = idx_split(folder, "train", limit)
        test, _ = idx_split(folder, "t10k", None)
    except Unavailable as problem:
        return stand_in(name, problem, limit, classes, size=28)
    return announce(Dataset(name, source, train, test, classes))


def idx_split(folder: str, part: str, limit: int | None) -> tuple[Split, str]:
    """Read one pair of IDX files; torchvision's reader gives the same tensors (tested)."""
    images, source = read(f"{folder}/{part}-images-idx3-ubyte.gz")
    labels, _ = read(f"{folder}/{part}-labels-idx1-ubyte.gz")
    pixels, classes = idx(images, header=16).reshape(-1, 1, 28, 28), idx(labels, header=8)
    pixels = torch.from_numpy(pixels[:limit]).float().div_(255)
    return Split(pixels, torch.from_numpy(classes[:limit]).long()), source


def idx(content: bytes, header: int) -> np.ndarray:
    """The bytes of an IDX file after its header of 4 bytes plus 4 a dimension."""
    return np.frombuffer(gzip.decompress(content), np.uint8, offset=header).copy()


def zip_code(path: str) -> tuple[Split, str]:
    """One USPS file: a line holds the digit and 256 grey values."""
    content, source = read(path)
    rows = np.loadtxt(gzip.decompress(content).decode("ascii").splitlines(), dtype=np.float32)
    images = torch.from_numpy(rows[:, 1:]).reshape(-1, 1, 16, 16)
    return Split(images.contiguous(), torch.from_numpy(rows[:, 0]).long()), source


def stand_in(name: str, problem: Exception, limit: int | None, classes: tuple[str, ...],
             size: int) -> Dataset:
    """scikit-learn's 1,797 real handwritten digits (8 x 8, UCI) enlarged to the wanted shape."""
    from sklearn.datasets import load_digits
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().div_(16)[:, None]  # (1797, 1, 8, 8)
    images, labels = enlarge(images, size), torch.from_numpy(bunch.target).long()
    rows = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, test = (Split(images[part], labels[part]) for part in (rows[:1437], rows[1437:]))
    train = first(train, limit)
    here(f"{name} is not reachable ({problem}); standing in: scikit-learn's handwritten digits, "
         f"{len(train.labels):,} training and {len(test.labels):,} test images")
    return Dataset("digits (stand-in)", "stand-in", train, test, classes)


def enlarge(images: Tensor, size: int) -> Tensor:
    """8 x 8 pictures as 28 x 28 in [0, 1] with MNIST's margin of 4, or 16 x 16 in [-1, 1]."""
    if size == 28:
        return F.pad(F.interpolate(images, 20, mode="bilinear"), (4, 4, 4, 4))
    return F.interpolate(images, size, mode="bilinear") * 2 - 1


def first(split: Split, limit: int | None) -> Split:
    """The first `limit` rows of a split; all of them for None."""
    return Split(split.images[:limit], split.labels[:limit])


def check_limit(limit: int | None) -> None:
    """Refuse a limit that is not a positive integer or None."""
    if limit is not None:
        whole("limit, the number of training images to keep,", limit, 1)


def announce(dataset: Dataset) -> Dataset:
    """Print the dataset's line and return it."""
    print(dataset)
    return dataset
