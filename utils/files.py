"""Writing a file whole or not at all: a full disk or a killed process leaves the old one."""
import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends beside `path`, then put it in its place. Raises OSError."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        fresh.write_text(text, encoding="utf-8", newline="\n")
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
