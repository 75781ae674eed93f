"""The gateway that speaks for all trucks: it says everything with QoS 1, and knows what the broker acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paho.mqtt import client as paho

from tests.chaos.days import Said


class Publisher:
    """The gateway: says everything with QoS 1, and again what was not acknowledged when the broker died.

    What comes after a lost connection waits until that was done: paho would say it first, and a truck's newer fix
    before its older ones.
    """

    def __init__(self, client: paho.Client) -> None:
        self._client = client
        self._acknowledged: set[int] = set()
        self._open: set[int] = set()
        self._waiting: list[Said] = []
        self._lost = False
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect

    def say(self, said: Iterable[Said]) -> None:
        """Hand messages over to the client."""
        for one in said:
            if self._lost:
                self._waiting.append(one)
            else:
                self._open.add(self._client.publish(one.topic, one.payload, qos=1).mid)

    def all_acknowledged(self) -> bool:
        """Tell whether the broker has acknowledged everything; paho repeats the rest by itself."""
        done = self._open & self._acknowledged
        self._open -= done
        self._acknowledged -= done
        if not self._open and self._client.is_connected():
            self._lost = False
            waiting, self._waiting = self._waiting, []
            self.say(waiting)
        return not self._open and not self._waiting

    def _on_publish(self, _client: object, _data: object, mid: int, *_rest: object) -> None:
        self._acknowledged.add(mid)

    def _on_disconnect(self, *_what: object) -> None:
        self._lost = True


def in_waves(said: Sequence[Said]) -> list[list[Said]]:
    """Split messages so that no wave holds two of one truck; their order stays."""
    waves: list[list[Said]] = [[]]
    for one in said:
        if any(other.truck == one.truck for other in waves[-1]):
            waves.append([])
        waves[-1].append(one)
    return waves
