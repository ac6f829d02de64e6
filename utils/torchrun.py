"""`torchrun --nproc-per-node N -m utils run 08`: a chapter in several processes that share its trainings.

How such processes begin and end: the first alone prints, and all end with one exit code. `replicas.chapters` is
what they do in between. A process that fails ends; torchrun then ends the others, or, with --max-restarts, starts
all again, and trainings with a checkpoint go on from there.
"""
import contextlib
import functools
import os
import sys
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from utils.install import Trouble

GRACE = 5.0  # seconds that a failed process waits for the others, so that they end alike
LONG = 24 * 3600.0  # seconds that a process waits that has done all its work


def as_one(work: Callable[[], int]) -> None:
    """Do the work of one of torchrun's processes and end it, with the same exit code as the others.

    The output of all but the first is thrown away. An error of this process alone is told on its own.
    """
    rank, voice, why = int(os.environ["RANK"]), os.dup(2), ""
    if rank:
        hush()
    try:
        code = work()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException as error:
        code, why = 1, f"process {rank}: {type(error).__name__}: {error}\n"
        if not rank:
            sys.excepthook(*sys.exc_info())
    leave(code, voice, why)


def hush() -> None:
    """Throw away what this process, and programs that it starts, print."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def leave(code: int, voice: int, why: str) -> None:
    """End this process when the others end, all with the highest of their codes."""
    import torch.distributed as dist
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    try:
        store, rank, world = meeting()
        store.set(f"left {rank}", str(code))
        names = [f"left {other}" for other in range(world)]
        store.wait(names, timedelta(seconds=GRACE if code else LONG))
        codes = [int(store.get(name)) for name in names]
        store.add("read", 1)
        until = time.monotonic() + GRACE  # whoever keeps the store goes last
        while rank == 0 and store.add("read", 0) < world and time.monotonic() < until:
            time.sleep(0.01)
        code = max(codes)
    except (RuntimeError, ValueError):  # the others are still at work, or gone: torchrun ends them
        code = code or 1
        os.write(voice, why.encode())
    if dist.is_initialized() and not code:
        dist.destroy_process_group()
    os._exit(code)  # at once: a process that is seen to end late is ended by force


@functools.cache
def meeting() -> tuple[Any, int, int]:
    """(store, rank, processes): what torchrun's processes have in common before they form a group."""
    import torch.distributed as dist
    store, rank, world = next(iter(dist.rendezvous("env://")))
    return dist.PrefixStore(this_start(store, rank, world), store), rank, world


def this_start(store: Any, rank: int, world: int) -> str:
    """A name that the processes of this start alone know, made by the first.

    torchrun keeps one store through all its restarts, so it still holds the addresses of processes that are
    gone. Each process asks under a name of its own, which only a living first process can answer.
    """
    own = uuid.uuid4().hex
    if rank:
        store.set(f"asks {rank}", own)
        name = store.get(f"answer to {own}").decode()  # waits for it
        store.add(f"heard of {name}", 1)
        return name
    while store.add(f"heard of {own}", 0) < world - 1:
        for other in range(1, world):
            if store.check([f"asks {other}"]):
                store.set(f"answer to {store.get(f'asks {other}').decode()}", own)
        time.sleep(0.02)
    return own


def form_group() -> tuple[int, int]:
    """Form the group of torch.distributed; (rank, processes). Raises Trouble where there are fewer GPUs."""
    import torch
    import torch.distributed as dist

    from utils.device import lab
    store, rank, world = meeting()
    place = int(os.environ.get("LOCAL_RANK", rank))
    if lab.device.type == "mps":  # neither gloo nor nccl can send from it
        os.environ["COURSE_DEVICE"] = "cpu"
    if lab.device.type == "cuda":
        if place >= torch.cuda.device_count():
            raise Trouble(f"This machine has {torch.cuda.device_count()} GPUs: start as many processes with "
                          "--nproc-per-node, or set COURSE_DEVICE=cpu.")
        torch.cuda.set_device(place)
    backend = "nccl" if lab.device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=dist.PrefixStore("group", store), rank=rank, world_size=world)
    return rank, world
