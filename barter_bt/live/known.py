"""What an adapter knows of the orders of its account, for as long as a session lasts."""

from __future__ import annotations

from array import array
from decimal import Decimal

from barter_bt.columns.names import NO_NAME, Names

_MENTIONED, _ENDED = 1, 2
_NOBODY = -1


class Known:
    """Orders by client id; nothing is ever forgotten, so it lies in columns.

    An order of long ago must be known: no client id may be used twice, and what is told late must not pass for news.

    Examples
    --------
    >>> known = Known()
    >>> known.belongs("bt-0", "mine")
    >>> known.name("bt-0", "4711")
    >>> known.fill("bt-0", Decimal("0.5"))
    >>> known.strategy("bt-0"), known.cid("4711"), known.filled("bt-0"), known.end("bt-0"), known.end("bt-0")
    ('mine', 'bt-0', Decimal('0.5'), True, False)
    """

    def __init__(self) -> None:
        self._cids, self._numbers, self._amounts = Names(), Names(), Names()
        self._number, self._filled = array("i"), array("i")  # entries of names; rows are those of client ids
        self._strategies: list[str] = []
        self._owners, self._flags = array("i"), bytearray()

    def belongs(self, cid: str, strategy: str) -> None:
        """An order is a strategy's, unless it is known whose it is."""
        row = self._row(cid)
        if self._owners[row] == _NOBODY:
            if strategy not in self._strategies:
                self._strategies.append(strategy)
            self._owners[row] = self._strategies.index(strategy)

    def has_owner(self, cid: str) -> bool:
        """Whether it is known whose an order is: it was sent, or asked for."""
        row = self._cids.find(cid)
        return row != NO_NAME and self._owners[row] != _NOBODY

    def strategy(self, cid: str) -> str:
        """Whose an order is; empty where that is not known."""
        return self._strategies[self._owners[self._cids.find(cid)]] if self.has_owner(cid) else ""

    def name(self, cid: str, number: str) -> None:
        """The exchange's number of an order; others that it had mean it as well."""
        row = self._row(cid)
        self._numbers.set(number, row)
        self._number[row] = self._numbers.entry(number)

    def number(self, cid: str) -> str | None:
        """The exchange's number of an order."""
        row = self._cids.find(cid)
        return None if row == NO_NAME or self._number[row] == NO_NAME else self._numbers[self._number[row]]

    def cid(self, number: str) -> str | None:
        """The client id of an order, by the exchange's number."""
        row = self._numbers.get(number)
        return None if row is None else self._cids[row]

    def fill(self, cid: str, filled: Decimal) -> None:
        """How much of an order is filled, as was told."""
        self._filled[self._row(cid)] = self._amounts.entry(str(filled))

    def filled(self, cid: str) -> Decimal:
        """That; nothing where nothing was told."""
        row = self._cids.find(cid)
        return Decimal(0 if row == NO_NAME or self._filled[row] == NO_NAME else self._amounts[self._filled[row]])

    def mention(self, cid: str) -> bool:
        """The exchange has told of an order; whether for the first time."""
        return self._flag(cid, _MENTIONED)

    def is_mentioned(self, cid: str) -> bool:
        """Whether the exchange has told of an order."""
        return self._has(cid, _MENTIONED)

    def end(self, cid: str) -> bool:
        """An order is told to have ended; whether for the first time."""
        return self._flag(cid, _ENDED)

    def has_ended(self, cid: str) -> bool:
        """Whether an order was told to have ended."""
        return self._has(cid, _ENDED)

    def _flag(self, cid: str, flag: int) -> bool:
        row = self._row(cid)
        is_new = not self._flags[row] & flag
        self._flags[row] |= flag
        return is_new

    def _has(self, cid: str, flag: int) -> bool:
        row = self._cids.find(cid)
        return row != NO_NAME and bool(self._flags[row] & flag)

    def _row(self, cid: str) -> int:
        """The row of an order, a new one if it is not known."""
        row = self._cids.entry(cid)
        if row == len(self._flags):
            self._flags.append(0)
            self._owners.append(_NOBODY)
            self._number.append(NO_NAME)
            self._filled.append(NO_NAME)
        return row
