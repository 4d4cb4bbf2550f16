"""Which instruments a filter of a command names."""

from __future__ import annotations

from typing import Any

from barter_bt.instrument import IndexedInstruments, InstrumentFilter
from barter_bt.protocol import Exchanges, Instruments, NoFilter, Underlying
from barter_bt.protocol import InstrumentFilter as Message


def many(value: Any) -> tuple[Any, ...]:
    """One or many, as many.

    Examples
    --------
    >>> many("a"), many(("a", "b")), many(["a", "b"])
    (('a',), ('a', 'b'), ('a', 'b'))
    """
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def select(index: IndexedInstruments, message: Message) -> list[int]:
    """Dense indices of the instruments, in order."""
    if isinstance(message, NoFilter):
        return InstrumentFilter.none().select(index)
    if isinstance(message, Exchanges):
        return InstrumentFilter.exchanges(*many(message.exchanges)).select(index)
    if isinstance(message, Instruments):
        return InstrumentFilter.instruments(*many(message.instruments)).select(index)
    chosen = {i for pair in many(message.underlyings) for i in _with_underlying(index, pair)}
    return sorted(chosen)


def _with_underlying(index: IndexedInstruments, pair: Underlying) -> list[int]:
    """Instruments of a pair of assets; an index is an asset of one exchange, a name one of each exchange that has it.

    There may be none of a pair, but both assets must be known.
    """
    bases, quotes = (_assets(index, key) for key in (pair.base, pair.quote))
    return [i for i in range(len(index)) if index.bases[i] in bases and index.quotes[i] in quotes]


def _assets(index: IndexedInstruments, key: str | int) -> set[int]:
    named = {asset for asset, (_, name) in enumerate(index.assets) if name == key}
    return named or {index.asset(key)}
