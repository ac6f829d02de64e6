"""The page of tests.benchmarks.scale: its words, and what it computes from the bytes that were measured."""
import json

MARK = "<!-- measured: "
LINKS = {"NVLink (within a machine)": 300e9, "PCIe 4.0 x16 (within a machine)": 25e9,
         "InfiniBand 400 Gbit/s": 400e9 / 8, "Ethernet or InfiniBand 100 Gbit/s": 100e9 / 8,
         "Ethernet 25 Gbit/s": 25e9 / 8}  # bytes a second, each way
SPEED = 312e12 * 0.4  # an A100's peak in bf16, of which training is assumed to reach 40 percent
DELAY = 10e-6  # seconds until a message arrives, however short
LEAST = 0.003  # seconds: below this a GPU waits for Python to start its kernels
ROWS = {"LeNet-5": (64, 1), "the course's BERT": (32, 128), "bert-base": (32, 128)}  # rows a GPU, places a row
TEXT = """\
<!-- written by python -m tests.benchmarks.scale --write; change that, not this -->
# Beyond one machine

```sh
torchrun --standalone --nproc-per-node 8 -m utils run 08 --tier full      # eight GPUs of one machine
torchrun --nnodes 4 --nproc-per-node 8 --rdzv-backend c10d --rdzv-id bert --rdzv-endpoint HOST:29500 \\
    --max-restarts 3 -m utils run 08 --tier full                          # the same line on each of four machines
```

HOST is one of the machines, which all others reach on that port. Each machine needs the course in the same version,
the data (`COURSE_DATA`, or the cache) and the Python that has the packages; files that a chapter goes on from,
`checkpoint=` of `fit` and `--states FOLDER`, must be on a disk that all of them see, for the first process writes them
and all read them. `--max-restarts` starts all processes again when one is lost: the chapter begins anew, a training
with `checkpoint=` goes on where its file is, and with `--states FOLDER` trainings that had ended are loaded.

Each process has the whole model, takes its share of the rows of every batch and averages gradients and numbers with
the others, weighted by rows. The batch stays what the chapter says, so the loss curve is that of one process, but for
dropout and noise, which each process draws for itself. More processes therefore mean fewer rows for each: they pay
only where a batch is large. What cannot be shared so (batch normalisation, weights changed by hand, a loss that is no
mean over rows) is found by a rehearsal of the first batch and done whole in each process; a `here:` line says so.
Testing, pictures and everything outside of `fit` are done by every process, and are not faster.

## Measured

On {cores} shared CPU cores with one thread a process, torch {torch}, gloo; medians of {steps}. Two processes have half
of the rows each. The milliseconds are of a busy machine and say little; the bytes are exact.

| model | parameters | rows a step | processes | bytes averaged a step | milliseconds a step |
|---|---:|---:|---:|---:|---:|
{measured}

The bytes are four for each parameter that trains, and a few for the numbers that the step returns.

## What to expect at 8 GPUs and at several nodes: computed, not measured

**Nothing here was run on several GPUs or several machines.** The bytes are those measured above; for bert-base
({base} parameters, counted) they are computed by the same bytes for each parameter. The rest are assumptions:

- A ring sums V bytes of N processes in 2 (N - 1) messages of V / N bytes, one after another: 2 (N - 1) / N * V / B
  seconds, B the bandwidth of its slowest link, and a delay of {delay} microseconds for each message.
{links}
- A step on one GPU takes 6 operations for each parameter and place, at {speed} TFLOP/s (40 % of an A100's peak in
  bf16), and at least {least} ms. Each GPU has 32 rows of 128 places, LeNet-5 64 pictures: the batch grows with the
  GPUs.
- Gradients are sent when the backward pass is done, and nothing is hidden behind it: efficiency is computing /
  (computing + sending), and a speed-up is GPUs * efficiency, in rows a second against one GPU.
- Several machines have 8 GPUs each, and one link of the given kind for each GPU. With one link for the machine,
  a ring through all GPUs still crosses it once in each direction, so the numbers stay.

| model | MB a step | slowest link | GPUs | computing, ms | sending, ms | efficiency | speed-up |
|---|---:|---|---:|---:|---:|---:|---:|
{expected}

{kept}
"""


def ring(processes: int, volume: float, bandwidth: float) -> float:
    """Seconds in which a ring of processes sums `volume` bytes, each link `bandwidth` bytes a second.

    Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations (2009).
    """
    return 2 * (processes - 1) * (volume / processes / bandwidth + DELAY)


def computing(parameters: int, name: str) -> float:
    """Assumed seconds of a GPU for a step: 6 operations for each parameter and place, or Python's own time."""
    rows, places = ROWS[name]
    return max(6 * parameters * rows * places / SPEED, LEAST)


def expected(rows: list[dict], base: int) -> list[str]:
    """The table of what to expect: a line for each model, number of GPUs and link."""
    two = {row["model"]: row for row in rows if row["processes"] == 2}
    share = two["the course's BERT"]["bytes"] / two["the course's BERT"]["parameters"]
    models = {name: (row["parameters"], row["bytes"]) for name, row in two.items()}
    models["bert-base"] = base, base * share
    lines = []
    for name, (parameters, volume) in models.items():
        step = computing(parameters, name)
        for link, bandwidth in LINKS.items():
            cells = []
            for gpus in (8,) if "within" in link else (16, 64):
                sending = ring(gpus, volume, bandwidth)
                part = step / (step + sending)
                cells.append(f"{gpus} | {1000 * step:.1f} | {1000 * sending:.2f} | {100 * part:.0f} % | "
                             f"{gpus * part:.1f}")
            lines += [f"| {name} | {volume / 1e6:.2f} | {link} | {cell} |" for cell in cells]
    return lines


def page(kept: dict) -> str:
    """The text of tests/scale.md for what was measured."""
    rows = [f"| {row['model']} | {row['parameters']:,} | {row['rows']} | {row['processes']} | {row['bytes']:,} | "
            f"{row['milliseconds']:.2f} |" for row in kept["rows"]]
    links = [f"- {name}: {bandwidth / 1e9:g} GB/s each way" for name, bandwidth in LINKS.items()]
    parts = {"measured": "\n".join(rows), "expected": "\n".join(expected(kept["rows"], kept["base"])),
             "links": "\n".join(links), "kept": f"{MARK}{json.dumps(kept)} -->", "speed": f"{SPEED / 1e12:.0f}",
             "least": f"{1000 * LEAST:.0f}", "delay": f"{1e6 * DELAY:.0f}", "base": f"{kept['base']:,}",
             "cores": str(kept["cores"]), "torch": kept["torch"],
             "steps": f"{kept['rounds']} rounds of {kept['steps']} steps"}
    text = TEXT
    for name, part in parts.items():
        text = text.replace("{" + name + "}", part)
    return text


def kept_in(text: str) -> dict:
    """What was measured, out of such a page."""
    line = next(line for line in text.splitlines() if line.startswith(MARK))
    return json.loads(line.removeprefix(MARK).removesuffix(" -->"))
