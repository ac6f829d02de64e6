"""The model card, written from the log of the run and the scores that were measured."""
from statistics import mean, stdev
from textwrap import wrap

from utils.pretraining.corpus import KINDS

TASKS = {"sst2": ("SST-2", "accuracy on the dev set, %"), "conll2003": ("CoNLL-2003", "entity F1 on the test set, %"),
         "wnut17": ("WNUT-17", "entity F1 on the test set, %"),
         "reviews": ("the course's reviews", "accuracy, %"), "entities": ("the course's entities", "entity F1, %")}
WHERE = {"books": "English novels and memoirs, 1811-1923, from mlschmitt/classic-books-markdown",
         "film reviews": "Pang and Lee, polarity v2.0 (2004), text only, without their labels",
         "Wikipedia articles": "WikiText-2, validation and test part (Merity and others, 2016)"}


def text(log: dict, scores: dict) -> str:
    """The whole card as Markdown. log: training_log.json. scores: {task: {kind: {labels: [score]}}}."""
    parts = [head(log), use(), data(log), training(log), results(log), table(scores), limits(log)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def head(log: dict) -> str:
    """Title and what it is."""
    early = "\n\n**An early version: the training was not over when this was written.**"
    return f"""# The course's own BERT

A small BERT of {log['parameters'] / 1e6:.1f} million parameters, pre-trained from nothing by
`python3 -m utils pretrain` for chapter 8 of *From Perceptron to BERT*, in {log['hours']:.2f} hours
(device: {log['device']}; threads: {log['threads']}).
It is a model to learn with: English, cased, at most 128 tokens.{'' if log['finished'] else early}"""


def use() -> str:
    """How it is loaded."""
    return """## Load it

```python
from transformers import AutoTokenizer, BertForMaskedLM
tokenizer = AutoTokenizer.from_pretrained("assets/bert")
model = BertForMaskedLM.from_pretrained("assets/bert")   # or BertForSequenceClassification, ...
```"""


def data(log: dict) -> str:
    """What it read, under which licence."""
    rows = [f"| {kind.name} | {WHERE[kind.name]} | {kind.licence} | {log['tokens_by_kind'][kind.name]:,} "
            f"| {kind.repeats} |" for kind in KINDS if kind.name in log["tokens_by_kind"]]
    top = ["## Data", "", "| text | what | licence | tokens | read |", "|---|---|---|---:|---:|"]
    return "\n".join([*top, *rows, "", f"""\
*read*: how often a text is read while the books are read once. One reading is {log['tokens_a_reading']:,} tokens.
One document in a hundred is held out. None of the text is in this repository; `assets/sources.json` names every file
with its checksum. No test set of the course was read: neither SST-2 nor the sentences of Pang and Lee's
sentence polarity, which are SST-2's own, nor any set of tagged names. A share of SST-2's sentences may still be quoted
in the full reviews, for both were written by film critics; their labels were not read.
Half of the documents were put in lower case, so that names (which need capitals) and SST-2
(which has none) both find what they need."""])


def training(log: dict) -> str:
    """The recipe, and where it is not the paper's."""
    start = "Word embeddings start from random numbers, as in the paper."
    if log["vectors"]:
        start = ("Word embeddings start from co-occurrence counts of the same text (positive pointwise mutual\n"
                 "  information within 5 tokens, reduced by its largest singular values), which the paper did not do.")
    notes = "\n  ".join(wrap(log["notes"], 108))
    notes = f"- {notes}\n" if notes else ""
    return f"""## Training

- Masked words (15 %, of them 80 % hidden, 10 % swapped, 10 % kept) and next passage (half of the pairs), as in Devlin
  et al. (2018); {log['pieces']:,} WordPieces, cased, trained on the same text.
- {log['steps']:,} steps, {log['tokens']:,} tokens seen, in
  sequences of {log['length']} tokens, without padding, {log['batch'] * log['length']:,} tokens a step. In the
  second half every fourth step has sequences of {log['long']} tokens, which the paper kept for the last tenth.
- In the second half, reviews and articles are read {log['near']} times more often still. The other passage of a false
  pair is from another document of the same kind.
{notes}- AdamW, peak rate {log['rate']:g}, warm-up over a twentieth, linear decay, weight decay
  {log['decay']:g} but none on biases and LayerNorm, gradients clipped at 1; no dropout, for each passage is
  read a few times only.
- {start}
- The paper's base net took 1,000,000 steps of 256 sequences, up to 512 tokens long, on 16 TPU chips in four days."""


def results(log: dict) -> str:
    """The loss curve in figures, on held-out documents."""
    losses, words, pairs = (log[f"held_out_{name}"] for name in ("mlm", "words_right", "pairs_right"))
    if not losses:
        return ""
    places = sorted({round(part * (len(losses) - 1)) for part in (0, 0.05, 0.1, 0.25, 0.5, 0.75, 1)})
    rows = [f"| {(at + 1) * log['chunk']:,} | {losses[at]:.3f} | {100 * words[at]:.1f} | {100 * pairs[at]:.1f} |"
            for at in places]
    return "\n".join(["## On documents that were held out", "",
                      "| step | loss of the masked words | masked words right, % | pairs right, % |",
                      "|---:|---:|---:|---:|", *rows, "",
                      f"Guessing the most frequent piece every time gets {100 * log['unigram_words_right']:.1f} % of "
                      "the words right. The whole curve is in `training_log.json`."])


def table(scores: dict) -> str:
    """Fine-tuned scores with spreads, pre-trained beside random."""
    rows = []
    for task, kinds in scores.items():
        both = [kinds.get(kind, {}) for kind in ("pretrained", "random")]
        for labels in sorted({n for kind in both for n in kind}, key=int):
            first = kinds.get("settings", {}).get(labels, {}).get("test")
            part = f" (its first {first} sentences)" if first else ""
            cells = [cell(kind.get(labels)) for kind in both]
            rows.append(f"| {TASKS[task][0]}, {TASKS[task][1]}{part} | {int(labels):,} | {' | '.join(cells)} |")
    if not rows:
        return "## Fine-tuned\n\nNot measured yet for this version: `python -m tests.benchmarks.bert` does it."
    return "\n".join(["## Fine-tuned", "",
                      "Mean and standard deviation over seeds (in brackets: how many), with the same data and",
                      "epochs for both, by `python -m tests.benchmarks.bert`. A dash: not measured yet.",
                      *settings(scores), "",
                      "| task | labels | this model | the same net from random numbers |",
                      "|---|---:|---:|---:|", *rows, *picture(scores)])


def settings(scores: dict) -> list[str]:
    """How the nets of each row were fine-tuned, where it was kept."""
    said = [f"{TASKS[task][0]}, {int(labels):,} labels: rate {own['rate']:g}, {own['epochs']} "
            f"{'epoch' if own['epochs'] == 1 else 'epochs'}, {own['steps']} steps at least"
            f"{', batches of about one length' if own.get('by_length') else ''}."
            for task, kinds in scores.items()
            for labels, own in sorted(kinds.get("settings", {}).items(), key=lambda item: int(item[0]))]
    why = "The rate was chosen by trials on the dev set of SST-2, which is scored here; both nets have the same."
    return [*said, why] if said else []


def counts(scores: dict) -> list[int]:
    """The numbers of labels for which SST-2 was scored with both nets."""
    both = [set(scores.get("sst2", {}).get(kind, {})) for kind in ("pretrained", "random")]
    return sorted(map(int, both[0] & both[1]))


def picture(scores: dict) -> list[str]:
    """The figure of score against labels, where there are two numbers of labels or more."""
    if len(counts(scores)) < 2:
        return []
    return ["", f"![Accuracy on SST-2 against the number of labels, for {', '.join(f'{n:,}' for n in counts(scores))} "
                "labels: this model above the same net from random numbers.](scores.png)", "",
            "*Bars: one standard deviation over the seeds.*"]


def cell(values: list[float] | None) -> str:
    """The mean, the spread and the number of runs: 71.3 ± 0.9 (5)."""
    if not values:
        return "-"
    return f"{mean(values):.1f} ± {stdev(values):.1f} ({len(values)})" if len(values) > 1 else f"{values[0]:.1f} (1)"


def limits(log: dict) -> str:
    """What it cannot do."""
    return f"""## Limits

- It has seen {log['tokens'] / 1e6:.0f} million tokens. What it knows of the world comes from old novels, some film
  reviews and 120 articles: no fact reliably, and few words that came up in this century.
- Its text carries the prejudices of its time, against peoples, classes and women among others, and so may its guesses.
- English in plain ASCII only; other characters become [UNK].
- At its best up to {log['length']} tokens: it has read fewer of the longer sequences, and none above {log['long']}.
- For learning, not for use: on a GPU the same command reads far more text in the same time."""
