"""From a fault's numbers to an error with names (rule 2: the kernel returns a code and a place, never text)."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from barter_bt.backtest.feeder import Feeder
from barter_bt.columns.exact import LIMIT
from barter_bt.data import check
from barter_bt.data.moment import moment
from barter_bt.engine.fault import (
    BAD_AMEND,
    BAD_ASSET,
    BAD_COLUMN,
    BAD_HISTORY,
    BAD_INSTRUMENT,
    BAD_NUMBER,
    BAD_ORDER,
    BAD_ROW,
    BAD_SHARE,
    BAD_TERMS,
    BAD_TIMES,
    BAD_TRANSFER,
    BAD_TRIGGER,
    ENDLESS,
    FILL_IN_PAST,
    LATE_PROTECTION,
    NO_SESSIONS,
    NOT_ASKED,
    OUT_OF_RANGE,
    RISK_OUT_OF_BOUNDS,
    SESSIONS_END,
    TIME_WENT_BACK,
    UNSEEN_TRIGGER,
    Fault,
)
from barter_bt.engine.order import TIMES_IN_FORCE
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import BarterBtError, DataError, EngineError, StrategyError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.strategy.triggers import RIGHT_SIDE
from barter_bt.venue.state import VenueState

_PACKAGE = str(Path(__file__).parents[1])
_COARSER = 1000  # times, so that the next error is far away


_SAID: Mapping[int, tuple[str, str]] = {
    BAD_INSTRUMENT: (
        "the strategy asked for something of instrument {number} at {time}; there are {instruments}, from 0",
        "they are {names}",
    ),
    BAD_ASSET: (
        "the strategy asked for the balance of asset {number} at {time}; there are {assets}, from 0",
        "they are {asset_names}; those of instrument i are s.terms.base[i] and .quote[i]",
    ),
    BAD_ORDER: (
        "the strategy asked for an order of {name!r} at {time} whose quantity or price is not positive or "
        "not on the instrument's grid",
        "use round_price and round_quantity; more than 4.6e18 lots need a coarser quantity_increment",
    ),
    BAD_TERMS: (
        "the strategy asked for an order of {name!r} at {time} whose time in force or post-only cannot be",
        f"{', '.join(map(str.upper, TIMES_IN_FORCE))} of barter_bt.strategy.api; post_only is 1 or 0, and 1 "
        "of GTC alone",
    ),
    BAD_TRIGGER: (
        "the strategy asked for an order of {name!r} at {time} with a trigger that cannot be",
        "a trigger and a distance are whole ticks above 0, a rate lies between 0 and 1; distance, rate or ticks, not "
        "several; ticks need an instrument's price_increment; an activation is of what trails, beyond its stop; "
        f"what only reduces is neither protected nor sized at its fill; {RIGHT_SIDE}",
    ),
    BAD_AMEND: (
        "an order of {name!r} is to be amended at {time} to what it cannot be",
        "amend its quantity (not of what protects an entry), of a limit its price, of a stop its trigger, of a "
        "trailing stop trailing, trailing_rate or trailing_ticks, and the activation that it has: above 0 and on the "
        "grid, something at all; 0 stays as it is",
    ),
    BAD_TRANSFER: (
        "margin of {name!r} is asked for at {time} that cannot be moved",
        "its margin must be isolated, the amount not 0, at most free_margin to add, at most margin_aside to take",
    ),
    UNSEEN_TRIGGER: (
        "an order of {name!r} at {time} has a trigger_by of prices that the data has none of",
        "last looks at trades or candles, quote at quotes, mark at any of them",
    ),
    NO_SESSIONS: (
        "sessions of {name!r} are asked for at {time}, and none are given",
        'give the backtest its calendar, as in sessions="XNYS", or data.sessions(...) with your own',
    ),
    SESSIONS_END: (
        "an order of {name!r} is to go by a session at {time}, after the last that is given",
        "give sessions that go on to one behind the end of the data",
    ),
    BAD_TIMES: (
        "the strategy asked for an order of {name!r} at {time} with times or a candle_fill that cannot be",
        "times lie ahead, good_till behind good_after and of GTC alone; day, at_open and at_close have their own, and "
        "the last two are not post-only; candle_fill is NEXT_OPEN, NEXT_CLOSE or THIS_CLOSE, of market, IOC and FOK "
        "orders without a trigger",
    ),
    LATE_PROTECTION: (
        "the strategy protects an order of {name!r} at {time} behind which it has asked for another, or that is "
        "protected",
        "an order is protected once, before the next is asked for: protect(s, buy(...), ...)",
    ),
    NOT_ASKED: (
        "the strategy says a condition of number {number} of what it asks for at {time}, which is no order",
        "conditions are said of what is asked for in the same wake-up: good_till(s, limit_buy(s, i, 1.0, 9.0), time)",
    ),
    BAD_SHARE: (
        "the strategy asked at {time} for a share of the equity in {name!r}, which is quoted in another asset",
        "use target_value, with an amount of the asset that it is quoted in",
    ),
    BAD_COLUMN: (
        "the strategy asked at {time} for column {number} of the data, which no strategy asked for",
        "name it in data_columns, and give its number: my.columns.name[0]",
    ),
    BAD_NUMBER: (
        "the strategy asked at {time} for order {number}, which is not there",
        "numbers come from first_order and order_after, until one is -1",
    ),
    ENDLESS: (
        "the strategy answers itself without end at {time}",
        "an order sent on every order event, without latency, never lets time go on",
    ),
    RISK_OUT_OF_BOUNDS: (
        "the risk manager says of an order of {name!r} at {time} what cannot be",
        "0 approves; k refuses with the k-th of its reasons, from 1; -k makes it k lots, at most those asked for",
    ),
}
"""Of faults that are the strategy's: what is said, and how it is put right."""


def explain(
    v: VenueState, feeder: Feeder, index: IndexedInstruments, scales: Scales, time: int, history: int
) -> BarterBtError:
    """The error that a fault stands for, at a time; ``history`` candles of each instrument are kept."""
    code, number = v.fault.code[0], v.fault.instrument[0]
    name = index.names[number] if 0 <= number < len(index) else "?"
    if is_ours(v.fault, feeder):
        return EngineError(
            f"time went back at {moment(time)}: this is a fault of barter_bt, and no result is given",
            "please report it with the data and the strategy",
        )
    if code in (BAD_ROW, TIME_WENT_BACK):
        return _data_error(v, feeder, index, scales, number)
    if code == OUT_OF_RANGE:
        return _range_error(v, index, scales, time)
    if code == BAD_HISTORY:
        return StrategyError(
            f"the strategy asked at {moment(time)} for the candle {number} before the last; {history} are kept, from 0",
            f"say how far it looks back: candle_history={number + 1}" if number >= 0 else None,
        )
    if code in _SAID:
        known = {
            "number": number,
            "name": name,
            "time": moment(time),
            "instruments": len(index),
            "assets": len(index.assets),
        }
        known |= {"names": ", ".join(index.names[:10]), "asset_names": ", ".join(index.asset_names[:10])}
        return StrategyError(*(said.format(**known) for said in _SAID[code]))
    return EngineError(f"fault {code} at {moment(time)}")


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
        f"{index.names[i]!r} at {moment(time)}",
        "; ".join(hints) + "; an equity that grows beyond all bounds is often that of a strategy that looks ahead",
    )


def is_ours(fault: Fault, feeder: Feeder) -> bool:
    """Whether it is a fault of this package, whose results nobody should see: rows that are checked do not go back."""
    code, c = fault.code[0], fault.cursor[0]
    return code == FILL_IN_PAST or (code == TIME_WENT_BACK and (c < 0 or feeder.stream_of(c).validate))


def raised(
    error: Exception,
    s: EngineState,
    index: IndexedInstruments,
    strategies: Sequence[str],
    otherwise: str = "the strategy",
) -> StrategyError:
    """What to say of a strategy that raised: what, in which line, when, and at which event."""
    from barter_bt.strategy.view import EVENTS

    number = s.engine.strategy[0]
    who = f"strategy {strategies[number]!r}" if number < len(strategies) else otherwise
    lines = users_lines(error.__traceback__)
    where = f" ({lines[-1].filename}, line {lines[-1].lineno})" if lines else ""
    i, event = s.event.instrument[0], EVENTS.get(s.event.kind[0], "event")
    of = f" of {index.names[i]!r}" if 0 <= i < len(index) else ""
    return StrategyError(
        f"{who} raised {type(error).__name__}: {error}{where}, at {moment(s.engine.time[0])}, woken by {event!r}{of}",
        "what was done until then is the error's result, a partial run"
        + ("" if lines else "; interpret=True shows the line"),
    )


def users_lines(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """The lines of a traceback that are not in this package."""
    return [frame for frame in traceback.extract_tb(trace) if not frame.filename.startswith(_PACKAGE)]


def _data_error(v: VenueState, feeder: Feeder, index: IndexedInstruments, scales: Scales, i: int) -> DataError:
    c, row = max(v.fault.cursor[0], 0), v.fault.row[0]
    report = check(feeder.stream_of(c), index.codes)
    try:
        report.raise_if_errors()
    except DataError as error:
        return error
    at, values = feeder.place(c, row)
    known = 0 <= i < len(index)
    name, tick = (index.names[i], f", {float(scales.ticks[i]):.12g}") if known else ("?", "")
    told = ", ".join(
        f"{column} {moment(int(value)) if column.startswith('time') else f'{value:.12g}'}"
        for column, value in values.items()
        if column != "instrument"
    )
    kind = feeder.stream_of(c).kind
    return DataError(
        f"{at} ({kind}, {name}) is off the instrument's grid, too large, or goes back in time: {told}",
        f"prices must be multiples of price_increment{tick}; leave it out to have them rounded to nine digits or more",
    )
