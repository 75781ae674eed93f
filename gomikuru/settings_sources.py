"""Where settings come from: files and environment, merged key by key, each key remembering its source.

Knows nothing of what the settings mean; turns what is wrong into problems that say where, what, and what to do.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

PREFIX = "GOMIKURU_"
NOT_SETTINGS = {"GOMIKURU_CONFIG"}
CREDENTIALS = "$CREDENTIALS_DIRECTORY"
CREDENTIALS_UNSET = "CREDENTIALS_DIRECTORY is not set"
NAME_CREDENTIALS = "run this through systemd-run as docs/operations.md shows, or name the file in full"
SECRET_FILES = {
    ("broker", "password_file"): "password",
    ("store", "password_file"): "password",
    ("fcm", "service_account_file"): "service_account_json",
    ("line", "token_file"): "token",
    ("line", "secret_file"): "secret",
    ("email", "password_file"): "password",
}
"""Which key names a file whose content is a secret, and the key that it stands for."""

Key = tuple[str, ...]


class Problem(NamedTuple):
    """One thing that is wrong: the file or variable, the key, what is wrong, what to do."""

    source: str
    key: str
    wrong: str
    advice: str

    def __str__(self) -> str:
        return (
            f"{self.source}: {self.key}: {self.wrong}; {self.advice}"
            if self.key
            else f"{self.source}: {self.wrong}; {self.advice}"
        )


class SettingsError(Exception):
    """The settings cannot be used; lists all problems."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class Sources:
    """Collects the layers; the later one wins, key by key."""

    def __init__(self, model: type[BaseModel], credentials: str = "") -> None:
        self._credentials = credentials
        self.fields = dict(fields_of(model))
        self.merged: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self._where: dict[Key, str] = {}

    def add_file(self, path: Path, base: Path) -> None:
        """Add a TOML file; relative paths in it start at `base`."""
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            self._wrong(
                str(path),
                "",
                f"cannot be read ({error.strerror})",
                "check the path given by --config or GOMIKURU_CONFIG",
            )
        except (ValueError, RecursionError) as error:
            self._wrong(str(path), "", f"is no TOML: {error}", "mend the line; texts stand in quotes")
        else:
            for key, value in leaves(table):
                self._put(key, value, str(path), base)

    def add_environment(self, environ: Mapping[str, str]) -> None:
        """Add the variables GOMIKURU_KEY and GOMIKURU_SECTION__KEY; an empty one counts as absent."""
        for name, value in sorted(environ.items()):
            if name.startswith(PREFIX) and name not in NOT_SETTINGS and value:
                self._put(tuple(name.removeprefix(PREFIX).lower().split("__")), value, name, Path.cwd())

    def read_secret_files(self) -> None:
        """Put the content of secret files where the secret itself would stand."""
        for (section, file_key), secret_key in SECRET_FILES.items():
            table = self.merged.get(section)
            if isinstance(table, dict) and table.get(file_key) is not None:
                self._read_secret(table, (section, file_key), (section, secret_key))

    def problem(self, details: ErrorDetails) -> Problem:
        """Turn what pydantic found into a problem; never repeats the value, which may be a secret."""
        key = tuple(str(part) for part in details["loc"])
        while key and key not in self.fields and len(key) > 1:
            key = key[:-1]
        field = self.fields.get(key)
        advice = f"it is: {field.description}" if field else "see docs/settings.md"
        return Problem(self._source(key), ".".join(key), details["msg"].removeprefix("Value error, "), advice)

    def _put(self, key: Key, value: Any, source: str, base: Path) -> None:
        field = self.fields.get(key)
        if field is None:
            self._wrong(source, ".".join(key), "no such setting", self._nearest(key))
            return
        if isinstance(value, str) and "Path" in str(field.annotation):
            value = self._path(value, base)
        self._where[key] = source
        table = self.merged
        for part in key[:-1]:
            table = table.setdefault(part, {})
        table[key[-1]] = value

    def _path(self, text: str, base: Path) -> str | None:
        """Tell the path that is meant; systemd tells a service where its credentials are."""
        if text.startswith(CREDENTIALS) and self._credentials:
            text = self._credentials + text.removeprefix(CREDENTIALS)
        return str(base / Path(text).expanduser()) if text else None

    def _read_secret(self, table: dict[str, Any], file_key: Key, secret_key: Key) -> None:
        source = self._source(file_key)
        if table.get(secret_key[-1]) is not None:
            self._wrong(source, ".".join(file_key), f"stands beside {'.'.join(secret_key)}", "keep one of the two")
            return
        if CREDENTIALS in str(table[file_key[-1]]):
            self._wrong(source, ".".join(file_key), CREDENTIALS_UNSET, NAME_CREDENTIALS)
            return
        try:
            text = Path(table[file_key[-1]]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "no UTF-8"
            self._wrong(
                source, ".".join(file_key), f"{table[file_key[-1]]} cannot be read ({reason})", "check path and rights"
            )
            return
        if not text:
            self._wrong(source, ".".join(file_key), f"{table[file_key[-1]]} is empty", "write the secret into it")
            return
        self._where[secret_key] = str(table[file_key[-1]])
        table[secret_key[-1]] = text

    def _source(self, key: Key) -> str:
        return self._where.get(key, "settings")

    def _nearest(self, key: Key) -> str:
        near = difflib.get_close_matches(".".join(key), [".".join(known) for known in self.fields], n=1, cutoff=0.5)
        return f"did you mean {near[0]}?" if near else "docs/settings.md lists all"

    def _wrong(self, source: str, key: str, wrong: str, advice: str) -> None:
        self.problems.append(Problem(source, key, wrong, advice))


def fields_of(model: type[BaseModel], prefix: Key = ()) -> Iterator[tuple[Key, FieldInfo]]:
    """List every key of a model, sections opened up."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from fields_of(inner, (*prefix, name))
        else:
            yield (*prefix, name), field


def leaves(table: Mapping[str, Any], prefix: Key = ()) -> Iterator[tuple[Key, Any]]:
    """List every value of nested tables with its key."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*prefix, name))
        else:
            yield (*prefix, name), value
