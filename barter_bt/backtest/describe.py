"""What was run, as values that can be written as JSON: for the manifest and the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.data import Stream
from barter_bt.data.rates import ALWAYS, Pair
from barter_bt.errors import DataError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.venue.terms import Venue

if TYPE_CHECKING:
    from barter_bt.backtest.setup import Setup


def plain(value: Any) -> Any:
    """A value as JSON knows it; what JSON does not know becomes text."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, pl.Expr):  # its text leaves out windows and other options
        try:
            return {"text": str(value), "polars": json.loads(value.meta.serialize(format="json"))}
        except pl.exceptions.PolarsError:  # a function of the user's own that cannot be written down
            return {"text": str(value)}
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return str(value)


def describe(
    index: IndexedInstruments,
    scales: Scales,
    venues: Mapping[str, Venue],
    balances: Mapping[int, Decimal],
    strategy: Any,
    mark_every_ns: int,
) -> dict[str, Any]:
    """Configuration of a run."""
    instruments = [
        plain(asdict(one)) | {"tick": str(scales.ticks[i]), "lot": str(scales.lots[i])}
        for i, one in enumerate(index.instruments)
    ]
    parameters = strategy.__dict__ if is_dataclass(strategy) else {}
    return {
        "instruments": instruments,
        "units": {name: str(scales.units[asset]) for asset, name in enumerate(index.asset_names)},
        "venues": {name: plain(asdict(venue)) for name, venue in venues.items()},
        "balances": {index.asset_names[asset]: str(amount) for asset, amount in balances.items()},
        "strategy": {"type": type(strategy).__qualname__, **{k: plain(v) for k, v in parameters.items()}},
        "mark_every_ns": mark_every_ns,
    }


def describe_run(setup: Setup, strategy: Any) -> dict[str, Any]:
    """Configuration of a run, with the zone that its times were given in."""
    told = {
        "risk": setup.asked_risk,
        "commands": setup.commands and setup.commands.frame.to_dicts(),
        "cash_flows": [repr(one) for one in setup.cash_flows],
        "sessions": {setup.index.names[i]: repr(one) for i, one in setup.sessions.items()},
        "rates": {f"{one.base}/{one.quote}": _told(one) for one in setup.rates},
        "trading": setup.trading,
        "audit": setup.audit,
    }
    described = describe(setup.index, setup.scales, setup.venues, setup.balances, strategy, setup.marks)
    return {**described, **plain(told), "time_zone": time_zone_of(setup.streams)}


def _told(one: Pair) -> str:
    """A rate, or how many there are."""
    return repr(float(one.rates[0])) if one.times == (ALWAYS,) else f"{len(one.times)} rate(s) by time"


def time_zone_of(streams: Sequence[Stream]) -> str:
    """The zone that all streams were given in; UTC where they differ."""
    zones = {stream.time_zone for stream in streams}
    return zones.pop() if len(zones) == 1 else "UTC"


def describe_data(streams: Sequence[Stream]) -> list[dict[str, Any]]:
    """Kind, rows, times and checksum of each stream; the checksum reads the data once.

    A file that is no longer what the run read has no checksum (None), and ``changed`` says why.
    """
    return [_described(stream) for stream in streams]


def _described(stream: Stream) -> dict[str, Any]:
    try:
        found = {"kind": stream.kind, **plain(stream.fingerprint())}
        found |= {} if stream.adjusted is None else {"adjusted": stream.adjusted}
        return found if stream.seen_by == "all" else found | {"seen_by": stream.seen_by}
    except DataError as error:
        found = {"kind": stream.kind, "source": stream.name, "rows": stream.rows, "sha256": None}
        return found | {"changed": error.message}
