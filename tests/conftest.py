"""Fixtures for the whole suite stand in tests/support; this file only lists where."""

pytest_plugins = [
    "tests.support.chromium",
    "tests.support.keyfiles",
    "tests.support.stores",
    "tests.support.brokers",
    "tests.support.fcm_server",
    "tests.support.push_server",
    "tests.support.line_server",
    "tests.support.mail_server",
    "tests.support.no_skips",
]
