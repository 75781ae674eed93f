"""Where the project's own data files are: in a checkout beside the packages, in a built distribution inside this one.

Finds paths; reads nothing.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def checkout() -> Path | None:
    """Tell the root of the checkout, or None where the project was installed from a built distribution."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "config" / "default.toml").is_file() else None


def config(name: str) -> Path:
    """Tell the path of a file of config/, such as nats.conf."""
    root = checkout()
    return _found(root / "config" / name if root else _PACKAGE / "_data" / "config" / name)


def default_settings() -> Path:
    """Tell the path of the settings' defaults."""
    return config("default.toml")


def sample_cities() -> Path:
    """Tell the folder that holds the sample city's folder."""
    root = checkout()
    return _found(root / "data" / "routes" if root else _PACKAGE / "_data" / "routes")


def leaflet() -> Path | None:
    """Tell the folder of the map library (leaflet.js, leaflet.css, images/), or None where it was not fetched."""
    root = checkout()
    folder = root / "node_modules" / "leaflet" / "dist" if root else _PACKAGE / "_data" / "assets" / "leaflet"
    return folder if (folder / "leaflet.js").is_file() else None


def _found(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: the installation is incomplete; install Gomikuru again")
    return path
