"""The course's texts as plain strings with a training and a test part, wherever they come from."""
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from utils import arguments
from utils.data.pairs import check_codes
from utils.data.sources import Unavailable, read
from utils.say import here

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"–": "-", "—": "-", "−": "-", "×": "x", "·": ".", "“": '"', "”": '"', "‘": "'", "’": "'",
         "…": "...", "≈": "about ", "→": "to", "≤": "<=", "≥": ">="}
# What Markdown adds to the words, and what is left of it; in this order.
MARKUP = [(r"(?s)```.*?```", " "), (r"(?s)<details>.*?</details>", " "), (r"<[^>]*>", " "),
          (r"!\[[^\]]*\]\([^)]*\)", " "), (r"\[([^\]]*)\]\([^)]*\)", r"\1"), (r"\$+[^$]*\$+", " "),
          (r"(?m)^[ >]*(#{1,6}|[-*]|\d+\.) +", ""), (r"(?m)^ *>", ""), (r"(?m)^ *\|.*$", " "),
          (r"[*`]|(?<!\w)_|_(?!\w)", "")]


@dataclass(frozen=True, repr=False)
class Text:
    """A text, its name, and where it came from. The first nine tenths are for training."""

    name: str
    source: str
    text: str

    @property
    def is_real(self) -> bool:
        """False for the stand-in."""
        return self.source != "stand-in"

    @property
    def train(self) -> str:
        """The first 90 % of the characters."""
        return self.text[:len(self.text) * 9 // 10]

    @property
    def test(self) -> str:
        """The last 10 % of the characters."""
        return self.text[len(self.text) * 9 // 10:]

    @cached_property
    def alphabet(self) -> str:
        """Every character of the text once, in the order of their code points."""
        return "".join(sorted(set(self.text)))

    def encode(self, text: str) -> Tensor:
        """The characters as their places in the alphabet, (len(text),) int64.

        Raises ValueError that names the characters which the alphabet does not have.
        """
        arguments.string("text", text)
        places = {letter: place for place, letter in enumerate(self.alphabet)}
        if unknown := sorted(set(text) - set(places)):
            raise ValueError(f"{self.name} has no {' '.join(map(repr, unknown))}.")
        return torch.tensor([places[letter] for letter in text], dtype=torch.int64)

    def decode(self, codes: Tensor) -> str:
        """The text that these places in the alphabet spell; codes: (N,) integers."""
        return "".join(self.alphabet[code] for code in check_codes(codes, len(self.alphabet)))

    def __repr__(self) -> str:
        return (f"here: {self.name} from {self.source}, {len(self.text):,} characters, "
                f"{len(self.alphabet)} different ones")


def shakespeare() -> Text:
    """Tiny Shakespeare, 1,115,394 characters of plays, or the stand-in: the course's own prose.

    The file that came with Karpathy's char-rnn (2015).
    """
    try:
        content, source = read("tinyshakespeare/input.txt")
    except Unavailable as problem:
        return stand_in("Tiny Shakespeare", problem)
    text = Text("Tiny Shakespeare", source, content.decode("ascii"))
    print(text)
    return text


def stand_in(name: str, problem: Exception) -> Text:
    """The course's own prose for a text that no source could give, with a line that says so."""
    text = Text("the course's prose (stand-in)", "stand-in", own_prose())
    here(f"{name} is not reachable ({problem}); standing in: the course's own prose, "
         f"{len(text.text):,} characters, {len(text.alphabet)} different ones")
    return text


def own_prose(root: Path = ROOT) -> str:
    """What README.md and the chapters say, as paragraphs of plain text in one fixed mixed order.

    Mixed, so that the first nine tenths and the rest speak of the same things; by a sum of each paragraph, so
    that a sentence mended in a chapter leaves the others in their places.
    """
    pages = [path.read_text(encoding="utf-8") for path in [root / "README.md"] if path.exists()]
    for path in sorted((root / "chapters").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        pages += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    found = [line for page in pages for line in paragraphs(page)]
    found = set(found)  # what two chapters share counts once
    return "\n\n".join(sorted(found, key=lambda line: hashlib.sha256(line.encode()).digest())) + "\n"


def paragraphs(markdown: str) -> list[str]:
    """The paragraphs of a Markdown text that are prose, without its markup, in plain characters."""
    arguments.string("markdown", markdown)
    for pattern, rest in MARKUP:
        markdown = re.sub(pattern, rest, markdown)
    lines = [" ".join(plain(block).split()) for block in re.split(r"\n\s*\n", markdown)]
    return [line for line in lines if len(line) >= 60]


def plain(text: str) -> str:
    """The text in ASCII: quotation marks and dashes straightened, accents and symbols dropped."""
    text = "".join(PLAIN.get(letter, letter) for letter in arguments.string("text", text))
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
