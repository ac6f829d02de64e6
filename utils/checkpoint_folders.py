"""Load a network of BERT's family from a folder or by its name, or say why not."""
import json
from pathlib import Path
from typing import Any

from utils.arguments import flag, instance, shown
from utils.checkup import answers
from utils.data.sources import offline

COURSE_BERT = Path(__file__).resolve().parents[1] / "assets" / "bert"  # pre-trained by this course
FAMILY = ("bert", "distilbert", "roberta", "albert", "electra")
TASKS = {"fill": "AutoModelForMaskedLM", "pretrain": "AutoModelForPreTraining", "features": "AutoModel",
         "sentences": "AutoModelForSequenceClassification", "words": "AutoModelForTokenClassification"}
NEEDED = {"config.json": ("config.json",), "the vocabulary": ("tokenizer.json", "vocab.txt", "vocab.json"),
          "the weights": ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")}
HUB, PADDING = "https://huggingface.co", 128  # an embedding may have so many rows too many, for speed


class NoCheckpoint(OSError):
    """A checkpoint that cannot be loaded; the message says what is wrong and with which folder."""


def quiet() -> None:
    """Keep transformers from drawing progress bars and listing new weights: load_bert checks them itself."""
    from transformers import logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load_bert(name: str | Path, task: str = "fill", download: bool = True, **options: Any) -> tuple[Any, Any]:
    """The network, in eval mode, and its tokenizer, from a folder or under its name on the hub.

    name: a folder with config.json, vocabulary and weights as `save_pretrained` writes them, cased
        or uncased; or a name such as "bert-base-uncased".
    task: "fill" blanks, "pretrain", "features", "sentences" and "words" to classify (with a new last layer).
    download: False, or COURSE_OFFLINE, or no network: a name is looked for in the hub's cache only.
    options: for transformers, for example num_labels=2.
    Raises NoCheckpoint for what is missing or does not fit; ValueError for another task.
    """
    instance("name", name, str | Path, "a folder or a name in quotation marks")
    flag("download", download)
    if not isinstance(task, str) or task not in TASKS:
        raise ValueError(f"task is one of {', '.join(TASKS)}, not {shown(task)}.")
    if is_folder := isinstance(name, Path) or is_a_folder(name) or len(Path(name).parts) > 2:
        check_folder(Path(name))
    import transformers
    quiet()
    here_only = {"local_files_only": is_folder or not download or offline() or not answers(HUB)}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **here_only)
        config = transformers.AutoConfig.from_pretrained(name, **here_only)
        check_fit(name, config.model_type, len(tokenizer), config.vocab_size)
        kind = getattr(transformers, TASKS[task])
        model, report = kind.from_pretrained(name, **here_only, output_loading_info=True, **options)
    except Exception as error:  # transformers, the hub, httpx and safetensors each have their own
        if isinstance(error, NoCheckpoint):
            raise
        raise NoCheckpoint(f"{name} could not be loaded: {first_sentence(error)}") from error
    check_report(name, model, report)
    return model.eval(), tokenizer


def is_a_folder(name: str) -> bool:
    """Whether a name is that of a folder here; a name that no folder can have is none."""
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # too long, or with a character that no name has
        return False


def check_folder(folder: Path) -> None:
    """Refuse a folder in which a part is missing, or whose network is of another family."""
    if not folder.is_dir():
        raise NoCheckpoint(f"There is no folder {folder}.")
    if missing := [what for what, files in NEEDED.items() if not any((folder / file).is_file() for file in files)]:
        raise NoCheckpoint(f"{folder} lacks {' and '.join(missing)}. A checkpoint folder holds config.json, "
                           "tokenizer.json or vocab.txt, and model.safetensors.")
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except ValueError as error:
        raise NoCheckpoint(f"{folder / 'config.json'} is no JSON: {error}.") from error
    check_kind(folder, kind)


def check_kind(name: str | Path, kind: str | None) -> None:
    """Refuse an architecture that is not of BERT's family."""
    if kind not in FAMILY:
        raise NoCheckpoint(f"{name} holds a network of type {kind!r}; this course loads {', '.join(FAMILY)}.")


def check_fit(name: str | Path, kind: str, pieces: int, rows: int) -> None:
    """Refuse another family, and a vocabulary that does not belong to the network."""
    check_kind(name, kind)
    if not 0 <= rows - pieces < PADDING:
        raise NoCheckpoint(f"The vocabulary of {name} has {pieces:,} pieces and its network {rows:,} embeddings: "
                           "they are of two checkpoints (a cased and an uncased one?).")


def check_report(name: str | Path, model: Any, report: dict) -> None:
    """Refuse weights that leave a part of the encoder as it was before training."""
    encoder = f"{model.base_model_prefix}."
    missing = [key for key in report["missing_keys"] if key.startswith(encoder) and "pooler" not in key]
    if wrong := missing or list(report.get("mismatched_keys", ())):
        raise NoCheckpoint(f"The weights of {name} do not fit its config.json: {len(wrong)} tensors of the encoder "
                           f"are missing or of another shape, for example {wrong[0]}.")


def first_sentence(error: Exception) -> str:
    """The beginning of its message on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 240 else text[:240].rsplit(" ", 1)[0] + " ..."
