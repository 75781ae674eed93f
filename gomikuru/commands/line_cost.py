"""The command `gomikuru line-cost`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gomikuru.commands.inputs import CityDir, city_at, fail


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("line-cost")(line_cost)


def line_cost(
    city_dir: CityDir,
    households: Annotated[int, typer.Option("--households", min=1, help="Households that would choose LINE.")],
    price: Annotated[float, typer.Option("--price", min=0.0, help="Price of one message beyond the free ones.")],
    free: Annotated[int, typer.Option("--free", min=0, help="Messages that the plan includes a month.")] = 200,
    fee: Annotated[float, typer.Option("--fee", min=0.0, help="The plan's price a month.")] = 0.0,
    collections: Annotated[
        float | None, typer.Option("--collections", min=0.1, help="Collections a month; from calendar.csv if absent.")
    ] = None,
    alerts: Annotated[
        float | None, typer.Option("--alerts", min=0.1, help="Alerts a collection; from the archive if absent.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Settings file: where the archive is.")] = None,
) -> None:
    """Foretell what LINE would cost a city in a month, before it is enabled. Nothing is sent to anybody."""
    from gomikuru.line_costs import Share, alerts_a_collection, collections_a_month
    from gomikuru.settings import SettingsError, load
    from notifier.line_budget import cost_of

    city = city_at(city_dir)
    try:
        archive = load(config, os.environ).archive.dir
    except SettingsError as error:
        fail(str(error))
    day = datetime.now(UTC).date()
    often = Share(collections, "given") if collections else collections_a_month(city_dir, day)
    if often is None:
        fail(f"{city_dir}: there is no calendar.csv that can be used; give --collections")
    each = Share(alerts, "given") if alerts else alerts_a_collection(archive, city.id, day)
    cost = cost_of(households, often.value, each.value, free, price)
    typer.echo(f"{city.name}: {households:,} households with LINE")
    typer.echo(f"collections a month    {often.value:.1f}  ({often.source})")
    typer.echo(f"alerts a collection    {each.value:.2f}  ({each.source}; reminders come on top)")
    typer.echo(f"messages a month       {cost.messages:,}, of which {cost.paid:,} beyond the {free:,} of the plan")
    typer.echo(f"price a month          {cost.price + fee:,.0f}")
    if cost.paid and not price:
        typer.echo("a plan without messages beyond: after its cap, homes with another way are told through that")
