"""What `fit` and `evaluate` of utils.training refuse, with a sentence, before anything is changed."""
from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from utils.arguments import dense, shown, whole


def check(model: Any, batches: Iterable, step: Callable, epochs: int) -> None:
    """Refuse what cannot be trained with, before anything is changed."""
    if model is not None and isinstance(model, type):
        raise TypeError(f"fit() expects a model, not the class {model.__name__}: write {model.__name__}().")
    if not callable(step):
        raise TypeError(f"fit() expects step to be a function of one batch, not {type(step).__name__}.")
    if not hasattr(batches, "__len__") or not hasattr(batches, "__iter__") or hasattr(batches, "ndim") \
            or isinstance(batches, str | bytes | dict | set):
        raise TypeError("fit() expects batches with a length that can be walked again and again, for "
                        f"example Batches(train, 64) or a list; it got {type(batches).__name__}.")
    if len(batches) == 0:
        raise ValueError("fit() got no batches.")
    whole("epochs", epochs, 1)


def check_model(model: Callable) -> None:
    """Refuse what gives no logits. Raises TypeError."""
    if not callable(model) or isinstance(model, type):
        raise TypeError(f"evaluate() expects model as a module or a function of images, not {shown(model)}.")


def check_split(split: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The images and the labels of a split. Raises TypeError or ValueError for what is none."""
    if not isinstance(split, tuple | list) or len(split) != 2 or not all(isinstance(part, Tensor) for part in split):
        raise TypeError(f"split is two tensors, images (N, ...) and labels (N,), not {shown(split)}.")
    images, labels = (dense("split", part) for part in split)
    if labels.ndim != 1 or not len(labels) or images.shape[:1] != labels.shape:
        raise ValueError("split is images (N, ...) and labels (N,), N of 1 or more; these have the shapes "
                         f"{tuple(images.shape)} and {tuple(labels.shape)}.")
    return images, labels


def check_logits(logits: Tensor, rows: Tensor) -> None:
    """Refuse logits that are not one row of class scores an image."""
    if logits.ndim != 2 or len(logits) != len(rows) or logits.shape[1] < 2:
        raise ValueError(f"evaluate() expects logits of shape ({len(rows)}, classes); the model gave "
                         f"{tuple(logits.shape)}.")
