"""How the opens of one call depend on each other: protection, one after another, groups (rules 31, 57 and 58)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from barter_bt.engine.action.protect import is_on_wrong_side
from barter_bt.engine.order import NO_TRIGGER, REFUSED
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import DataError
from barter_bt.protocol import EngineError, OrderRequestOpen
from barter_bt.strategy.triggers import RIGHT_SIDE, WRONG_SIDE
from barter_bt.system.book import Book

NOT_YET = -1


@dataclass(eq=False)
class Fate:
    """What an open of a call has come to; the others that name it look here.

    Attributes
    ----------
    cid, instrument, exchange, values
        Which order it is, and its columns as asked for.
    lots
        Its quantity, once limits and risk managers have been asked.
    row
        Its number, once it is recorded.
    wish
        One more than the row of what it is sized by at its fill; 0: nothing.
    is_refused, is_dropped, error
        Why it is not sent: refused; left out, because what it should protect reduces; could not be sent.
    entry, after, first
        The order that it protects, that it follows, and the first of its group.
    """

    cid: str
    instrument: int
    exchange: int
    values: dict[str, int]
    lots: int
    row: int = NOT_YET
    wish: int = 0
    is_refused: bool = False
    is_dropped: bool = False
    error: EngineError | None = None
    entry: Fate | None = None
    after: Fate | None = None
    first: Fate | None = None

    @property
    def named(self) -> dict[str, int]:
        """Columns of the numbers of the orders that it depends on, as far as they have one."""
        found: dict[str, int] = {"wish": self.wish}
        parent = self.entry or self.after
        if parent is not None and parent.row != NOT_YET:
            found |= {"parent": parent.row, "follows": int(self.after is not None)}
        if self.first is not None:
            found["group"] = self.first.row
        return found

    @property
    def held_up(self) -> EngineError | None:
        """Why an order that depends on others is not sent: one of them could not be."""
        others = (self.entry, self.after, self.first)
        return next((one.error for one in others if one is not None and one.error is not None), None)


class Bonds:
    """The opens of one call, in the order asked for.

    Parameters
    ----------
    state, book
        Where the orders are that were asked for at the same time, in calls before.
    """

    def __init__(self, state: EngineState, book: Book) -> None:
        self._state, self._book = state, book
        self._fates: list[Fate] = []

    def add(self, request: OrderRequestOpen, i: int, exchange: int, values: dict[str, int], lots: int) -> Fate:
        """One more open.

        Raises
        ------
        DataError
            What it names is not asked for before it, or cannot be.
        """
        fate, given = Fate(request.key.cid, i, exchange, values, lots), request.state.conditions
        where = f"order {fate.cid!r}"
        if given is not None and given.protects is not None:
            fate.entry = self._entry(fate, given.protects.entry, where)
        if given is not None and given.after is not None:
            fate.after = self._earlier(fate, given.after, f"{where} comes after {given.after!r}")
        if given is not None and given.group is not None:
            fate.first = self._first(fate, given.group, f"{where} is of the group of {given.group!r}")
        self._fates.append(fate)
        return fate

    def check(self) -> None:
        """Refuse what has no effect, now that all are there.

        Raises
        ------
        DataError
            An order says which prices trigger, and nothing has a trigger.
        """
        stops = {id(fate.entry) for fate in self._fates if fate.entry and _is_stop(fate)}
        for fate in self._fates:
            if fate.values.get("trigger_by") and not _is_stop(fate) and id(fate) not in stops and not fate.entry:
                raise DataError(
                    f"order {fate.cid!r} says which prices trigger it, and nothing has a trigger",
                    "give it a trigger, or a stop that protects it, or leave trigger_by out",
                )

    def _earlier(self, fate: Fate, cid: str, where: str) -> Fate:
        found = next((one for one in reversed(self._fates) if (one.cid, one.exchange) == (cid, fate.exchange)), None)
        found = found or self._sent(fate.exchange, cid)
        if found is None:
            raise DataError(
                f"{where}, which is not asked for before it at the same time, at the same exchange",
                "return that request first; one exchange cannot see the other",
            )
        if found.entry is not None:
            raise DataError(f"{where}, which protects an entry", "name the entry")
        return found

    def _sent(self, exchange: int, cid: str) -> Fate | None:
        """An order that was asked for at this time, in a call before."""
        o, now = self._state.orders, self._state.engine.time[0]
        for row in range(len(o) - 1, -1, -1):
            if o.time_sent[row] != now:
                return None
            i = o.instrument[row]
            if self._book.cid(row) == cid and self._state.terms.exchange[i] == exchange:
                fate = Fate(cid, i, exchange, {"side": o.side[row]}, o.quantity[row], row)
                fate.is_refused = o.status[row] == REFUSED
                fate.first = fate if o.group[row] == row else None
                return fate
        return None

    def _first(self, fate: Fate, cid: str, where: str) -> Fate:
        if cid == fate.cid:
            return fate
        first = self._earlier(fate, cid, where)
        if first.first is not first:
            raise DataError(f"{where}, which is not the first of one", "the first of a group has its own id as group")
        return first

    def _entry(self, fate: Fate, cid: str, where: str) -> Fate:
        """The entry stands right before what protects it, the stop before the take profit."""
        entry = self._earlier(fate, cid, f"{where} protects {cid!r}")
        if entry not in self._fates:
            raise DataError(f"{where} protects {cid!r}, which is not asked for in the same call")
        behind = self._fates[self._fates.index(entry) + 1 :]
        if entry.instrument != fate.instrument or entry.values["side"] == fate.values["side"]:
            raise DataError(
                f"{where} protects {cid!r}, and is not of its instrument and the other side",
                "a purchase is protected by sales, a sale by purchases",
            )
        if entry.lots != fate.lots:
            raise DataError(f"{where} protects {cid!r}, and is of another quantity", "give it that of its entry")
        if entry.values.get("reduce_only"):
            raise DataError(f"{where} protects {cid!r}, which only reduces", "protect what opens a position")
        own = entry.values.get("price") or entry.values.get("trigger", 0)
        stop, profit = (fate.values.get("trigger", 0), 0) if _is_stop(fate) else (0, fate.values["price"])
        activation = 0 if fate.values.get("activation_by") else fate.values.get("activation", 0)
        if is_on_wrong_side(entry.values["side"], own, stop, profit, activation):
            raise DataError(f"{where} {WRONG_SIDE}, {cid!r}", RIGHT_SIDE)
        if any(one.entry is not entry for one in behind) or len(behind) > (0 if _is_stop(fate) else 1):
            raise DataError(
                f"{where} does not stand right behind {cid!r}, which it protects, or that is protected already",
                "ask for the entry, then its stop, then its take profit",
            )
        if behind and not _is_stop(behind[0]):
            raise DataError(f"{where}: {cid!r} has a take profit already", "one stop and one take profit")
        return entry


def _is_stop(fate: Fate) -> bool:
    return fate.values.get("trigger_kind", NO_TRIGGER) != NO_TRIGGER


def is_needed(s: EngineState, fate: Fate) -> bool:
    """Whether what an order protects enlarges or turns the position; only then it is protected (rule 31)."""
    entry: Any = fate.entry
    side = entry.values["side"]
    held: int = s.instruments.quantity[entry.instrument]
    return bool(entry.lots > -side * held) and not entry.is_dropped
