"""The service worker has shown a push: always the same answer, whatever the receipt is."""

from __future__ import annotations

from web.api.house import Call, House, Reply


def take(house: House, call: Call) -> Reply:
    """Take a receipt."""
    shown = house.take_receipt(call.body.receipt)
    house.meter.count("residents_receipts", outcome="taken" if shown else "unknown")
    return Reply(204)
