"""What a new truck needs to speak: its credential, its topics, its row of trucks.csv, its OwnTracks set-up link.

Pure: randomness comes in as a source of tokens. The brokers' own forms stand in broker_files.py.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable
from typing import Literal, NamedTuple

from gomikuru.broker_files import cannot_stand_in_topics

TokenSource = Callable[[int], bytes]
"""Gives this many random bytes; secrets.token_bytes in production."""

Dialect = Literal["native", "owntracks"]
COLUMNS = ("truck_id", "name", "category", "credential", "external_id", "route_id")
DEVICE = "phone"
SAMPLE = '{"t": 1795563667, "lat": 34.841900, "lon": 135.493267, "speed": 5.2, "heading": 90, "accuracy": 8}'
"""What a native truck publishes, as an example; docs/operators.md explains every field."""
_PASSWORD_BYTES = 18


class TruckRefused(ValueError):
    """The truck cannot be added; the message says why, and what to do."""


class Credential(NamedTuple):
    """A truck's way in: shown once, stored only hashed."""

    city: str
    truck: str
    user: str
    password: str
    device: str | None
    client_id: str

    def __repr__(self) -> str:
        return f"Credential({self.user!r}, password=masked)"

    @property
    def writes(self) -> list[str]:
        """Tell the topics that this truck may publish to, and nothing else."""
        if self.device is None:
            return [f"gomikuru/v1/{self.city}/trucks/{self.truck}/ping"]
        return [f"owntracks/{self.user}/{self.device}", f"owntracks/{self.user}/{self.device}/#"]


class Row(NamedTuple):
    """What trucks.csv says of a truck, beside its credential."""

    truck: str
    name: str = ""
    category: str = ""
    route: str = ""


def issue(city: str, truck: str, dialect: Dialect, token: TokenSource, user: str | None = None) -> Credential:
    """Make a truck's credential; raise TruckRefused for an id that no topic can carry."""
    for what, name in (("truck id", truck), ("city id", city), ("user", user or "user")):
        sign = cannot_stand_in_topics(name)
        if not name or len(name) > 64 or sign is not None:
            why = f"it holds {sign!r}" if sign else "it must have 1 to 64 characters"
            raise TruckRefused(f"the {what} {name!r} cannot stand in a topic: {why}")
    return Credential(
        city=city,
        truck=truck,
        user=user or f"{city}-{truck}",
        password=base64.urlsafe_b64encode(token(_PASSWORD_BYTES)).decode(),
        device=DEVICE if dialect == "owntracks" else None,
        client_id=f"truck-{token(8).hex()}",
    )


def add_row(text: str, row: Row, credential: Credential) -> str:
    """Add the truck to the text of trucks.csv (empty: a new file); every other line stays as it is."""
    if not text.strip("\ufeff \r\n\t"):
        text = ",".join(COLUMNS) + "\n"
    header, rows = _table(text)
    _refuse_duplicates(header, rows, row.truck, credential)
    cells = {
        "truck_id": row.truck,
        "name": row.name,
        "category": row.category,
        "credential": credential.user,
        "external_id": credential.device or "",
        "route_id": row.route,
    }
    missing = [column for column, cell in cells.items() if cell and column not in header]
    if missing:
        raise TruckRefused(f"trucks.csv has no column {missing[0]!r}; its first line must be {','.join(COLUMNS)}")
    newline = "\r\n" if "\r\n" in text else "\n"
    out = io.StringIO()
    csv.writer(out, lineterminator=newline).writerow([cells.get(column, "") for column in header])
    return text + ("" if text.endswith("\n") else newline) + out.getvalue()


def remove_row(text: str, truck: str) -> str:
    """Take the truck's line out of the text of trucks.csv; every other line stays as it is."""
    lines = text.splitlines(keepends=True)
    column = None
    for number, line in enumerate(lines):
        if not line.strip("\ufeff \r\n\t") or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line.removeprefix("\ufeff")]))]
        if column is None:
            column = cells.index("truck_id")
        elif cells[column : column + 1] == [truck]:
            return "".join(lines[:number] + lines[number + 1 :])
    raise TruckRefused(f"trucks.csv has no truck {truck!r}")


def owntracks_link(credential: Credential, host: str, port: int, tls: bool) -> str:
    """Write the link that sets the OwnTracks app up; it holds the password, so it is shown to the driver only."""
    letters = [sign for sign in credential.truck if sign.isalnum()]
    configuration = {
        "_type": "configuration",
        "mode": 0,
        "host": host,
        "port": port,
        "tls": tls,
        "mqttProtocolLevel": 4,
        "auth": True,
        "username": credential.user,
        "password": credential.password,
        "clientId": credential.client_id,
        "deviceId": credential.device or DEVICE,
        "tid": "".join(letters[-2:]),
        "pubTopicBase": "owntracks/%u/%d",
        "pubQos": 1,
        "pubRetain": False,
        "cleanSession": False,
        "sub": False,
        "cmd": False,
        "remoteConfiguration": False,
        "monitoring": 2,
        "locatorInterval": 5,
        "locatorDisplacement": 10,
        "moveModeLocatorInterval": 5,
        "ping": 15,
        "keepalive": 60,
        "autostartOnBoot": True,
        "extendedData": True,
    }
    return f"owntracks:///config?inline={_plain_base64(json.dumps(configuration, separators=(',', ':')))}"


def _plain_base64(text: str) -> str:
    """Write ASCII JSON as base64 without + / or =, which phones read differently in an address.

    Only > ? ~ and DEL can give a + or a / there, so they are escaped; spaces at the end make up the length.
    """
    for sign in ">?~\x7f":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return base64.b64encode((text + " " * (-len(text) % 3)).encode("ascii")).decode()


def _table(text: str) -> tuple[list[str], list[list[str]]]:
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip() and not line.startswith("#")]
    rows = [[cell.strip() for cell in cells] for cells in csv.reader(lines)]
    if "truck_id" not in rows[0]:
        raise TruckRefused(f"trucks.csv: the first line must name the columns: {','.join(COLUMNS)}")
    return rows[0], rows[1:]


def _refuse_duplicates(header: list[str], rows: list[list[str]], truck: str, credential: Credential) -> None:
    for cells in rows:
        known = dict(zip(header, cells, strict=False))
        if known.get("truck_id") == truck:
            raise TruckRefused(
                f"trucks.csv already has a truck {truck!r}; `gomikuru trucks renew` gives it a new password,"
                " `gomikuru trucks remove` removes it"
            )
        if known.get("credential") == credential.user:
            raise TruckRefused(
                f"trucks.csv already has the credential {credential.user!r} (truck {known.get('truck_id')!r});"
                " choose another with --user"
            )
