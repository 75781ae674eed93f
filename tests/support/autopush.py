"""A push service for tests: speaks Firefox's autopush protocol on a websocket, and takes encrypted messages by HTTP.

As a real one it sees who pushes and how much, and not what: it forwards bytes that only the browser can read.
"""

from __future__ import annotations

import base64
import json
import queue
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

PATH = "/wpush/v2/"


class Taken(NamedTuple):
    """A message as the sender posted it."""

    headers: dict[str, str]
    body: bytes


class Autopush:
    """Start it, give a browser `url`; `taken`: what senders posted, `acked`: what the browser says it has handled."""

    def __init__(self) -> None:
        self.taken: queue.Queue[Taken] = queue.Queue()
        self.acked: queue.Queue[dict[str, Any]] = queue.Queue()
        self._browsers: dict[str, ServerConnection] = {}
        self._lock = threading.Lock()
        self._socket: Server = serve(self._talk, "localhost", 0, subprotocols=[Subprotocol("push-notification")])
        self._http = ThreadingHTTPServer(("localhost", 0), self._handler())

    @property
    def url(self) -> str:
        """The address for dom.push.serverURL."""
        return f"ws://localhost:{self._socket.socket.getsockname()[1]}/"

    @property
    def origin(self) -> str:
        """Where senders post to."""
        return f"http://localhost:{self._http.server_address[1]}"

    def start(self) -> None:
        for serving in (self._socket.serve_forever, self._http.serve_forever):
            threading.Thread(target=serving, daemon=True).start()

    def stop(self) -> None:
        self._socket.shutdown()
        self._http.shutdown()
        self._http.server_close()

    def _talk(self, browser: ServerConnection) -> None:
        try:
            for text in browser:
                self._answer(browser, json.loads(text))
        except ConnectionClosed:
            pass

    def _answer(self, browser: ServerConnection, said: dict[str, Any]) -> None:
        match said.get("messageType"):
            case "hello":
                uaid = said.get("uaid") or uuid.uuid4().hex
                browser.send(_json(messageType="hello", uaid=uaid, status=200, use_webpush=True, broadcasts={}))
            case "register":
                channel = said["channelID"]
                with self._lock:
                    self._browsers[channel] = browser
                endpoint = f"{self.origin}{PATH}{channel}"
                browser.send(_json(messageType="register", channelID=channel, status=200, pushEndpoint=endpoint))
            case "unregister":
                with self._lock:
                    self._browsers.pop(said["channelID"], None)
                browser.send(_json(messageType="unregister", channelID=said["channelID"], status=200))
            case "ack":
                for each in said["updates"]:
                    self.acked.put(each)
            case None:
                browser.send("{}")

    def _forward(self, channel: str, taken: Taken) -> int:
        with self._lock:
            browser = self._browsers.get(channel)
        if browser is None:
            return 410
        data = base64.urlsafe_b64encode(taken.body).decode().rstrip("=")
        headers = {"encoding": taken.headers.get("content-encoding", "")}
        version = uuid.uuid4().hex
        note = {"channelID": channel, "version": version, "ttl": 60, "data": data, "headers": headers}
        browser.send(_json(messageType="notification", **note))
        self.taken.put(taken)
        return 201

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        forward = self._forward

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(forward(self.path.removeprefix(PATH), Taken(headers, body)))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


def _json(**values: Any) -> str:
    return json.dumps(values)
