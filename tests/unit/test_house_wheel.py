"""A built distribution carries everything that it needs beside the packages, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from gomikuru import places
from tests.support.needs import absent

ROOT = Path(__file__).resolve().parents[2]
BUILD = (
    "import os, sys; from hatchling.build import build_wheel; os.chdir(sys.argv[1]); print(build_wheel(sys.argv[2]))"
)
ASK = """
import json, sys
from gomikuru import places
print(json.dumps([str(places.checkout()), str(places.default_settings()), str(places.config("nats.conf")),
                  str(places.sample_cities()), str(places.leaflet())]))
"""


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build a wheel with the environment's own hatchling."""
    command = [sys.executable, "-P", "-c", BUILD, str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout."""
    if places.leaflet() is None:
        absent("node_modules/leaflet (npm ci)")
    target = tmp_path_factory.mktemp("dist")
    built = build(ROOT, target)
    assert built.returncode == 0, built.stderr
    return target / built.stdout.split()[-1]


def test_a_wheel_holds_our_packages_their_data_and_nothing_else(wheel: Path) -> None:
    """No tests, no config package, no stray folder reaches another machine's site-packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    info = {top for top in tops if top.endswith(".dist-info")}
    assert tops - info == set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    for data in ("config/default.toml", "config/nats.conf", "routes/sample/city.toml", "assets/leaflet/leaflet.js"):
        assert f"gomikuru/_data/{data}" in names
    assert "gomikuru/_data/assets/leaflet/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name]


def test_an_installed_wheel_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    """Outside a checkout the data inside the package is found."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n{ASK}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    checkout, *paths = json.loads(told)
    assert checkout == "None"
    assert all(Path(path).exists() and path.startswith(str(tmp_path / "site" / "gomikuru" / "_data")) for path in paths)


def test_building_without_the_map_library_says_what_to_run(tmp_path: Path) -> None:
    """A distribution whose map would be missing is not built."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    (source / "gomikuru").mkdir()
    built = build(source, tmp_path)
    assert built.returncode != 0
    assert "run `npm ci`" in built.stderr


def test_in_a_checkout_the_files_beside_the_packages_are_found() -> None:
    """A change of config/ takes effect without a build."""
    assert places.checkout() == ROOT
    assert places.default_settings() == ROOT / "config" / "default.toml"
    assert places.sample_cities() == ROOT / "data" / "routes"
    with pytest.raises(FileNotFoundError, match="installation is incomplete"):
        places.config("no-such-file")
