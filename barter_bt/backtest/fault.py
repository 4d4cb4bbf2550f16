"""From a fault's numbers to an error with names (rule 2: the kernel returns a code and a place, never text)."""

from __future__ import annotations

from barter_bt.backtest.feeder import Feeder
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
from barter_bt.instrument import IndexedInstruments


def explain(v: VenueState, feeder: Feeder, index: IndexedInstruments, time: int) -> BarterBtError:
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
        return EngineError(
            f"an amount of {name!r} left the range of ±2^62 units at {time} ns",
            "give the instrument a coarser price_increment or quantity_increment, or trade smaller quantities; "
            "an equity that grows beyond all bounds is often that of a strategy that looks ahead",
        )
    if code == BAD_ORDER:
        return StrategyError(
            f"the strategy asked for an order of {name!r} at {time} ns whose quantity or price is not positive or "
            "not on the instrument's grid",
            "use round_price and round_quantity",
        )
    if code == ENDLESS:
        return StrategyError(
            f"the strategy answers itself without end at {time} ns",
            "an order sent on every order event, without latency, never lets time go on",
        )
    return EngineError(f"fault {code} at {time} ns")


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
        "prices must be multiples of price_increment and amounts of quantity_increment; leave the increments out "
        "to have the data rounded to 1e-9",
    )
