"""What a pre-training run is to do; kept beside its checkpoint."""
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from utils.arguments import one_of, real, whole
from utils.pretraining.model import SIZES

MINUTES = 90.0  # of a run that is told neither minutes nor steps


@dataclass
class Plan:
    """How to train. Of steps and minutes one is given, the other is None.

    Steps are rounded up to whole chunks. Raises ValueError for a plan that nothing can be trained by.
    """

    size: str = "small"
    steps: int | None = None
    minutes: float | None = None
    length: int = 48  # tokens of a sequence, as the paper's 128
    long: int = 128  # and of every fourth batch in the second half, as its 512 for the last tenth
    batch: int = 32  # sequences of a step at the short length; fewer at the long one, with as many tokens
    rate: float = 1e-3
    decay: float = 0.01
    chunk: int = 200  # steps between two looks at the validation documents
    checks: int = 16  # validation batches
    seed: int = 0
    vectors: bool = True  # start the word embeddings from co-occurrence counts
    near: int = 4  # in the second half, reviews and articles are read so many times more often
    notes: str = ""  # what the card should say beside all this

    def __post_init__(self) -> None:
        one_of("size", self.size, SIZES)
        for name in ("steps", "batch", "seed", "length", "long", "chunk", "checks", "near"):
            if name != "steps" or self.steps is not None:
                setattr(self, name, whole(name, getattr(self, name)))
        for name in ("minutes", "rate", "decay"):
            if name != "minutes" or self.minutes is not None:
                setattr(self, name, real(name, getattr(self, name)))
        if self.steps is None and self.minutes is None:
            self.minutes = MINUTES
        if any(value is not None and value <= 0 for value in (self.steps, self.minutes, self.batch, self.rate)):
            raise ValueError(f"Steps, minutes, batch and rate are above zero; this is {self}.")
        if self.steps:
            self.chunk = min(self.chunk, self.steps)
            self.steps = -(-self.steps // self.chunk) * self.chunk

    def save(self, checkpoint: Path) -> None:
        """Write the plan beside the checkpoint."""
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        beside(checkpoint).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def load_plan(checkpoint: Path, steps: int | None = None, minutes: float | None = None) -> Plan:
    """The plan of a checkpoint, with another length where steps or minutes is given.

    Raises ValueError where there is no checkpoint to go on from.
    """
    if not checkpoint.exists() or not beside(checkpoint).exists():
        raise ValueError(f"There is no checkpoint {checkpoint.name} to go on from; leave out --resume.")
    kept = json.loads(beside(checkpoint).read_text(encoding="utf-8"))
    if steps or minutes:
        kept.update(steps=steps, minutes=minutes)
    return Plan(**kept)


def beside(checkpoint: Path) -> Path:
    """The file of a checkpoint's plan."""
    return checkpoint.with_suffix(".json")
