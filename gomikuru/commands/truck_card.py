"""What `gomikuru trucks` shows once: a truck's credential, how it is used, and the set-up link of a driver's phone."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import segno
import typer

from gomikuru import truck_files
from gomikuru.truck_address import Address
from gomikuru.trucks import SAMPLE, Credential, owntracks_link


def print_lines(credential: Credential) -> None:
    """Print what the broker's files need, for an operator who keeps these elsewhere."""
    typer.echo("\nYour broker's files need this, whichever broker it is, in place of what they have of this user:")
    for where, text in truck_files.lines_to_add(credential, secrets.token_bytes):
        typer.echo(f"\n# {where}\n{text.rstrip()}")


def print_credential(credential: Credential, address: Address, qr: Path | None) -> None:
    """Print the credential, and the link or the sample that goes with it."""
    typer.echo(f"\nThe truck's credential; the password is shown this once:\n  broker    {address}")
    typer.echo(f"  user      {credential.user}\n  password  {credential.password}")
    typer.echo(f"  topic     {credential.writes[0]}")
    if credential.device is None:
        typer.echo(
            f"  payload   {SAMPLE}\n            with QoS 1, not retained; docs/operators.md, 'What a truck sends'"
        )
    if address.remark:
        typer.echo(f"warning: {address.remark}", err=True)
    if not address.tls:
        typer.echo("warning: without TLS (mqtts://) the password and the positions travel in the clear", err=True)
    if credential.device is not None:
        _print_link(owntracks_link(credential, address.host, address.port, address.tls), qr)


def _print_link(link: str, qr: Path | None) -> None:
    code = segno.make(link, error="l", micro=False)
    typer.echo(f"\nOpen this on the driver's phone, where OwnTracks is installed, or scan the code:\n\n{link}\n")
    if qr is not None:
        code.save(str(qr), scale=4)
        qr.chmod(0o600)
        typer.echo(f"wrote {qr}; it holds the password: delete it when the phone is set up")
    elif sys.stdout.isatty():
        code.terminal(compact=True)
