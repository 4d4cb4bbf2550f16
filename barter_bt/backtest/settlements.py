"""Settlement prices by time: what an instrument that expires is settled at (rule 80)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import polars as pl

from barter_bt.data.flows import CashFlows
from barter_bt.data.moment import moment
from barter_bt.errors import ConfigError, InstrumentError, nearest
from barter_bt.instrument import Instrument
from barter_bt.instrument.contract import expiry_ns

NEVER_SETTLED = "settlement prices of {!r}, which has no expiry"


def with_settlements(instruments: Sequence[Instrument], flows: Sequence[CashFlows]) -> list[Instrument]:
    """The instruments, each with the last of its settlement prices until its expiry.

    Raises
    ------
    ConfigError, InstrumentError
        A price is of what is not there or does not expire, lies after the expiry, or one is declared, too.
    """
    found = list(instruments)
    for one in flows:
        if one.kind == "settlement":
            for (name,), rows in one.frame.group_by("instrument", maintain_order=True):
                number = _named(str(name), found)
                if found[number].kind != "future" or found[number].expiry is not None:  # those may be settled by day
                    found[number] = _settled(found[number], rows)
    return found


def _settled(one: Instrument, rows: pl.DataFrame) -> Instrument:
    if one.expiry is None:
        raise ConfigError(NEVER_SETTLED.format(one.key), "only what expires is settled")
    if one.settlement_price is not None:
        raise ConfigError(
            f"settlement prices of {one.key!r}, whose settlement_price is {one.settlement_price}, too",
            "give one or the other, and all of an instrument in one frame",
        )
    expiry, last = expiry_ns(one.expiry, one.name), rows["time"].dt.cast_time_unit("ns").to_physical()[-1]
    if last > expiry:
        raise ConfigError(
            f"a settlement price of {one.key!r} of {moment(last)} lies after its expiry, {moment(expiry)}",
            "the price at which it is settled bears the time of the expiry, or an earlier one",
        )
    return replace(one, settlement_price=Decimal(repr(rows["price"][-1])))


def _named(name: str, instruments: Sequence[Instrument]) -> int:
    known = [number for number, one in enumerate(instruments) if name in (one.name, one.key)]
    if len(known) == 1:
        return known[0]
    if known:
        raise InstrumentError(f"settlement prices of {name!r}, which several exchanges have", "write exchange.name")
    like = nearest(name, [one.name for one in instruments])
    raise InstrumentError(
        f"settlement prices of {name!r}, which is no instrument of the run", f"did you mean {like!r}?" if like else None
    )
