"""Reading a store's address, and never showing its password."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from streams.connect import connect, parse


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://store", "redis://store:6379"),
        ("redis://store:7000/3", "redis://store:7000/3"),
        ("rediss://u:p%40ss@store", "rediss://u:***@store:6379"),
        ("redis://:p@store/", "redis://:***@store:6379"),
        ("redis://u@store", "redis://u@store:6379"),
        ("redis+cluster://u:p@[::1]:7000", "redis+cluster://u:***@[::1]:7000"),
        ("rediss+cluster://store", "rediss+cluster://store:6379"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    """Both text and repr of an address mask what is secret."""
    address = parse(url)
    assert str(address) == shown
    assert repr(address) == f"Address({shown})"


def test_an_address_is_read_with_all_its_parts() -> None:
    """Percent signs are undone, and user and password may come apart from the URL."""
    address = parse("rediss+cluster://a%20b:p%2Fw@store:7001")
    assert (address.username, address.password, address.host, address.port) == ("a b", "p/w", "store", 7001)
    assert address.tls
    assert address.cluster
    assert parse("redis://store", username="u", password="from a file").password == "from a file"


@pytest.mark.parametrize(
    "url",
    [
        "http://:geheim@store",
        "store:6379",
        "",
        "redis://:geheim@",
        "redis://:geheim@store:port",
        "redis://:geheim@store:99999",
        "redis://:geheim@store/first",
        "redis://:geheim@store/0?decode_responses=yes",
        "redis+cluster://:geheim@store/1",
        "redis://:geheim@[::1",
    ],
)
def test_a_wrong_address_is_refused_without_showing_the_password(url: str) -> None:
    """The error says what is wrong, and no part of what may be secret."""
    with pytest.raises(ValueError) as caught:
        parse(url)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_client_neither_retries_nor_decodes() -> None:
    """The client is set up so that an append is never silently repeated, and bytes stay bytes."""
    client = connect("redis://u:geheim@127.0.0.1:1/2", socket_timeout_s=3)
    assert isinstance(client, redis.Redis)
    options = client.get_connection_kwargs()
    assert options["retry"].get_retries() == 0
    assert not options["retry_on_error"]
    assert (options["decode_responses"], options["protocol"], options["socket_timeout"]) == (False, 2, 3)
    assert (options["db"], options["username"], options["password"]) == (2, "u", "geheim")
    assert "geheim" not in repr(client)


def test_tls_takes_a_ca_file_and_checks_the_host(tmp_path: Path) -> None:
    """rediss:// verifies the server's certificate against the given authority."""
    ca, cert, key = (str(tmp_path / name) for name in ("ca.pem", "me.pem", "me.key"))
    with pytest.raises(ValueError, match=r"ca\.pem: there is no such file"):
        connect("rediss://store", ca_file=ca)
    for file in (ca, cert, key):
        Path(file).touch()
    client = connect("rediss://store", ca_file=ca, cert_file=cert, key_file=key)
    assert isinstance(client, redis.Redis)
    connection = client.connection_pool.make_connection()
    assert isinstance(connection, redis.SSLConnection)
    assert connection.ca_certs == ca
    assert (connection.certfile, connection.keyfile) == (cert, key)
    assert connection.check_hostname
    assert connection.cert_reqs.name == "CERT_REQUIRED"


def test_a_unix_socket_is_an_address_too() -> None:
    """A path becomes a connection to it."""
    client = connect("unix:///run/valkey.sock", password="pw")
    assert isinstance(client, redis.Redis)
    assert client.get_connection_kwargs()["path"] == "/run/valkey.sock"
