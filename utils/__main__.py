"""The one command: set the course up, open it, test it, run it.

    python3 -m utils lab             set up if needed, open the course in JupyterLab
    python3 -m utils test            set up if needed, run every test and every chapter
    python3 -m utils run [01 ...]    run chapters without a screen, print paper / reference / this run
    torchrun ... -m utils run 08     the same in several processes that share the batches
    python3 -m utils progress        exercises solved, claims reproduced, questions answered, by chapter
    python3 -m utils pretrain        pre-train the small BERT of chapter 8, with --minutes or --steps
    python3 -m utils doctor          what this machine has, what is wrong, and how to mend it
    python3 -m utils kit FOLDER      what a room needs: data, with --wheels the packages; --serve shares it
    python3 -m utils handout FOLDER  copies for a class: learners', the instructor's with answers, slides
    python3 -m utils address OWNER/REPO   write a fork's address into badges and first cells

lab, test and run install into the folder .venv beside this one: about 3 GB are downloaded and 7 GB
used on Linux, where torch brings CUDA, and about 1 GB and 2 GB elsewhere or with --cpu.
"""
# Only the standard library, and no syntax newer than Python 3.7 in this file: an old Python must
# get as far as the sentence that says what is missing.
import argparse
import os
import sys

NEEDED = (3, 11)


def parser() -> argparse.ArgumentParser:
    """The command line: one subcommand each, with the options that choose what is installed."""
    whole = argparse.ArgumentParser(prog="python3 -m utils", description=__doc__, allow_abbrev=False,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = whole.add_subparsers(dest="what", metavar="COMMAND", required=True)
    for name, text in (("lab", "open the course; further options go to JupyterLab, e.g. --no-browser"),
                       ("test", "run the tests; further options go to pytest, e.g. -k environment"),
                       ("run", "run chapters without a screen"),
                       ("pretrain", "pre-train a small BERT on public-domain books and film reviews")):
        part = parts.add_parser(name, help=text, description=text, allow_abbrev=False)
        installing(part)
    running(parts.choices["run"])
    pretraining(parts.choices["pretrain"])
    forget = parts.add_parser("progress", help="what you have done so far, kept on this machine alone")
    forget.add_argument("--forget", action="store_true", help="delete the file it is kept in")
    parts.add_parser("doctor", help="what this machine has, what is wrong, and how to mend it")
    sharing(parts.add_parser("kit", help="download what a room needs into a folder, or share such a folder"))
    handing(parts.add_parser("handout", help="copies of the chapters for a class"))
    parts.add_parser("address", help="the repository's address, for a fork").add_argument("repository")
    return whole


def installing(part: argparse.ArgumentParser) -> None:
    """The options that say what to install, and from where."""
    part.add_argument("--here", action="store_true",
                      help="install nothing: use this Python (conda, Colab, your own environment)")
    part.add_argument("--cpu", action="store_true",
                      help="on Linux: torch without CUDA, from PyTorch's own index (2 GB instead of 7)")
    part.add_argument("--offline", metavar="FOLDER",
                      help="install from a folder filled by `kit --wheels`, or from the address that `--serve` prints")


def sharing(part: argparse.ArgumentParser) -> None:
    """The options of `kit`."""
    part.add_argument("folder", help="where the kit is, or will be")
    part.add_argument("--chapters", nargs="+", default=[], metavar="NN", help="numbers (01); all when left out")
    part.add_argument("--books", action="store_true", help="also the texts that `pretrain` reads")
    part.add_argument("--wheels", action="store_true",
                      help="also the packages for `--offline FOLDER`, for this kind of system and Python")
    part.add_argument("--checkpoints", action="store_true", help="also the larger BERT of chapter 8's full tier")
    part.add_argument("--serve", action="store_true", help="download nothing: share the folder, read-only")
    part.add_argument("--host", default="0.0.0.0", help="with --serve: the address to listen on (all)")
    part.add_argument("--port", type=int, default=8765, help="with --serve: the port (8765)")


def handing(part: argparse.ArgumentParser) -> None:
    """The options of `handout`."""
    part.add_argument("folder", help="where the copies go")
    part.add_argument("--chapters", nargs="+", default=[], metavar="NN", help="numbers (01); all when left out")
    part.add_argument("--closed", action="store_true", help="solution() shows nothing in the learners' copies")
    part.add_argument("--slides", action="store_true", help="also slides, to open in a browser")
    part.add_argument("--modules", default="", metavar="FOLDER", help="for slides without a network: the folder "
                      "node_modules after `npm install reveal.js@4 requirejs jquery mathjax@2`")


def running(part: argparse.ArgumentParser) -> None:
    """The options of `run`."""
    part.add_argument("chapters", nargs="*", help="numbers (01), names or files; all when left out")
    part.add_argument("--tier", choices=("quick", "full"), help="default: full with a CUDA GPU, else quick")
    part.add_argument("--jobs", type=int, default=1, metavar="N", help="chapters at a time (1)")
    part.add_argument("--seeds", type=int, default=1, metavar="N",
                      help="run each chapter N times with other random numbers, values pooled (1)")
    part.add_argument("--record", action="store_true", help="keep the results as this course's reference")
    part.add_argument("--results", metavar="FILE", help="add every measured value to FILE, as it comes")
    part.add_argument("--from", dest="source", metavar="FILE",
                      help="run nothing: take the values from such a FILE, for the table or for --record")
    part.add_argument("--states", metavar="FOLDER",
                      help="keep each training's end in FOLDER, for COURSE_STATES to load; what is there is loaded")
    part.add_argument("--save", action="store_true", help="write the outputs into the notebooks")
    part.add_argument("--html", metavar="FOLDER", help="write each chapter as a page")


def pretraining(part: argparse.ArgumentParser) -> None:
    """The options of `pretrain`."""
    length = part.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, metavar="M", help="train for so long, resumed time included (90)")
    length.add_argument("--steps", type=int, metavar="N", help="train for so many steps instead")
    part.add_argument("--size", default="small", choices=("tiny", "small", "medium", "large", "base"),
                      help="tiny 2 layers of 128, small 2 x 256, medium 4 x 256, large 6 x 384, base 12 x 768")
    part.add_argument("--batch", type=int, default=32, metavar="N", help="sequences a step (32); more on a GPU")
    part.add_argument("--rate", type=float, default=1e-3, metavar="R", help="peak learning rate (0.001)")
    part.add_argument("--seed", type=int, default=0, metavar="N", help="of the weights and of the order (0)")
    part.add_argument("--out", metavar="FOLDER", default="my-bert",
                      help="where the model goes, seen from the course's folder (my-bert)")
    part.add_argument("--checkpoint", metavar="FILE", help="where the training is kept (a file in the cache)")
    part.add_argument("--resume", action="store_true", help="go on from the checkpoint, sizes as they were")
    part.add_argument("--as-it-is", action="store_true", help="only write the checkpoint's model to the folder")


def main(arguments: list) -> int:
    """Run one command; return its exit code."""
    if sys.version_info < NEEDED:
        print(f"The course needs Python 3.11 or newer; this is {sys.version.split()[0]}. "
              "Install a newer one and run it by name, for example: python3.12 -m utils lab")
        return 1
    if arguments[:1] == ["run"] and "RANK" in os.environ:  # torchrun started this process and others like it
        from utils import torchrun
        torchrun.as_one(lambda: obey(arguments))
    return obey(arguments)


def obey(arguments: list) -> int:
    """Do what the command line says; return the exit code."""
    from utils import commands

    for stream in (sys.stdout, sys.stderr):  # a screen of Windows' own alphabet lacks letters that the course prints
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options, rest = parser().parse_known_args(arguments)
    if options.what == "run" and options.record and options.save:
        parser().error("first run --record, then run --save: the saved tables show what was recorded")
    if options.what == "run" and options.seeds > 1 and (options.save or options.html):
        parser().error("--save and --html show one run: leave out --seeds")
    if rest and options.what not in ("lab", "test"):
        parser().error("not understood: " + " ".join(rest))
    try:
        return getattr(commands, options.what)(options, rest)
    except commands.Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
