"""What can be split, and whether the prices of the data jump where it is."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import polars as pl

from barter_bt.columns.exact import LIMIT
from barter_bt.data.moment import moment
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales

_DENOMINATOR = 10**6  # the largest of a ratio
_WINDOW_NS = 5 * 86_400 * 10**9  # before and after a split, in which prices are looked for
_TELLING = 1.25  # a smaller ratio, or its inverse, cannot be told from what prices do anyway


def refuse_split(
    i: int, index: IndexedInstruments, scales: Scales, reporting: int, with_books: Collection[int] = ()
) -> None:
    """Refuse what is not simulated: splits of derivatives, and of what another instrument trades or is paid in."""
    one, base = index.instruments[i], index.bases[i]
    if one.is_derivative:
        raise ConfigError(f"a split of {one.key!r}, which is {one.kind}: only what is held splits")
    if i in with_books:
        raise ConfigError(f"a split of {one.key!r}, which has a stream of books", "give its quotes in place of it")
    if index.assets[base][1] == index.assets[reporting][1]:
        raise ConfigError(
            f"a split of {one.key!r}, in whose base equity is measured", "give the quote asset as reporting=..."
        )
    for other, each in enumerate(index.instruments):
        trades_it = not each.is_derivative and index.bases[other] == base
        if other != i and (trades_it or base in (index.quotes[other], index.settlement_assets[other])):
            raise ConfigError(
                f"a split of {one.key!r}, whose base {index.asset_names[base]!r} is of {each.key!r}, too",
                "that is not simulated: run them one by one",
            )
    if scales.lots[i] / scales.units[base] * _DENOMINATOR > LIMIT:
        raise ConfigError(
            f"a lot of {one.key!r} is {scales.lots[i]}, too many units of {scales.units[base]} for a split to be "
            "counted",
            "give a finer quantity_increment, or the base a coarser unit",
        )


def split_warnings(s: EngineState, index: IndexedInstruments, streams: Sequence[Any]) -> Iterator[str]:
    """Where the prices of the data do not jump by about the ratio: they are adjusted, and the split counts twice."""
    j = s.splits
    for row in range(len(j)):
        i, time, flow = j.instrument[row], j.time_exchange[row], j.flow[row]
        ratio = s.flows.num[flow] / s.flows.den[flow]
        if 1 / _TELLING < ratio < _TELLING:
            continue
        for stream in streams:
            names = [name for name in stream.instruments if index.codes.get(name) == i]
            before, after = _prices(stream, names, time) if names else (None, None)
            if before is None or after is None:
                continue
            fell = math.log(before / after)
            if abs(fell) < abs(fell - math.log(ratio)):  # nearer to no jump than to the ratio
                yield (
                    f"the price of {index.names[i]!r} goes from {before:g} to {after:g} at its split of "
                    f"{s.flows.num[flow]}:{s.flows.den[flow]}, {moment(time)}: prices that are adjusted for splits "
                    "count them twice"
                )
            break


def _prices(stream: Any, names: Sequence[str], time: int) -> tuple[float | None, float | None]:
    """The last price at or before a time and the first after it, within some days."""
    stamp = pl.col("time_exchange").to_physical()
    first, last = {
        "trades": (pl.col("price"), pl.col("price")),
        "candles": (pl.col("open"), pl.col("close")),
        "quotes": ((pl.col("bid_price") + pl.col("ask_price")) / 2,) * 2,
    }[stream.kind]
    mine = stream.frame().filter(pl.col("instrument").cast(pl.String).is_in(names))
    if stream.kind == "quotes":
        mine = mine.filter((pl.col("bid_amount") > 0) & (pl.col("ask_amount") > 0))
    older = mine.filter((stamp <= time) & (stamp > time - _WINDOW_NS)).select(last.last())
    newer = mine.filter((stamp > time) & (stamp <= time + _WINDOW_NS)).select(first.first())
    found = [one.item() for one in pl.collect_all([older, newer])]
    return found[0], found[1]
