"""Conditions of orders as columns of their terms, and back, exactly (rules 28 to 36, 57 to 61)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from barter_bt.data.moment import moment
from barter_bt.engine.action.protect import BY_DISTANCE, BY_FRACTION
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import (
    AT_CLOSE,
    AT_OPEN,
    BUY,
    CANDLE_FILLS,
    EXERCISE,
    GTC,
    IF_TOUCHED,
    IOC,
    LIMIT,
    MARKET,
    NO_GROUP,
    NO_PARENT,
    NO_TIME,
    NO_TRIGGER,
    SELL,
    STOP,
    TRIGGER_PRICES,
    OrderTerms,
)
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE
from barter_bt.errors import DataError
from barter_bt.protocol import (
    CandleFill,
    Conditions,
    Distance,
    Fraction,
    FromPrice,
    IfTouched,
    Protects,
    SessionTime,
    SizedAtFill,
    Stop,
    Ticks,
    TriggerPrice,
)
from barter_bt.strategy.timing import LEAVE_OUT, ONLY_TAKERS
from barter_bt.strategy.triggers import ACTIVATION_SIDE, ONLY_TRAILING
from barter_bt.system.units import Units, whole

_FILLS = dict(zip(CandleFill, range(1, len(CANDLE_FILLS)), strict=True))
_PRICES = dict(zip(TriggerPrice, range(1, len(TRIGGER_PRICES)), strict=True))
_SESSIONS = {SessionTime.AT_OPEN: AT_OPEN, SessionTime.AT_CLOSE: AT_CLOSE}
_RATE = Decimal(1) / RATE


def terms_of(
    units: Units, i: int, given: Conditions, plain: Mapping[str, int], where: str, *, signed: bool
) -> dict[str, int]:
    """Columns of what an order waits for, but for the orders that it depends on.

    Parameters
    ----------
    plain
        Its columns without conditions.
    where
        Whose order it is, for errors.
    signed
        Whether prices of the instrument may be below 0.

    Raises
    ------
    DataError
        Conditions do not go together, or are off the grid.
    """
    found = _held(units, i, given, plain["side"], where, signed=signed)
    found |= _times(given, plain, where, is_held=bool(found))
    if plain["post_only"] and "trigger_kind" in found:
        raise DataError(f"{where} has a trigger and is post-only", "what is triggered takes: leave post_only out")
    if given.trigger_by is not None:
        found["trigger_by"] = _PRICES[given.trigger_by]
    found |= {"reduce_only": int(given.reduce_only), "resize": int(given.resize)}
    if given.protects is not None:
        found |= _protecting(units, i, given, plain, where)
    if given.sized is not None and (plain["kind"] != MARKET or given.trigger is not None or given.reduce_only):
        raise DataError(f"{where} is sized at its fill", "only a market order, without a trigger, is sized at its fill")
    if given.exercise:
        found |= _exercising(given, plain, where)
    return found


def _held(units: Units, i: int, given: Conditions, side: int, where: str, *, signed: bool) -> dict[str, int]:
    """Columns of a trigger."""
    trigger = given.trigger
    if trigger is None:
        return {}
    found = {"trigger_kind": STOP if isinstance(trigger, Stop) else IF_TOUCHED}
    if trigger.price is not None:
        if trigger.price <= 0 and not signed:
            raise DataError(f"{where} has a trigger of {trigger.price}; it must be above 0")
        found["trigger"] = units.ticks(i, trigger.price)
    trailing = trigger.trailing if isinstance(trigger, Stop) else None
    if trailing is not None:
        distance, rate = distance_terms(units, i, trailing, where, "trails by")
        found |= {"trail": distance, "trail_rate": rate}
        found |= _activated(units, i, given, side, where, signed=signed)
    elif trigger.price is None and (given.protects is None or given.protects.offset is None):
        raise DataError(f"{where} has a stop without a price", "give its price, or how far it trails")
    elif isinstance(trigger, Stop) and trigger.activation is not None:
        raise DataError(f"{where} has an activation of {trigger.activation}, and does not trail", ONLY_TRAILING)
    return found


def _activated(units: Units, i: int, given: Conditions, side: int, where: str, *, signed: bool) -> dict[str, int]:
    """Columns of what activates a trailing stop: a price, or a distance from the entry that it protects."""
    assert isinstance(given.trigger, Stop)
    price, start = given.trigger.activation, given.trigger.price
    away = None if given.protects is None else given.protects.activation
    if price is not None and away is not None:
        raise DataError(f"{where} has an activation price, and one at a distance from its entry", LEAVE_OUT)
    if away is not None:
        amount, rate = distance_terms(units, i, away, where, "is activated at")
        return {"activation": amount or rate, "activation_by": BY_DISTANCE if amount else BY_FRACTION}
    if price is None:
        return {}
    if price <= 0 and not signed:
        raise DataError(f"{where} has an activation of {price}; it must be above 0")
    if start is not None and (start - price) * side <= 0:
        raise DataError(f"{where} has a stop of {start} and an activation of {price}", ACTIVATION_SIDE)
    return {"activation": units.ticks(i, price)}


def distance_terms(units: Units, i: int, given: FromPrice, where: str, what: str) -> tuple[int, int]:
    """A distance as ticks, or else as a rate in 1e-9.

    Raises
    ------
    DataError
        It is not above 0, or a fraction not below 1.
    """
    if isinstance(given, Ticks):
        if given.count <= 0:
            raise DataError(f"{where} {what} {given.count} ticks; it must be above 0")
        return units.counted(i, given.count), 0
    if isinstance(given, Distance):
        if not given.amount > 0:
            raise DataError(f"{where} {what} {given.amount}; it must be above 0")
        return units.distance(i, given.amount), 0
    if not 0 < given.rate < (1 if what == "trails by" else 1 << 40):
        raise DataError(f"{where} {what} a fraction of {given.rate}; allowed: above 0, below 1", "2 % is 0.02")
    return 0, whole(given.rate, _RATE, "a fraction of a price")


def _times(given: Conditions, plain: Mapping[str, int], where: str, *, is_held: bool) -> dict[str, int]:
    """Columns of times, and of the price of a candle."""
    found: dict[str, int] = {}
    tif, is_limit = plain["time_in_force"], plain["kind"] == LIMIT
    if given.session is not None:
        others = (given.good_after, given.good_till, given.candle_fill, given.trigger)
        if tif != IOC or any(other is not None for other in others):
            raise DataError(
                f"{where} is for a session's time, and has others, a trigger, a candle_fill or another time in force",
                f"such an order is immediate or cancel: {LEAVE_OUT}",
            )
        return {"time_in_force": _SESSIONS[given.session]}
    if plain["day"] and (given.good_after is not None or given.good_till is not None):
        raise DataError(f"{where} is good until the end of the day, and has other times", LEAVE_OUT)
    starts = NO_TIME if given.good_after is None else given.good_after
    ends = NEVER if given.good_till is None else given.good_till
    if ends <= starts:
        raise DataError(f"{where}: good_till is {moment(ends)}, which is not after good_after, {moment(starts)}")
    if given.good_till is not None and tif != GTC:
        raise DataError(f"{where}: good_till and a time in force that ends at once", LEAVE_OUT)
    if given.candle_fill is not None and (is_held or (is_limit and tif == GTC)):
        raise DataError(f"{where}: candle_fill has no effect", ONLY_TAKERS)
    if given.candle_fill is not None:
        found["candle_fill"] = _FILLS[given.candle_fill]
    return found | {"good_after": starts, "good_till": ends}


def check_times(given: Conditions, now: int, where: str) -> None:
    """Refuse a time that has come already when an order is asked for (rule 35).

    Raises
    ------
    DataError
        One has.
    """
    for name in ("good_after", "good_till"):
        time = getattr(given, name)
        if time is not None and time <= now:
            raise DataError(
                f"{where}: {name} is {moment(time)}, which is not after {moment(now)}", "give a time to come"
            )


def _protecting(units: Units, i: int, given: Conditions, plain: Mapping[str, int], where: str) -> dict[str, int]:
    """What protects an entry is a stop, or a limit, that only reduces."""
    assert given.protects is not None
    is_stop = isinstance(given.trigger, Stop) and plain["kind"] == MARKET
    is_limit = given.trigger is None and plain["kind"] == LIMIT
    others = (
        given.after,
        given.group,
        given.good_after,
        given.good_till,
        given.candle_fill,
        given.session,
        given.sized,
    )
    if not (is_stop or is_limit) or plain["time_in_force"] != GTC or plain["post_only"] or not given.reduce_only:
        raise DataError(
            f"{where} protects {given.protects.entry!r} and is neither a stop nor a limit that only reduces",
            "allowed: a market order with a Stop, or a limit, good until cancelled, with reduce_only=True",
        )
    if any(other is not None for other in others):
        raise DataError(f"{where} protects {given.protects.entry!r}, and depends on more", "it ends with its entry")
    if given.protects.activation is not None and (
        not isinstance(given.trigger, Stop) or given.trigger.trailing is None
    ):
        raise DataError(f"{where} has an activation at a distance from its entry, and does not trail", ONLY_TRAILING)
    if given.protects.offset is None:
        return {}
    if given.trigger is not None and given.trigger.price is not None:
        raise DataError(f"{where} has a price and an offset from its entry", LEAVE_OUT)
    amount, rate = distance_terms(units, i, given.protects.offset, where, "lies at")
    return {"offset": amount, "offset_rate": rate} | ({"price": 0} if is_limit and not plain["price"] else {})


def _exercising(given: Conditions, plain: Mapping[str, int], where: str) -> dict[str, int]:
    if given != Conditions(exercise=True) or plain["kind"] != MARKET or plain["side"] != SELL:
        raise DataError(f"{where} exercises, with other conditions or as another order", "it is a market order to sell")
    return {"kind": EXERCISE, "time_in_force": IOC, "reduce_only": 1}


def wish_of(units: Units, i: int, sized: SizedAtFill, where: str) -> tuple[int, int, int, int]:
    """Side, value, what is held, and whether the fee counts, of an order that is sized at its fill.

    Raises
    ------
    DataError
        It is worth nothing.
    """
    value = units.money(i, abs(sized.worth))
    if value == 0:
        raise DataError(f"{where} is to be worth {sized.worth}; allowed: a unit of money or more, below 0 short")
    return (BUY if sized.worth > 0 else SELL), value, units.lots(i, sized.held), int(sized.with_fee)


def conditions_of(
    s: EngineState, units: Units, terms: OrderTerms, row: int, name_of: Callable[[int], str | None],
    entry_of: Callable[[int], str | None] | None = None,
) -> Conditions | None:  # fmt: skip
    """The conditions of a row, None if there are none; other orders go by the names that they are given.

    Parameters
    ----------
    name_of
        Of an order that a row names; None where that is not known, as is then what depends on it.
    entry_of
        Of the entry that a row protects, where that is named in another way.
    """
    if _is_plain(terms, row):
        return None
    i, t = terms.instrument[row], terms
    if t.kind[row] == EXERCISE:
        return Conditions(exercise=True)
    protects = after = None
    if t.parent[row] != NO_PARENT and t.follows[row]:
        after = name_of(t.parent[row])
    elif t.parent[row] != NO_PARENT:
        entry = (entry_of or name_of)(t.parent[row])
        protects = None if entry is None else _protects(units, i, t, row, entry)
    tif, by, fill = t.time_in_force[row], t.trigger_by[row], t.candle_fill[row]
    by_session = tif in (AT_OPEN, AT_CLOSE)
    return Conditions(
        trigger=_trigger(units, i, t, row),
        trigger_by=list(TriggerPrice)[by - 1] if by else None,
        reduce_only=bool(t.reduce_only[row]),
        resize=bool(t.resize[row]),
        good_after=None if t.good_after[row] == NO_TIME else t.good_after[row],
        good_till=None if t.good_till[row] == NEVER else t.good_till[row],
        session=(SessionTime.AT_OPEN if tif == AT_OPEN else SessionTime.AT_CLOSE) if by_session else None,
        candle_fill=list(CandleFill)[fill - 1] if fill else None,
        protects=protects,
        after=after,
        group=None if t.group[row] == NO_GROUP else name_of(t.group[row]),
        sized=_sized(s, units, i, t.wish[row] - 1) if t.wish[row] else None,
    )


def conditions_at(s: EngineState, units: Units, order: int, name_of: Callable[[int], str | None]) -> Conditions | None:
    """Those of an order that has been sent, and when it was triggered."""
    found, time = conditions_of(s, units, s.orders, order, name_of), s.orders.time_triggered[order]
    if time == NO_TIME:
        return found
    return msgspec.structs.replace(found or Conditions(), triggered=time)


def _is_plain(t: OrderTerms, row: int) -> bool:
    return not (
        t.trigger_kind[row] != NO_TRIGGER
        or t.reduce_only[row]
        or t.resize[row]
        or t.good_after[row] != NO_TIME
        or t.good_till[row] != NEVER
        or t.parent[row] != NO_PARENT
        or t.group[row] != NO_GROUP
        or t.candle_fill[row]
        or t.trigger_by[row]
        or t.wish[row]
        or t.kind[row] == EXERCISE
        or t.time_in_force[row] in (AT_OPEN, AT_CLOSE)
    )


def _trigger(units: Units, i: int, t: OrderTerms, row: int) -> Any:
    if t.trigger_kind[row] == NO_TRIGGER:
        return None
    price = units.price(i, t.trigger[row]) if t.trigger[row] else None
    if t.trigger_kind[row] == IF_TOUCHED:
        return IfTouched(price)  # type: ignore[arg-type]
    activation = units.price(i, t.activation[row]) if t.activation[row] and not t.activation_by[row] else None
    return Stop(price, distance_of(units, i, t.trail[row], t.trail_rate[row]), activation)


def _protects(units: Units, i: int, t: OrderTerms, row: int, entry: str) -> Protects:
    """The entry that a row protects, and what of it is a distance from that."""
    ahead, by = t.activation[row], t.activation_by[row]
    activation = None
    if by:
        activation = distance_of(units, i, *((0, ahead) if by == BY_FRACTION else (ahead, 0)))
    return Protects(entry, distance_of(units, i, t.offset[row], t.offset_rate[row]), activation)


def distance_of(units: Units, i: int, ticks: int, rate: int) -> FromPrice | None:
    """Ticks, or else a rate in 1e-9, as a distance; None if both are 0."""
    if ticks:
        return Distance(units.of_distance(i, ticks))
    return Fraction((rate * _RATE).normalize()) if rate else None


def _sized(s: EngineState, units: Units, i: int, wish: int) -> SizedAtFill:
    w = s.wishes
    worth = units.in_quote(i, w.value[wish]) * w.side[wish]
    return SizedAtFill(worth, units.quantity(i, w.held[wish]), bool(w.with_fee[wish]))
