"""Whose the orders of a simulated exchange are, by number and by client id."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

from barter_bt.columns.names import NO_NAME, Names
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import OrderKey


class OrderKeys(Mapping[int, OrderKey]):
    """Keys of orders by number, of which only the client ids are kept here; what the venue does by itself has none.

    Parameters
    ----------
    state, index
        Of which instrument and strategy an order is.
    strategies
        Their names, by number in the state.
    """

    def __init__(self, state: EngineState, index: IndexedInstruments, strategies: Sequence[str]) -> None:
        self._s, self._index, self._strategies = state, index, strategies
        self._names, self._entries = Names(), array("i")

    def add(self, number: int, key: OrderKey) -> None:
        """An order has come; client ids are of an instrument each."""
        i = self._index.instrument(key.instrument)
        self._entries.extend([NO_NAME] * (number - len(self._entries)))
        self._entries.append(self._names.entry(key.cid, i))
        self._names.set(key.cid, number, i)

    def cid(self, number: int) -> str | None:
        """The client id of an order; None of one of the venue's own."""
        entry = self._entries[number] if 0 <= number < len(self._entries) else NO_NAME
        return None if entry == NO_NAME else self._names[entry]

    def find(self, i: int, cid: str) -> int | None:
        """The latest order of a client id, of an instrument."""
        return self._names.get(cid, i)

    def find_near(self, i: int, cid: str) -> int | None:
        """The same, of all instruments of that one's exchange."""
        exchange = self._index.instruments[i].exchange
        near = [k for k, one in enumerate(self._index.instruments) if one.exchange == exchange]
        return max((order for k in near if (order := self.find(k, cid)) is not None), default=None)

    # Mapping

    def __getitem__(self, number: int) -> OrderKey:
        cid = self.cid(number)
        if cid is None:
            raise KeyError(number)
        i, strategy = self._s.orders.instrument[number], self._strategies[self._s.orders.strategy[number]]
        return OrderKey(self._index.instruments[i].exchange, self._index.names[i], strategy, cid)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.cid(number) is not None

    def __iter__(self) -> Iterator[int]:
        return (number for number in range(len(self._entries)) if number in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
