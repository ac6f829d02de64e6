"""Writing a file whole or not at all: a full disk or a killed process leaves the old one."""
import os
from pathlib import Path

from utils.arguments import instance


def write_whole(path: Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8 with its own line ends, beside `path`, then put it in its place. Raises OSError."""
    instance("path", path, Path, "a pathlib.Path")
    instance("content", content, str | bytes, "a text or bytes")
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        fresh.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
