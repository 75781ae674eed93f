"""What the buffer before paho's socket leans on: this fails when an upgrade of paho reads another way."""

from __future__ import annotations

import inspect
import socket

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.adapters.mqtt_ahead import AheadClient


def test_paho_still_reads_through_the_method_that_we_stand_before() -> None:
    """Its packet reader asks nothing but `_sock_recv`, and that has one parameter."""
    source = inspect.getsource(paho.Client._packet_read)
    assert source.count("_sock_recv(") == 3
    assert "_sock.recv" not in source
    assert list(inspect.signature(paho.Client._sock_recv).parameters) == ["self", "bufsize"]


def test_many_small_reads_are_one_read_of_the_socket() -> None:
    """The pieces come in order and whole, an empty socket still says so, and the end of the stream is the end."""
    client = AheadClient(CallbackAPIVersion.VERSION2)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client._sock = ours
    with theirs, ours:
        theirs.sendall(b"abcdef")
        assert [client._sock_recv(1), client._sock_recv(1)] == [b"a", b"b"]
        assert client.has_ahead
        with pytest.raises(BlockingIOError):
            ours.recv(1)
        assert client._sock_recv(100) == b"cdef"
        assert not client.has_ahead
        with pytest.raises(BlockingIOError):
            client._sock_recv(1)
        theirs.close()
        assert client._sock_recv(1) == b""
        client._sock = None
