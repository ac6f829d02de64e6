"""A room of learners, for real: JupyterHub, N accounts, real kernels, Run All in chapters 01 to 03.

    sudo COURSE_FOLDER=… .venv/bin/python -m tests.benchmarks.hub --learners 2 4 8 [--chapters 01 02 03] [--json FILE]

Needs Linux, root, `jupyterhub` in this Python and `configurable-http-proxy` (COURSE_PROXY names it). For every N
a fresh hub is started with room for N; N learners log in, start their servers and run the chapters one after the
other, each in a kernel that stays open, as JupyterLab leaves them. One more learner then asks for a server. Counted
are killed kernels, failed cells, seconds a chapter, memory, and what the one too many is told; and it is tried
whether a learner can read another one's files or write the shared folders. There is no mark to reach.
"""
import argparse
import asyncio
import json
import os
import pathlib
import statistics
import time
import uuid
from typing import Any

from tests.benchmarks import hub_room
from tests.benchmarks.hub_server import ROOT, Hub

CELL = 1800  # seconds that one cell may take when all run at once
SAMPLE = 3  # seconds between two looks at the memory


class Learner:
    """One learner: a server of its own, and the kernels in it."""

    def __init__(self, hub: Hub, session: Any, number: int):
        self.hub, self.session, self.name = hub, session, f"learner{number:02}"
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self.kernels: list[str] = []

    @property
    def url(self) -> str:
        """The address of the learner's own server."""
        return f"{self.hub.url}/user/{self.name}/api"

    @property
    def headers(self) -> dict[str, str]:
        """What lets the load test act as this learner."""
        return {"Authorization": f"token {self.hub.token}"}

    async def start(self) -> tuple[int, Any]:
        """Ask for the server and wait for it; status 201, or what the hub says instead."""
        await self.hub.ask(self.session, "POST", f"users/{self.name}")
        while True:
            status, answer = await self.hub.ask(self.session, "POST", f"users/{self.name}/server")
            if status != 429 or "limit" in str(answer):  # 429 also asks to wait, while others are starting
                break
            await asyncio.sleep(2)
        for _ in range(300):
            user = (await self.hub.ask(self.session, "GET", f"users/{self.name}"))[1]
            if status >= 400 or user.get("server"):
                return (status, answer) if status >= 400 else (201, "")
            await asyncio.sleep(1)
        return 504, "the server did not start in five minutes"

    async def run(self, chapter: str) -> None:
        """Open a chapter in a new kernel and run all its cells, as Run All does: the first error ends it."""
        path = next((ROOT / "chapters").glob(f"{chapter}_*.ipynb"))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        start = time.perf_counter()
        body = {"name": "python3", "path": f"chapters/{path.name}"}
        async with self.session.post(f"{self.url}/kernels", headers=self.headers, json=body) as answer:
            kernel = (await answer.json())["id"]
        self.kernels.append(kernel)
        url = f"{self.url}/kernels/{kernel}/channels".replace("http", "ws", 1)
        async with self.session.ws_connect(url, headers=self.headers, max_msg_size=0) as channel:
            for cell in cells:
                problem = cell["cell_type"] == "code" and await execute(channel, "".join(cell["source"]))
                if problem:
                    self.failed.append(f"{self.name} {chapter} {cell['id']}: {problem}")
                    break
        self.seconds[chapter] = time.perf_counter() - start

    async def killed(self) -> int:
        """How many of the kernels are gone or were started anew."""
        async with self.session.get(f"{self.url}/kernels", headers=self.headers) as answer:
            alive = {one["id"]: one["execution_state"] for one in await answer.json()}
        return sum(alive.get(kernel) not in ("idle", "busy") for kernel in self.kernels)


async def execute(channel: Any, code: str) -> str:
    """Run one cell over the kernel's channel; an empty text, or what went wrong."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex,
              "version": "5.3", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    await channel.send_json({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                             "channel": "shell", "buffers": []})
    while True:
        message = await channel.receive(timeout=CELL)
        if message.type.name not in ("TEXT", "BINARY"):
            return f"the connection closed ({message.type.name})"
        if message.type.name == "BINARY":
            continue
        answer = json.loads(message.data)
        if answer["msg_type"] == "status" and answer["content"]["execution_state"] in ("restarting", "dead"):
            return "the kernel was killed"
        if answer.get("parent_header", {}).get("msg_id") == header["msg_id"] and answer["msg_type"] == "execute_reply":
            content = answer["content"]
            return "" if content["status"] == "ok" else f"{content.get('ename')}: {content.get('evalue')}"[:200]


async def room(n: int, chapters: list[str], folder: pathlib.Path) -> dict[str, Any]:
    """N learners at once, then one more; a row of what was counted."""
    import aiohttp

    found: dict[str, Any] = {"learners": n, "chapters": chapters, "cores": os.cpu_count(),
                             "idle GB": hub_room.available()}
    with Hub(n, folder / f"room-{n}") as hub:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=60)) as session:
            await hub.up(session)
            learners = [Learner(hub, session, k) for k in range(1, n + 1)]
            looking = asyncio.create_task(hub_room.watch([one.name for one in learners], SAMPLE, found))
            start = time.perf_counter()
            starts = await asyncio.gather(*(one.start() for one in learners))
            found["seconds to all servers"] = time.perf_counter() - start
            found["not started"] = [answer for status, answer in starts if status != 201]

            async def whole(one: Learner) -> None:
                for chapter in chapters:
                    await one.run(chapter)

            await asyncio.gather(*(whole(one) for one in learners))
            found["seconds in all"] = time.perf_counter() - start
            found["killed"] = sum(await asyncio.gather(*(one.killed() for one in learners)))
            found["failed"] = [problem for one in learners for problem in one.failed]
            found["seconds"] = {chapter: sorted(one.seconds[chapter] for one in learners) for chapter in chapters}
            found["one too many"] = await Learner(hub, session, n + 1).start()
            found["still there"] = (await hub.ask(session, "GET", ""))[0] == 200
            data = os.environ.get("COURSE_DATA", "")
            found["trespasses"] = hub_room.trespasses("learner01", "learner02", ROOT, data) if n > 1 else []
            found["cannot"] = hub_room.may("learner01", ROOT, data)
            looking.cancel()
            for one in learners:
                await hub.ask(session, "DELETE", f"users/{one.name}/server")
    return found


def line(row: dict[str, Any]) -> str:
    """One room as a line of text."""
    took = "  ".join(f"{chapter} {statistics.median(s):.0f}/{max(s):.0f}" for chapter, s in row["seconds"].items())
    most = list(row.get("most", {}).values())
    return (f"{row['learners']:3} learners: {row['killed']} kernels killed, {len(row['failed'])} failed cells; seconds "
            f"median/slowest {took}; GB a learner {statistics.median(most):.2f}/{max(most):.2f}, least available "
            f"{row['least available']:.1f}; one too many: {row['one too many']}; "
            f"trespasses: {row['trespasses'] or 'none'}; cannot: {row['cannot'] or 'nothing missing'}")


def main() -> None:
    """Run the rooms that were asked for and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", nargs="+", type=int, default=[2, 4, 8], metavar="N")
    parser.add_argument("--chapters", nargs="+", default=["01", "02", "03"], metavar="NN")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("/tmp/course-rooms"),
                        help="where logs and databases go")
    parser.add_argument("--json", type=pathlib.Path, help="write everything that was counted to this file")
    options = parser.parse_args()
    rows = []
    for n in options.learners:
        rows.append(asyncio.run(room(n, options.chapters, options.folder)))
        print(line(rows[-1]), *rows[-1]["failed"], *rows[-1]["not started"], sep="\n", flush=True)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
