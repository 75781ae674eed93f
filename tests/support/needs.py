"""What a test needs and may not find: locally the test skips and says why, with CI=true the absence is a failure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def absent(what: str) -> NoReturn:
    """End the test because something is absent."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is absent, and CI must have it")
    pytest.skip(f"{what} is absent")


def program(name: str, package: str) -> str:
    """Tell the path of a system program, looking in sbin too."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return path or absent(f"{name} (Debian package {package})")


def shared_data(relative: str) -> Path:
    """Tell the path of a real recording beside the project."""
    path = SHARED_DATA / relative
    return path if path.exists() else absent(f"../shared/data/{relative}")
