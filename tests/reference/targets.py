"""The targets of one time: rules 18, 60 and 61."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barter_bt.testing.scenario import Row

from .entries import enters, stays_possible, terms_of_target
from .model import LIMIT, Instrument, exact
from .order import Terms
from .protection import Level, levels_of
from .sizing import Sized, Value, value_of

if TYPE_CHECKING:
    from .engine import Engine

MARKET = Terms()


@dataclass
class Wish:
    """A target as it is followed; ``lots`` are W, None where a price or an equity is missing."""

    row: Row
    instrument: Instrument
    side: int  # of the target
    lots: int | None
    terms: Terms
    levels: list[Level]
    value: Value | None  # V of rule 61
    change: int = 0  # W - now, behind the cancels
    before: int = 0  # `now`, behind the cancels

    @property
    def enters(self) -> bool:
        return enters(self.row) and self.row[3] != 0

    @property
    def price(self) -> int:
        """E: the limit, of a stop the trigger."""
        return self.terms.price or self.terms.trigger

    @property
    def increase(self) -> int:
        """Rule 60: the signed lots of the entry while `now` is that of ``before``."""
        assert self.lots is not None
        return self.lots - self.before if self.lots * self.before >= 0 and abs(self.lots) > abs(self.before) else 0

    @property
    def reduction(self) -> int:
        """Rule 60: the signed lots of the market order."""
        assert self.lots is not None
        if self.lots * self.before <= 0:
            return -self.before
        return self.lots - self.before if abs(self.lots) < abs(self.before) else 0


def follow(engine: Engine, rows: list[Row], now: int) -> None:
    """Rules 18 and 60: equity once; cancels, then reductions, then increases, each by instrument index."""
    equity = engine.equity()
    wishes = sorted((wish_of(engine, row, equity, now) for row in rows), key=lambda wish: wish.instrument.index)
    if engine.enters:
        wishes = [wish for wish in wishes if not stays(engine, wish)]
    for wish in wishes:
        measure(engine, wish, exposure(engine, wish.instrument))
    wishes = [wish for wish in wishes if not passed_over(engine, wish)]
    for wish in wishes:
        reduce(engine, wish, now)
    for wish in wishes:
        increase(engine, wish, now)


def wish_of(engine: Engine, row: Row, equity: int | None, now: int) -> Wish:
    """What a row asks for, at the price of rule 6, or at that of its entry."""
    scenario, instrument, target = engine.scenario, engine.world.find(row[2]), exact(row[3])
    side, price = 1 if target > 0 else -1, engine.books[instrument.index].price()
    levels = levels_of(instrument, row, scenario.protect_by)
    assert scenario.size_at == "decision" or not (enters(row) or scenario.size == "units"), "rule 61"
    if target == 0:
        return Wish(row, instrument, side, 0, terms_of_market(engine, row, instrument, now), levels, None)
    terms = terms_of_target(scenario, instrument, row, price, now)
    wish = Wish(row, instrument, side, None, terms, levels, None)
    if enters(row):
        price = None if min(terms.price, terms.trigger) < 0 else wish.price
    if scenario.size == "units":
        units = side * int(abs(target) / instrument.lot)
        wish.lots = None if enters(row) and price is None and units else units
        return wish
    wish.value = value_of(scenario, instrument, target, equity)
    if wish.value is not None and price is not None and price > instrument.zero:  # rule 76
        wish.lots = wish.value.lots(instrument, price)
    elif wish.value is not None and not wish.value.asks:
        wish.lots = 0
    return wish


def terms_of_market(engine: Engine, row: Row, instrument: Instrument, now: int) -> Terms:
    """Those of the order of a target of 0: the row's, if it says nothing of an entry."""
    return MARKET if enters(row) else terms_of_target(engine.scenario, instrument, row, None, now)


def exposure(engine: Engine, instrument: Instrument, but: int = -1) -> int:
    """Position and in flight; in rule 60 without what is being cancelled, and as if this order were."""
    lots = engine.working(instrument, False, {but, *(engine.cancelling if engine.enters else ())})
    position = engine.positions.get(instrument.index)
    return lots + (position.side * position.quantity if position else 0)


def measure(engine: Engine, wish: Wish, before: int) -> None:
    wish.before = before
    if wish.lots is not None:
        wish.change = max(-LIMIT, min(wish.lots - before, LIMIT))  # rule 2


def passed_over(engine: Engine, wish: Wish) -> bool:
    """Rule 18: position and in flight are within the band."""
    return bool(wish.lots) and abs(wish.change) <= min(abs(wish.lots or 0), LIMIT) * exact(engine.scenario.band) // 1


def stays(engine: Engine, wish: Wish) -> bool:
    """Rule 60: whether the entry at work is what the row would send; if not, it is cancelled."""
    number = engine.at_work.get(wish.instrument.index)
    if number is None or engine.tables.orders[number]["status"] != "open" or number in engine.cancelling:
        return False
    order = engine.tables.orders[number]
    if wish.lots is not None and wish.enters and stays_possible(wish.row):
        measure(engine, wish, exposure(engine, wish.instrument, number))
        lots = order["side"] * (order["quantity"] - order["filled"])
        same = (order["kind"], order["price"], order["trigger_kind"], order["trigger"], lots)
        terms = wish.terms
        asked = (terms.kind, terms.price, terms.trigger_kind, terms.trigger, wish.increase)
        if wish.reduction == 0 and same == asked and not passed_over(engine, wish):
            engine.became(wish.row, number)
            return True
    engine.ask_to_cancel(number)
    return False


def reduce(engine: Engine, wish: Wish, now: int) -> None:
    """Rule 60: a market order; rule 18: one that is against position and in flight."""
    if wish.lots is None:
        return
    if enters(wish.row):
        if wish.reduction:
            send(engine, wish, wish.reduction, now, MARKET, [])
    elif wish.change * wish.before < 0:
        send(engine, wish, wish.change, now, wish.terms, wish.levels)


def increase(engine: Engine, wish: Wish, now: int) -> None:
    """What was not to be reduced, and what is refused."""
    if wish.lots is None:
        send(engine, wish, wish.side, now, wish.terms, wish.levels, refused="no_price")
    elif not enters(wish.row):
        if wish.change and wish.change * wish.before >= 0:
            send(engine, wish, wish.change, now, wish.terms, wish.levels)
    else:
        measure(engine, wish, exposure(engine, wish.instrument))
        if lots := max(-LIMIT, min(wish.increase, LIMIT)):
            number = send(engine, wish, lots, now, wish.terms, wish.levels)
            if engine.tables.orders[number]["status"] == "open":
                engine.at_work[wish.instrument.index] = number


def send(
    engine: Engine, wish: Wish, lots: int, now: int, terms: Terms, levels: list[Level], *, refused: str = ""
) -> int:
    """One order of a target; an entry is always protected."""
    sized = None
    if engine.scenario.size_at == "fill" and wish.value is not None and wish.row[3] != 0:
        sized = Sized(wish.value, wish.before)
    cuts = not engine.scenario.strict
    always = wish.enters and terms is not MARKET and not refused
    number = engine.open(
        wish.instrument, lots, now, terms, levels, cuts=cuts, refused=refused, sized=sized, always=always
    )
    if not enters(wish.row) or terms is not MARKET:  # rule 101: what reduces before an entry is not what it is
        engine.became(wish.row, number)
    return number
