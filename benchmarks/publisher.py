"""Publishes the fleet's pings at a steady rate, each at its due time, which is its fix time, over one MQTT connection.

A plain socket and packets made by hand: a client library would cost more than the broker, on the same machine. Every
five milliseconds what is due goes out in one write. Prints a JSON line: pings, its own lag in ms, and what the broker
has not acknowledged. `--backlog` sends as fast as the broker takes, with fix times of the hour before.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import struct
import time

import numpy as np

from benchmarks.town import Fleet, Town

_TICK_S = 0.005
_BODY = '{{"t":{},"lat":{:.7f},"lon":{:.7f},"collecting":true,"accuracy":5.0}}'


class Wire:
    """One MQTT 3.1.1 connection that publishes with QoS 1 and counts the acknowledgements."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        texts = (b"bench-publisher", user.encode(), password.encode())
        payload = b"".join(struct.pack("!H", len(text)) + text for text in texts)
        head = b"\x00\x04MQTT\x04\xc2" + struct.pack("!H", 600)
        self._socket.sendall(b"\x10" + _length(len(head) + len(payload)) + head + payload)
        if self._socket.recv(4) != b"\x20\x02\x00\x00":
            raise ConnectionError("the broker refuses the publisher")
        self.sent = 0
        self._bytes_back = 0

    @property
    def unacknowledged(self) -> int:
        """Tell how many pings the broker has not acknowledged; a PUBACK has four bytes."""
        return self.sent - self._bytes_back // 4

    def packet(self, topic: bytes, body: bytes) -> bytes:
        """Make a PUBLISH packet."""
        self.sent += 1
        number = (self.sent - 1) % 65_535 + 1
        size = 4 + len(topic) + len(body)
        return b"\x32%b%b%b%b%b" % (
            _length(size),
            struct.pack("!H", len(topic)),
            topic,
            struct.pack("!H", number),
            body,
        )

    def write(self, packets: list[bytes]) -> None:
        """Send packets, and take the acknowledgements that are there."""
        self._socket.sendall(b"".join(packets))
        self.hear(0.0)

    def hear(self, wait_s: float) -> None:
        """Take acknowledgements for a while."""
        while select.select([self._socket], [], [], wait_s)[0]:
            wait_s = 0.0
            self._bytes_back += len(self._socket.recv(1 << 20))


def _length(size: int) -> bytes:
    out = b""
    while True:
        size, digit = divmod(size, 128)
        out += bytes([digit | (128 if size else 0)])
        if not size:
            return out


def steadily(wire: Wire, fleet: Fleet, topics: list[bytes], seconds: float) -> dict[str, object]:
    """Publish each ping when it is due."""
    rate, count = fleet.trucks, int(fleet.trucks * seconds)
    lags = np.empty(count)
    begin_s = time.time() + 0.2
    lat, lon = fleet.at(0)
    done = second = 0
    while done < count:
        now_s = time.time()
        due = min(count, int((now_s - begin_s) * rate) + 1) if now_s >= begin_s else 0
        packets = []
        for number in range(done, due):
            if number // rate != second:
                second = number // rate
                lat, lon = fleet.at(second)
            truck = number % rate
            due_s = begin_s + number / rate
            packets.append(wire.packet(topics[truck], _BODY.format(int(due_s * 1000), lat[truck], lon[truck]).encode()))
        if packets:
            wire.write(packets)
            lags[done:due] = (time.time() - begin_s) * 1000 - np.arange(done, due) * (1000 / rate)
            done = due
        wire.hear(max(0.0, now_s + _TICK_S - time.time()))
    p50, p99, most = np.percentile(lags, [50, 99, 100]).round(1).tolist()
    return {"pings": count, "begin_ms": begin_s * 1000, "lag_ms": {"p50": p50, "p99": p99, "max": most}}


def backlog(wire: Wire, fleet: Fleet, topics: list[bytes], seconds: int, pause_s: float) -> dict[str, object]:
    """Publish `seconds` of the fleet's pings at once, the last of them taken just now."""
    begin_s = time.time() - seconds - pause_s
    count = 0
    for second in range(seconds):
        lat, lon = fleet.at(second)
        packets = []
        for truck in range(fleet.trucks):
            at_ms = int((begin_s + second + truck / fleet.trucks) * 1000)
            packets.append(wire.packet(topics[truck], _BODY.format(at_ms, lat[truck], lon[truck]).encode()))
        for at in range(0, len(packets), 500):
            wire.write(packets[at : at + 500])
            while wire.unacknowledged > 5_000:
                wire.hear(0.05)
        count += len(packets)
    return {"pings": count, "begin_ms": begin_s * 1000}


def main() -> None:
    """Publish, wait for the last acknowledgement, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--city", required=True)
    parser.add_argument("--prefix", default="b", help="of the trucks' names")
    parser.add_argument("--homes", type=int, required=True)
    parser.add_argument("--rate", type=int, required=True, help="trucks, each with a ping a second")
    parser.add_argument("--explorers", type=int, required=True)
    parser.add_argument("--start-m", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--backlog", action="store_true")
    options = parser.parse_args()
    fleet = Fleet(Town(options.homes), options.rate, options.explorers, options.start_m)
    wire = Wire(options.port, options.user, options.user[::-1])
    root = f"gomikuru/v1/{options.city}/trucks/{options.prefix}"
    topics = [f"{root}{truck}/ping".encode() for truck in range(options.rate)]
    if options.backlog:
        said = backlog(wire, fleet, topics, int(options.seconds), 0.0)
    else:
        said = steadily(wire, fleet, topics, options.seconds)
    until_s = time.monotonic() + 30
    while wire.unacknowledged and time.monotonic() < until_s:
        wire.hear(0.05)
    cpu_us = 1e6 * time.process_time() / max(1, wire.sent)
    print(json.dumps(said | {"unacknowledged": wire.unacknowledged, "cpu_us_a_ping": round(cpu_us, 1)}))


if __name__ == "__main__":
    main()
