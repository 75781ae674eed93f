"""Firefox driven over WebDriver BiDi, without geckodriver: one window, and what the tests need of it."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.needs import program
from tests.support.stores import mortal

START_S = 60.0
ANSWER_S = 30.0
QUIET: Mapping[str, Any] = {
    "remote.prefs.recommended": False,  # among them is one that turns push off
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "browser.region.network.url": "",
    "extensions.update.enabled": False,
    "toolkit.telemetry.enabled": False,
}


class BrowserSaid(AssertionError):
    """The browser answered with an error, or the page's script threw."""


class Firefox:
    """A running browser with one page."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self._numbers = itertools.count(1)
        self.ask("session.new", capabilities={})
        self._page = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser; events in between are passed over."""
        number = next(self._numbers)
        self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        until = time.monotonic() + ANSWER_S
        while True:
            answer = json.loads(self._wire.recv(timeout=max(0.1, until - time.monotonic())))
            if answer.get("id") == number:
                break
        if answer["type"] == "error":
            raise BrowserSaid(f"{method}: {answer['error']}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def go(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self.ask("browsingContext.navigate", context=self._page, url=url, wait="complete")

    def size(self, width: int, height: int) -> None:
        """Make the page so large, in CSS pixels."""
        self.ask("browsingContext.setViewport", context=self._page, viewport={"width": width, "height": height})

    def allow(self, name: str, origin: str) -> None:
        """Give a permission as a person would."""
        self.ask("permissions.setPermission", descriptor={"name": name}, state="granted", origin=origin)

    def run(self, expression: str) -> Any:
        """Evaluate in the page, await a promise, and give the value by way of JSON."""
        wrapped = f"(async () => JSON.stringify(await ({expression})))()"
        params = {
            "expression": wrapped,
            "target": {"context": self._page},
            "awaitPromise": True,
            "userActivation": True,
        }
        answer = self.ask("script.evaluate", **params)
        if answer["type"] == "exception":
            raise BrowserSaid(answer["exceptionDetails"]["text"])
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    def wait_for(self, expression: str, within_s: float = 15.0) -> Any:
        """Wait until an expression is true, and give it."""
        until = time.monotonic() + within_s
        while not (found := self.run(expression)):
            if time.monotonic() > until:
                raise BrowserSaid(f"not true within {within_s} s: {expression}")
            time.sleep(0.05)
        return found

    def press(self, selector: str) -> None:
        """Click the middle of an element with a real pointer."""
        self.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        box = self.run(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2]; }})(document.querySelector({json.dumps(selector)}))"
        )
        moves = [
            {"type": "pointerMove", "x": int(box[0]), "y": int(box[1])},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self.ask("input.performActions", context=self._page, actions=[{"type": "pointer", "id": "m", "actions": moves}])

    def type(self, text: str) -> None:
        """Press keys, one after the other."""
        keys = [{"type": kind, "value": each} for each in text for kind in ("keyDown", "keyUp")]
        self.ask("input.performActions", context=self._page, actions=[{"type": "key", "id": "k", "actions": keys}])

    def shoot(self, path: Path) -> None:
        """Write what the page looks like."""
        data = self.ask("browsingContext.captureScreenshot", context=self._page, origin="document")["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))


@contextlib.contextmanager
def firefox(folder: Path, prefs: Mapping[str, Any]) -> Iterator[Firefox]:
    """Start a browser with a profile of its own for the length of the block."""
    profile = folder / "profile"
    profile.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in {**QUIET, **prefs}.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    log = folder / "firefox.log"
    options = ["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)]
    command = mortal([program("firefox-esr", "firefox-esr"), *options])
    with log.open("wb") as out:
        started = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        with connect(f"{_address(log, started)}/session", max_size=None, compression=None) as wire:
            yield Firefox(wire)
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(10)


def _address(log: Path, started: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until and started.poll() is None:
        found = re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace"))
        if found:
            return found[1]
        time.sleep(0.1)
    raise BrowserSaid(f"Firefox did not start; see {log}")
