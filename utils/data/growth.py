"""How models grew, 1950 to 2025: Epoch AI's table of notable models, or the course's summary of it."""
import csv
import datetime
import io
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from utils import arguments
from utils.data.sources import Unavailable, read
from utils.say import here

SUMMARY = Path(__file__).resolve().parents[2] / "assets" / "growth.csv"
PATH = "epoch/notable_ai_models.csv"
CREDIT = "Epoch AI, \"Data on AI Models\", https://epoch.ai/data/ai-models, CC BY 4.0, as of 2 December 2025"
MEASURES = ("parameters", "compute")
# the models of this course's chapters, kept in the summary whether or not they were a year's largest
KEPT = ("Perceptron Mark I", "MLP with back-propagation", "LSTM", "LeNet-5", "AlexNet", "Transformer", "GPT-1",
        "BERT-Large", "GPT-2 (1.5B)", "GPT-3 175B (davinci)", "Gopher (280B)", "Chinchilla", "GPT-4")


class Model(NamedTuple):
    """One model. year: its date as a number of years. parameters, compute (operations): None if unknown."""

    name: str
    year: float
    parameters: float | None
    compute: float | None


@dataclass(frozen=True, repr=False)
class Growth:
    """Models in the order of their dates, the table's name, and where it came from."""

    name: str
    source: str
    models: list[Model]

    @property
    def is_real(self) -> bool:
        """False for the summary."""
        return self.source != "stand-in"

    def __repr__(self) -> str:
        return f"here: {self.name} from {self.source}, {len(self.models)} models"


def growth() -> Growth:
    """Notable models with their parameters and training compute: Epoch AI's table, or a summary of it.

    The summary holds, for each year, the model of the most parameters and that of the most compute,
    and the models of this course: the same facts, fewer of them.
    """
    try:
        content, source = read(PATH)
    except Unavailable as problem:
        found = Growth("Epoch AI's table (summary)", "stand-in", models(SUMMARY.read_text(encoding="utf-8")))
        here(f"Epoch AI's table is not reachable ({problem}); standing in: the course's summary, "
             f"{len(found.models)} models")
        return found
    found = Growth("Epoch AI's table of notable models", source, models(content.decode("utf-8")))
    print(found)
    return found


def models(text: str) -> list[Model]:
    """The dated rows of a table in Epoch AI's columns; lines that begin with # are remarks.

    Raises ValueError for a text without these columns.
    """
    if "Model," not in arguments.string("text", text):
        raise ValueError("text is a table with the columns Model, Publication date, Parameters and so on.")
    text = text[text.index("Model,"):]
    rows = [row for row in csv.DictReader(io.StringIO(text, newline="")) if row["Publication date"]]
    found = [Model(row["Model"], years(row["Publication date"]), number(row["Parameters"]),
                   number(row["Training compute (FLOP)"])) for row in rows]
    return sorted(found, key=lambda model: (model.year, model.name))


def years(date: str) -> float:
    """"2018-10-11" as 2018.775. Raises ValueError for another form."""
    try:
        day = datetime.date.fromisoformat(arguments.string("date", date))
    except ValueError as error:
        raise ValueError(f"date is year, month and day, such as 2018-10-11, not {date!r}.") from error
    first, last = datetime.date(day.year, 1, 1), datetime.date(day.year + 1, 1, 1)
    return day.year + (day - first).days / (last - first).days


def number(text: str) -> float | None:
    """A cell as a number, None where it is empty."""
    return float(text) if text else None


def largest(found: list[Model], of: str) -> list[Model]:
    """For each year the model with the most "parameters" or "compute", in the order of years.

    Raises ValueError for another measure.
    """
    arguments.one_of("of", of, MEASURES)
    best: dict[int, Model] = {}
    for model in arguments.several("found", found, Model, "models, such as growth().models"):
        value, year = getattr(model, of), int(model.year)
        if value and (year not in best or value > getattr(best[year], of)):
            best[year] = model
    return [best[year] for year in sorted(best)]


def summary(text: str) -> str:
    """The text of assets/growth.csv, made from the whole table: credit, heading, and the chosen rows."""
    everything = models(text)
    chosen = {model.name for of in MEASURES for model in largest(everything, of)} | set(KEPT)
    columns = ["Model", "Publication date", "Parameters", "Training compute (FLOP)"]
    rows = [row for row in csv.DictReader(io.StringIO(text, newline=""))
            if row["Model"] in chosen and (row["Parameters"] or row["Training compute (FLOP)"])]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["Publication date"], row["Model"])))
    return f"# {CREDIT}. A choice of rows and columns.\n{out.getvalue()}"
