"""A JupyterHub with the course's own configuration, started for a load test and stopped after it."""
import asyncio
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
from typing import Any

ROOT = pathlib.Path(os.environ.get("COURSE_FOLDER") or pathlib.Path(__file__).resolve().parents[2])


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Hub:
    """A JupyterHub with the course's configuration, for `room` learners; a context manager."""

    def __init__(self, room: int, folder: pathlib.Path):
        self.room, self.folder, self.port, self.token = room, folder, free_port(), secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Hub":
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.py"
        inner = ROOT / "assets" / "hub" / "jupyterhub_config.py"
        config.write_text(
            f"load_subconfig({str(inner)!r})\n"
            f"c.JupyterHub.services = [{{'name': 'load', 'api_token': {self.token!r}}}]\n"
            "c.JupyterHub.load_roles = [{'name': 'load', 'services': ['load'],\n"
            "    'scopes': ['admin:users', 'admin:servers', 'access:servers', 'tokens']}]\n"
            f"c.JupyterHub.hub_port = {free_port()}\n"
            f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{free_port()}'\n", encoding="utf-8")
        words = {name: secrets.token_hex(16) for name in ("COURSE_ROOM_PASSWORD", "COURSE_TEACHER_PASSWORD")}
        env = {**os.environ, **words, "COURSE_FOLDER": str(ROOT), "COURSE_LEARNERS": str(self.room),
               "COURSE_HUB_URL": self.url}
        self.log = open(self.folder / "hub.log", "w", encoding="utf-8")  # closed with the hub
        hub = pathlib.Path(sys.executable).with_name("jupyterhub")
        self.process = subprocess.Popen([str(hub), "-f", str(config)], cwd=self.folder, env=env, stdout=self.log,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()

    async def ask(self, session: Any, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """One request to the hub's API: status and answer."""
        headers = {"Authorization": f"token {self.token}"}
        async with session.request(method, f"{self.url}/hub/api/{path}", headers=headers, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    async def up(self, session: Any) -> None:
        """Wait until the hub answers through its proxy."""
        import aiohttp
        for _ in range(120):
            try:
                if (await self.ask(session, "GET", ""))[0] == 200:
                    return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.5)
        raise RuntimeError(f"the hub did not start; see {self.folder / 'hub.log'}")
