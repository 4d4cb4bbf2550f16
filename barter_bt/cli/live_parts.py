"""What a configuration file says to a session at an exchange, which has data, balances and terms of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barter_bt.live import System


def recorded_system(config: Path, prefix: str) -> System:
    """The system of a session at the exchange, to process its recording again."""
    from barter_bt.cli.places import Listener
    from barter_bt.live import System

    parts = live_parts(config)
    exchanges = tuple(dict.fromkeys(one.exchange for one in parts["instruments"]))
    return System(**parts, prefix=prefix, sources=[], clients=[Listener(exchanges)])


def live_parts(config: Path) -> dict[str, Any]:
    """What of a configuration is not the exchange's own."""
    from barter_bt.backtest.config import load

    return parts_of(load(config).build())


def parts_of(built: Mapping[str, Any]) -> dict[str, Any]:
    """The same of one that is built."""
    return {name: built[name] for name in ("instruments", "strategy", "risk", "units", "reporting") if name in built}
