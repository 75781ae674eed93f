"""`gomikuru run`: what it says where it cannot begin. That it runs is shown in tests/flow."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gomikuru import demo
from gomikuru.cli import program
from notifier.adapters import catalogues


def settings_file(tmp_path: Path, more: str = "") -> str:
    """Write settings whose store is not there: what is told must be told before it is asked."""
    path = tmp_path / "gomikuru.toml"
    path.write_text(f'[store]\nurl = "redis://127.0.0.1:1"\n[metrics]\nport = 0\n{more}', encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("fcm", "said"),
    [
        ("service_account_json = '{}'", "is no service account"),
        ('service_account_json = \'{"type": "service_account", "project_id": 7}\'', "lacks project_id"),
    ],
)
def test_a_push_account_that_cannot_be_used_is_said_plainly(tmp_path: Path, fcm: str, said: str) -> None:
    """One sentence and exit code 1, not a traceback."""
    result = CliRunner().invoke(program(), ["run", "notifier", "--config", settings_file(tmp_path, f"[fcm]\n{fcm}\n")])
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert said in result.stderr
    assert "gomikuru check" in result.stderr


def test_a_broken_message_catalogue_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose texts are broken names the file."""

    def broken() -> None:
        raise catalogues.CatalogueFault("ja/LC_MESSAGES/notifier.po: lacks an entry")

    monkeypatch.setattr(catalogues, "load_words", broken)
    result = CliRunner().invoke(program(), ["run", "notifier", "--config", settings_file(tmp_path)])
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert "notifier.po: lacks an entry" in result.stderr


@pytest.mark.parametrize(
    "options", [["--speed", "5", "--homes", "3"], ["--city", "."], ["--seed", "0"], ["--plain"], ["ingest", "--plain"]]
)
def test_an_option_of_the_demo_without_the_demo_is_refused(tmp_path: Path, options: list[str]) -> None:
    """Who forgets --demo must not find trucks of the real service played."""
    result = CliRunner().invoke(program(), ["run", *options, "--config", settings_file(tmp_path)])
    assert result.exit_code == 2
    names = ", ".join(each for each in options if each.startswith("--"))
    assert f"{names}: only with --demo" in result.stderr


def test_the_demo_takes_its_defaults_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty times faster than life, 20,000 homes, seed 1; and a seed of 0 is a seed."""
    asked: list[demo.Wanted] = []
    monkeypatch.setattr(demo, "demonstrate", lambda wanted: asked.append(wanted) or 0)
    assert CliRunner().invoke(program(), ["run", "--demo"]).exit_code == 0
    assert (
        CliRunner().invoke(program(), ["run", "--demo", "--seed", "0", "--speed", "2", "--homes", "9"]).exit_code == 0
    )
    assert asked == [demo.Wanted(None, None, 20.0, 20_000, 1, False), demo.Wanted(None, None, 2.0, 9, 0, False)]
