"""The resident page's files: read once, packed once, answered with a tag so that a browser need not load them again."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "resident_static"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
_MEDIA = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".html": HTML,
}
NOT_SHELL = ("page.html", "sw.js")
SMALL = 512


class Stored(NamedTuple):
    """An answer's body, the same packed by gzip (empty where that saves nothing), and its tag."""

    media: str
    body: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, media: str, body: bytes) -> Stored:
        """Pack a body."""
        packed = gzip.compress(body, 9, mtime=0) if len(body) > SMALL and media != "image/png" else b""
        tag = hashlib.sha256(body).hexdigest()[:24]
        return cls(media, body, packed if len(packed) < len(body) else b"", f'"{tag}"')


def read_assets() -> dict[str, Stored]:
    """Read the folder of files."""
    return {
        path.name: Stored.of(_MEDIA[path.suffix], path.read_bytes())
        for path in sorted(STATIC.iterdir())
        if path.suffix in _MEDIA
    }


def worker_of(assets: Mapping[str, Stored], version: str) -> Stored:
    """Write the service worker for this version, with the list of what it keeps."""
    shell = ["./", *(f"assets/{name}" for name in assets if name not in NOT_SHELL)]
    text = assets["sw.js"].body.decode().replace("{version}", version).replace("{shell}", json.dumps(shell))
    return Stored.of(_MEDIA[".js"], text.encode())


def answered(request: Request, stored: Stored, extra: Mapping[str, str] | None = None) -> Response:
    """Answer with a stored body, packed for who takes that, or with "not changed"."""
    headers = {"Cache-Control": "no-cache", "ETag": stored.tag, "Vary": "Accept-Encoding", **(extra or {})}
    if request.headers.get("if-none-match", "").removeprefix("W/") == stored.tag:
        return Response(status_code=304, headers=headers)
    if stored.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(stored.packed, media_type=stored.media, headers={**headers, "Content-Encoding": "gzip"})
    return Response(stored.body, media_type=stored.media, headers=headers)
