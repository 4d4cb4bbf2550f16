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
    >>> many("a"), many(("a", "b"))
    (('a',), ('a', 'b'))
    """
    return value if isinstance(value, tuple) else (value,)


def select(index: IndexedInstruments, message: Message) -> list[int]:
    """Dense indices of the instruments, in order."""
    if isinstance(message, NoFilter):
        return InstrumentFilter.none().select(index)
    if isinstance(message, Exchanges):
        return InstrumentFilter.exchanges(*many(message.exchanges)).select(index)
    if isinstance(message, Instruments):
        return InstrumentFilter.instruments(*many(message.instruments)).select(index)
    pairs = [_pair(index, pair) for pair in many(message.underlyings)]
    return InstrumentFilter.underlyings(*pairs).select(index)


def _pair(index: IndexedInstruments, pair: Underlying) -> tuple[str, str]:
    """Names of base and quote; an index stands for the name of its asset."""
    keys = (pair.base, pair.quote)
    base, quote = (key if isinstance(key, str) else index.assets[index.asset(key)][1] for key in keys)
    return base, quote
