"""What a built distribution carries beside the packages: configuration, the sample city, the front-end assets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEAFLET = "node_modules/leaflet/dist"
CARRIED = {
    "config": "gomikuru/_data/config",
    "data/routes/sample": "gomikuru/_data/routes/sample",
    f"{LEAFLET}/leaflet.js": "gomikuru/_data/assets/leaflet/leaflet.js",
    f"{LEAFLET}/leaflet.css": "gomikuru/_data/assets/leaflet/leaflet.css",
    f"{LEAFLET}/images": "gomikuru/_data/assets/leaflet/images",
    "node_modules/leaflet/LICENSE": "gomikuru/_data/assets/leaflet/LICENSE",
}


class CarriedFiles(BuildHookInterface[Any]):
    """Adds the files to wheels and source distributions; an editable installation reads them from the checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say where each file goes; refuse to build a distribution whose map would be missing."""
        if version == "editable":
            return
        if not Path(self.root, LEAFLET, "leaflet.js").is_file():
            raise FileNotFoundError(
                f"{LEAFLET} is not there: run `npm ci` (or `python3 dev.py test`, which fetches it) and build again"
            )
        for source, place in CARRIED.items():
            build_data["force_include"][source] = source if self.target_name == "sdist" else place
