"""From a fault's numbers to an error with names (rule 2: the kernel returns a code and a place, never text)."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.backtest.feeder import Feeder
from barter_bt.columns.exact import LIMIT
from barter_bt.data import check
from barter_bt.errors import BarterBtError, DataError, EngineError, StrategyError
from barter_bt.execution.venue.state import (
    BAD_INSTRUMENT,
    BAD_ORDER,
    BAD_ROW,
    ENDLESS,
    FILL_IN_PAST,
    OUT_OF_RANGE,
    TIME_WENT_BACK,
    VenueState,
)
from barter_bt.instrument import IndexedInstruments, Scales

_COARSER = 1000  # times, so that the next error is far away


def explain(v: VenueState, feeder: Feeder, index: IndexedInstruments, scales: Scales, time: int) -> BarterBtError:
    """The error that a fault stands for."""
    code, instrument = v.fault.code[0], v.fault.instrument[0]
    name = index.names[instrument] if 0 <= instrument < len(index) else "?"
    if code == BAD_INSTRUMENT:
        return StrategyError(
            f"the strategy asked for something of instrument {instrument} at {time} ns; there are {len(index)}, from 0",
            f"they are {', '.join(index.names[:10])}",
        )
    if code == FILL_IN_PAST or (code == TIME_WENT_BACK and v.fault.cursor[0] < 0):
        return EngineError(
            f"time went back at {time} ns: this is a fault of barter_bt, and no result is given",
            "please report it with the data and the strategy",
        )
    if code in (BAD_ROW, TIME_WENT_BACK):
        return _data_error(v, feeder, index, name)
    if code == OUT_OF_RANGE:
        return _range_error(v, index, scales, time)
    if code == BAD_ORDER:
        return StrategyError(
            f"the strategy asked for an order of {name!r} at {time} ns whose quantity or price is not positive or "
            "not on the instrument's grid",
            "use round_price and round_quantity; more than 4.6e18 lots need a coarser quantity_increment",
        )
    if code == ENDLESS:
        return StrategyError(
            f"the strategy answers itself without end at {time} ns",
            "an order sent on every order event, without latency, never lets time go on",
        )
    return EngineError(f"fault {code} at {time} ns")


def _range_error(v: VenueState, index: IndexedInstruments, scales: Scales, time: int) -> EngineError:
    """An amount that is too large to be counted, and the unit or the lot that would do."""
    i, asset = v.fault.instrument[0], v.fault.asset[0]
    step = scales.lots[i] if asset < 0 else scales.units[asset]
    coarser = str((step * _COARSER).normalize())
    what = f"the quantity of {index.names[i]!r}" if asset < 0 else f"an amount of {index.asset_names[asset]!r}"
    pairs = zip(index.names, index.bases, index.instruments, scales.lots, strict=True)
    fine = [
        name
        for k, (name, base, one, lot) in enumerate(pairs)
        if (k == i if asset < 0 else base == asset and not one.is_derivative and lot % Decimal(coarser))
    ]
    hints = [f"give {name!r} a quantity_increment of {coarser}, or a multiple of it" for name in fine]
    if asset >= 0:
        hints.append(f"count in a coarser unit: units={{{index.asset_names[asset]!r}: {coarser!r}}}")
    return EngineError(
        f"{what} left the range of ±2^62 steps of {step} (±{float(LIMIT * step):.2g}) at a fill of "
        f"{index.names[i]!r} at {time} ns",
        "; ".join(hints) + "; an equity that grows beyond all bounds is often that of a strategy that looks ahead",
    )


def _data_error(v: VenueState, feeder: Feeder, index: IndexedInstruments, name: str) -> DataError:
    c, row = max(v.fault.cursor[0], 0), v.fault.row[0]
    report = check(feeder.stream_of(c), index.codes)
    try:
        report.raise_if_errors()
    except DataError as error:
        return error
    at, values = feeder.place(c, row)
    kind = feeder.stream_of(c).kind
    return DataError(
        f"{at} ({kind}, {name}) is off the instrument's grid, too large, or goes back in time: {values}",
        "prices must be multiples of price_increment; leave it out to have them rounded to nine digits or more",
    )
