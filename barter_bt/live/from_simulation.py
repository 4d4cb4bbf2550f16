"""What of a simulation a live system is told: the arguments of its engine, and what cannot be told at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from barter_bt.backtest.setup import Setup
from barter_bt.errors import ConfigError, DataError
from barter_bt.instrument import Instrument
from barter_bt.strategy.columns import expect_numbers, own_columns


def engine_arguments(setup: Setup) -> dict[str, Any]:
    """Keyword arguments of an :class:`~barter_bt.system.Engine` that counts as the venue does."""
    scales = setup.scales
    keys = [f"{exchange}.{name}" for exchange, name in setup.index.assets]
    return {
        "instruments": instruments_of(setup),
        "balances": {keys[asset]: amount for asset, amount in setup.balances.items()},
        "units": dict(zip(keys, scales.units, strict=True)),
        "reporting": keys[setup.market.reporting],
        "risk": setup.asked_risk,
        "venues": dict(setup.venues),
        "rates": setup.rates,
        "data_columns": [name for name in own_columns(setup.streams) if _holds_numbers(setup, name)],
        "sessions": {setup.index.names[i]: one for i, one in setup.sessions.items()},
        "start": setup.begins,
    }


def instruments_of(setup: Setup) -> list[Instrument]:
    """What is traded, with the increments that prices and quantities are counted in."""
    scales = setup.scales
    return [
        replace(one, price_increment=scales.ticks[i], quantity_increment=scales.lots[i])
        for i, one in enumerate(setup.index.instruments)
    ]


def _holds_numbers(setup: Setup, name: str) -> bool:
    """Whether strategies can read a column of the user's own."""
    try:
        for stream in setup.streams:
            expect_numbers(stream, name)
    except DataError:
        return False
    return True


def refuse_untold(setup: Setup) -> None:
    """Refuse what a live system cannot be told.

    Raises
    ------
    ConfigError
        There are commands, readings to record, splits or order books.
    DataError
        There is no data.
    """
    if setup.commands:
        raise ConfigError("the simulation has commands", "in a live system they are given to its handle")
    if setup.record:
        raise ConfigError("the simulation has readings to record", "leave record out: what is live is not read so")
    if any(one.kind == "split" for one in setup.cash_flows):
        raise ConfigError("the simulation has splits, which no account event can tell", "use adjusted prices")
    for stream in setup.streams:
        if stream.is_book:
            raise ConfigError(f"{stream.name} is an order book, which is not told live", "give its best quotes")
    if not setup.streams:
        raise DataError("the simulation has no data")
