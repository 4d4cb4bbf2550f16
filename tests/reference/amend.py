"""Orders that are amended: rule 33. What an amend gives, and what the engine notes of it."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from barter_bt.testing.scenario import Conditions, Row
from barter_bt.testing.scenario.spec import ProtectBy, conditions_of

from .model import BILLION, Instrument, on_grid
from .order import Order, Report
from .tables import AMENDS, Tables, row_of


class Amend(NamedTuple):
    """What it gives, in ticks, lots and 1e-9, 0 where the order's own stays; ``number`` is its row of the journal."""

    number: int
    price: int
    quantity: int
    trigger: int
    trail: int
    trail_rate: int
    activation: int

    @property
    def gives_distance(self) -> bool:
        return self.trail > 0 or self.trail_rate > 0


def read_amend(number: int, instrument: Instrument, row: Row) -> Amend:
    """That of a row of a schedule."""
    price, quantity, trigger, trailing, rate = row[3:8]
    assert sum(map(bool, (trailing, rate, conditions_of(row).trailing_ticks))) <= 1, "they replace each other"
    price, trigger = (0 if one is None else instrument.ticks_of(one) for one in (price, trigger))
    trail = instrument.distance_of(trailing or 0) + instrument.counted(conditions_of(row).trailing_ticks or 0)
    lots = 0 if quantity is None else abs(instrument.lots_of(quantity))
    said, rate = conditions_of(row).activation, on_grid(rate or 0, Fraction(1, BILLION), "trailing rate")
    activation = 0 if said is None else instrument.ticks_of(said)
    return Amend(number, price, lots, trigger, trail, rate, activation)


def check_amend(amend: Amend, order: Order) -> None:
    """What is an error: to give nothing, or what the order has not."""
    assert any(amend[1:]), "it gives something"
    assert order.terms.price or not amend.price, "only a limit has a price"
    assert order.terms.trigger_kind or not amend.trigger, "only what is held has a trigger"
    assert order.trigger.trails or not amend.gives_distance, "only what trails has a distance"
    assert not (order.protects and amend.quantity), "it has that which its entry has filled"
    assert order.terms.activation or not amend.activation, "only what waits for a price to trail has one"


def of_protection(row: Row, entry: Order, by: ProtectBy) -> list[tuple[Order, Row]]:
    """Rule 101: what a row gives to each order that protects its entry, the stop first."""
    said, found = conditions_of(row), []
    distance, rate = (None, said.trailing_stop) if by == "fraction" else (said.trailing_stop, None)
    distance, counted = (None, said.trailing_stop) if by == "ticks" else (distance, None)
    given: tuple[float | None, ...]
    for order in entry.children:
        beside = Conditions()
        if order.terms.trigger_kind:
            given = None, None, said.stop_loss, distance, rate
            beside = Conditions(trailing_ticks=counted, activation=said.trailing_activation)
        else:
            given = said.take_profit, None, None, None, None
        if any(value is not None for value in given) or beside != Conditions():
            found.append((order, (*row[:3], *given, beside)))
    return found


def growth(tables: Tables, order: int, amend: Amend) -> int:
    """By how many lots the order would grow, beyond what the engine knows and what is in flight."""
    rows = [row for row in tables.amends if row["order"] == order and row["status"] == "in_flight"]
    known: list[int] = [tables.orders[order]["quantity"], *(row["quantity"] for row in rows)]
    return max(0, amend.quantity - max(known))


def note_amend(tables: Tables, order: int, amend: Amend, refused: str, now: int) -> None:
    """A row of the journal; one that is refused is answered by the engine itself."""
    status, answer = ("refused", now) if refused else ("in_flight", None)
    tables.amends.append(row_of(AMENDS, order, *amend[1:], 0, status, refused, now, None, answer))


def answered(tables: Tables, report: Report, now: int, *, in_order: bool) -> None:
    """What became of it, and the terms that the engine knows from now on."""
    row, order = tables.amends[report.amend], tables.orders[report.order]
    assert row["status"] == "in_flight", "it is answered once"
    earlier = [one["status"] for one in tables.amends[: report.amend] if one["order"] == report.order]
    assert not in_order or "in_flight" not in earlier, "they are answered in the order sent, unless one is lost"
    row.update(time_exchange=report.time, time_engine=now)
    if report.status:  # the order says why
        row["status"] = "cancelled"
        return
    if report.terms is None:
        row.update(status="rejected", reason=report.reason)
        return
    assert order["status"] == "open", "what has ended keeps its terms"
    row.update(status="done", price_before=order["price"] if row["price"] else 0)
    order.update(zip(("price", "trigger", "trail", "trail_rate"), report.terms, strict=True))
    order["quantity"] = report.quantity
