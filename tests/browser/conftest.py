"""A real JupyterLab and a real Chromium for the browser tests: one of each for the session.

The tests skip, with a sentence, where Playwright or Chromium is not installed. Set SHOTS to a
folder to keep screenshots.
"""

import contextlib
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage "
    "--force-device-scale-factor=1"
).split()
QUIET = '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'
SECONDS = 1000  # Playwright counts in milliseconds

PANEL = "const panel = window.jupyterapp.shell.currentWidget;"
IDLE = f"""() => {{ {PANEL}
  return panel?.sessionContext?.session?.kernel?.status === 'idle'; }}"""
FAILED = f"""() => {{ {PANEL}
  const cells = [...panel.content.model.cells].map(cell => cell.toJSON());
  for (const [i, cell] of cells.entries()) {{
    const error = (cell.outputs ?? []).find(output => output.output_type === 'error');
    if (error) return `cell ${{i}}: ${{error.traceback.join('\\n').slice(-1500)}}`; }}
  return ''; }}"""
RUN_ALL = """async seconds => {
  const late = new Promise(done => setTimeout(() => done('late'), 1000 * seconds));
  return await Promise.race([window.jupyterapp.commands.execute('notebook:run-all-cells'), late]); }"""
SHUT_DOWN = f"""async () => {{ {PANEL} await panel.sessionContext.shutdown(); }}"""
# Its promise is not awaited: now and then JupyterLab leaves it open for ever.
SCROLL = f"""i => {{ {PANEL} panel.content.scrollToItem(i, 'smart').catch(() => null); }}"""
ASK_PYTHON = f"""async code => {{ {PANEL}
  const request = panel.sessionContext.session.kernel.requestExecute({{ code }});
  let text = '';
  request.onIOPub = message => {{
    if (message.header.msg_type === 'stream') text += message.content.text;
    if (message.header.msg_type === 'error') text += message.content.evalue; }};
  await request.done;
  return text.trim(); }}"""


class Lab(NamedTuple):
    """A running JupyterLab: its address, its token and the folder that it serves."""

    url: str
    token: str
    root: pathlib.Path


class Notebook:
    """The notebook that is open in the page."""

    def __init__(self, page, lab: Lab):
        self.page, self.lab = page, lab

    def open(self, name: str, front: str = "lab/tree") -> None:
        """Open ``name`` and wait until its cells are there and its kernel is idle.

        front: "lab/tree" for JupyterLab, "notebooks" for Notebook 7, which the same server offers.
        """
        address = f"{self.lab.url}/{front}/{name}?token={self.lab.token}&reset"
        self.page.goto(address, wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90 * SECONDS)
        self.page.wait_for_function(IDLE, timeout=90 * SECONDS)

    def run(self, timeout: int = 120) -> None:
        """Run all cells and wait until the last one is done; timeout in seconds."""
        answer = self.page.evaluate(RUN_ALL, timeout)
        error = self.page.evaluate(FAILED)
        assert answer is not None and answer != "late", f"not done after {timeout} s"
        assert not error, error

    def stop(self) -> None:
        """End the notebook's kernel, which holds a chapter's data and models."""
        self.page.evaluate(SHUT_DOWN)

    def cell(self, i: int):
        """The i-th cell, in view; JupyterLab keeps only the cells near the view in the page."""
        self.page.evaluate(SCROLL, i)
        cell = self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{i}']")
        cell.wait_for(timeout=20 * SECONDS)
        cell.locator(".jp-OutputArea").first.scroll_into_view_if_needed(timeout=20 * SECONDS)
        return cell

    def python(self, code: str) -> str:
        """What ``code`` prints in the notebook's kernel."""
        return self.page.evaluate(ASK_PYTHON, code)

    def wait_python(self, code: str, expected: str, seconds: float = 20) -> None:
        """Wait until ``code`` prints ``expected``."""
        until = time.monotonic() + seconds
        while (answer := self.python(code)) != expected:
            assert time.monotonic() < until, f"{code} gives {answer!r}, expected {expected!r}"

    @contextlib.contextmanager
    def expecting(self, what: str) -> Iterator[None]:
        """Say what was waited for in vain, and what stands in its place, where a wait runs out."""
        from playwright.sync_api import TimeoutError as Late

        try:
            yield
        except Late as late:
            self.shot("in-vain")
            alerts = self.page.locator("[role=alert]").all_inner_texts()
            raise AssertionError(f"{what}: not seen. Alerts: {alerts}. Console: {self.page.errors}") from late

    def shot(self, name: str) -> None:
        """Keep a screenshot, if SHOTS names a folder for it."""
        if folder := os.environ.get("SHOTS"):
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment(root: pathlib.Path) -> dict[str, str]:
    """Settings of this server only, so that it neither reads nor writes those of the user."""
    settings = root / ".settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(QUIET)
    own = {f"JUPYTER_{name}_DIR": str(root / f".{name.lower()}") for name in ("CONFIG", "DATA")}
    own["JUPYTERLAB_SETTINGS_DIR"] = str(root / ".settings")
    own["JUPYTERLAB_WORKSPACES_DIR"] = str(root / ".workspaces")
    own |= {"COURSE_OFFLINE": "1", "COURSE_CACHE": str(root / ".cache"), "COURSE_TIER": "quick"}
    kept = {k: v for k, v in os.environ.items() if k != "COURSE_DATA"}
    return kept | own


def _wait_for(lab: Lab, server: subprocess.Popen, log: pathlib.Path) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{lab.url}/api/status?token={lab.token}", timeout=2)
            return
        assert server.poll() is None, f"JupyterLab ended: {log.read_text()[-3000:]}"
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not answer in 90 s: {log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a free port, with a token, serving a temporary folder."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    root = tmp_path_factory.mktemp("lab")
    lab = Lab(f"http://127.0.0.1:{_free_port()}", secrets.token_hex(8), root)
    log = root / ".server.log"
    options = {
        "--ServerApp.port": lab.url.rsplit(":", 1)[1],
        "--ServerApp.port_retries": "0",
        "--ServerApp.ip": "127.0.0.1",
        "--IdentityProvider.token": lab.token,
        "--ServerApp.root_dir": str(root),
        "--ServerApp.terminals_enabled": "False",
        "--LabApp.expose_app_in_browser": "True",
        "--JupyterNotebookApp.expose_app_in_browser": "True",
        "--LabApp.extension_manager": "readonly",
        "--LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"{name}={value}" for name, value in options.items()]
    with open(log, "w") as output:
        environment = _environment(root)
        server = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=root
        )
        try:
            _wait_for(lab, server, log)
            yield lab
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="session")
def page(lab: Lab) -> Iterator:
    """One page of a headless Chromium; ``page.errors`` gathers what its console complains of."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: no browser tests"
    )
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("Chromium is not installed: no browser tests")
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda m: m.type == "error" and page.errors.append(m.text))
        yield page
        browser.close()


@pytest.fixture(scope="session")
def notebook(page, lab: Lab) -> Notebook:
    """The page as a notebook to open, run and ask."""
    return Notebook(page, lab)
