"""Which addresses we may be made to send to, and what a browser's subscription must hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.webpush_target import SERVICES, is_allowed, problem_of


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://wns2-par02p.notify.windows.com/w/?token=BQY",
        "https://web.push.apple.com/QHk",
        "https://fcm.googleapis.com:443/wp/x",
    ],
)
def test_the_push_services_of_the_four_browsers_are_known(endpoint: str) -> None:
    """Chrome, Firefox, Edge, Safari."""
    assert is_allowed(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilnotify.windows.com/x",
        "https://notify.windows.com.evil.example/x",
        "https://.notify.windows.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        "https://10.0.0.1/x",
        "https://fcm.googleapis.com\\@evil.example/",
        "https://evil.example\\.notify.windows.com/",
        "https://evil.example#.notify.windows.com",
        "https://evil.example?.notify.windows.com",
        "https://evil.example\n.notify.windows.com/",
        "https://user@fcm.googleapis.com/x",
        "file:///etc/passwd",
        "gopher://fcm.googleapis.com/",
        "//fcm.googleapis.com/x",
        "https://fcm.googleapis.com:x/",
        "",
    ],
)
def test_everything_else_is_refused(endpoint: str) -> None:
    """This machine, its network, other ports, other schemes, and what only looks like a push service."""
    assert not is_allowed(endpoint)


def test_an_origin_in_full_is_that_one_alone_and_plain_http_only_of_this_machine() -> None:
    """For tests, and for a push service of one's own."""
    assert is_allowed("https://push.minami.example:8443/x", ["https://push.minami.example:8443"])
    assert not is_allowed("https://push.minami.example:8444/x", ["https://push.minami.example:8443"])
    assert not is_allowed("https://push.minami.example/x", ["https://push.minami.example:8443"])
    assert is_allowed("http://127.0.0.1:9000/x", ["http://127.0.0.1:9000"])
    assert not is_allowed("http://push.minami.example/x", ["http://push.minami.example"])


@given(st.text(max_size=60))
def test_no_text_whatever_raises(text: str) -> None:
    """The address comes from anybody."""
    assert not is_allowed(f"https://{text}.evil.example/", SERVICES)
    assert is_allowed(text) in (True, False)
    assert problem_of(text) is not None
