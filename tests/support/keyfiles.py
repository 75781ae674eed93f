"""Key files of the tests: none is made in the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest


def key_files(folder: Path) -> Mapping[str, str]:
    """Give the settings of a service whose keys stand in a folder of its own."""
    return {
        "GOMIKURU_PRIVACY__KEY_FILE": str(folder / "keys" / "master.key"),
        "GOMIKURU_WEBPUSH__KEY_FILE": str(folder / "keys" / "webpush.pem"),
    }


@pytest.fixture(scope="session", autouse=True)
def keys_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let commands that tests run by their environment keep their keys in a temporary folder."""
    made = key_files(tmp_path_factory.mktemp("keys"))
    os.environ.update(made)
    yield
    for name in made:
        os.environ.pop(name, None)
