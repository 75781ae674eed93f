"""How a device is named to its own household, and to the notifier, without its address. Pure."""

from __future__ import annotations

import hashlib

from model.subscription import Target


def device_id(target: Target) -> str:
    """Name a device: 16 hex digits."""
    return hashlib.sha256(f"{target.kind.value}\x1f{target.value}".encode()).hexdigest()[:16]
