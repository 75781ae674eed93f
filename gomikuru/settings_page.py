"""Writes docs/settings.md from the descriptions in settings.py: `python -m gomikuru.settings_page`."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gomikuru import places
from gomikuru.settings import Settings

HEAD = """\
# Settings

Written by `python -m gomikuru.settings_page` from the descriptions in `gomikuru/settings.py`; a test holds the two
together. The values below are those of `config/default.toml`.

Three layers, the later one wins, key by key:

1. the defaults, `config/default.toml`;
2. a TOML file: `gomikuru COMMAND --config FILE`, or the variable `GOMIKURU_CONFIG`; relative paths in it start
   at its folder;
3. the environment: `GOMIKURU_SECTION__KEY`, for instance `GOMIKURU_STORE__URL=rediss://store.example:6379`
   (`GOMIKURU_CITIES_DIR` for the one key outside a section); an empty variable counts as absent.

All problems are told at once, each with its file or variable. An unknown key is a problem, with the nearest known one.
Secrets are never shown: not by `gomikuru check`, not in an error, not in a log. Each can stand in a file of its own,
as systemd credentials and container secrets give them: `password_file`, `service_account_file`; a path may begin with
`$CREDENTIALS_DIRECTORY`, which systemd sets. Where a secret stands twice, as text and as a file, that is a problem.
Addresses take no user and no password.
"""


def page() -> str:
    """Write the whole page."""
    defaults = tomllib.loads(places.default_settings().read_text(encoding="utf-8"))
    outside = {name: field for name, field in Settings.model_fields.items() if _section(field) is None}
    parts = [HEAD, *_table("", outside, defaults)]
    for name, field in Settings.model_fields.items():
        section = _section(field)
        if section is not None:
            parts += [f"## {name}\n", f"{inspect.getdoc(section)}\n"]
            parts += _table(f"{name}.", section.model_fields, defaults[name])
    return "\n".join(parts)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _table(prefix: str, fields: dict[str, FieldInfo], defaults: dict[str, Any]) -> Iterator[str]:
    yield "| key | default | meaning |\n| --- | --- | --- |"
    for name, field in fields.items():
        default = f"`{_toml(defaults[name])}`" if name in defaults else "-"
        yield f"| `{prefix}{name}` | {default} | {field.description} |"
    yield ""


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    print(page(), end="")
