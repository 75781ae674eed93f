"""paho's client with a buffer before its socket: paho reads a packet in four pieces, each a call to the kernel.

Leans on the one method through which paho reads; tests/contract/test_mqtt_ahead.py fails when an upgrade changes it.
One client is one connection, so what was read ahead can never meet another.
"""

from __future__ import annotations

from paho.mqtt import client as paho

_AT_ONCE = 65_536


class AheadClient(paho.Client):
    """Reads what there is, and hands it out in the pieces that paho asks for."""

    _ahead = b""
    _at = 0

    @property
    def has_ahead(self) -> bool:
        """Tell whether bytes were read that paho has not asked for yet."""
        return self._at < len(self._ahead)

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._at >= len(self._ahead):
            self._ahead = super()._sock_recv(max(bufsize, _AT_ONCE))
            self._at = 0
        piece = self._ahead[self._at : self._at + bufsize]
        self._at += len(piece)
        return piece
