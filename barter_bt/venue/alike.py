"""Instruments of which a table has equal rows, since all that the row goes by is equal: it is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from barter_bt.columns.table import Table
from barter_bt.instrument import IndexedInstruments
from barter_bt.instrument.instrument import Instrument

_TERMS = attrgetter(
    *("kind", "contract_size", "price_increment", "quantity_increment", "quantity_min", "notional_min", "expiry"),
    *("strike", "option_kind", "exercise", "price_min", "quantity_unit", "price_can_be_negative", "is_inverse"),
)


def content_of(one: Instrument) -> Hashable:
    """What an instrument is, but for its names.

    Examples
    --------
    >>> content_of(Instrument("x", "a_usd")) == content_of(Instrument("x", "b_usd"))
    True
    """
    terms = _TERMS(one)
    settled = one.settlement is None, one.settlement == one.quote, one.settlement == one.base
    return terms, tuple(map(type, terms)), settled  # a float equals the decimal of its bits, not of its text


def firsts(
    index: IndexedInstruments, key: Callable[[int, Instrument], Hashable], tables: Sequence[Table]
) -> Iterator[tuple[int, Instrument]]:
    """The first instrument of each key; its rows are then copied to the others of its key."""
    groups: dict[Any, list[int]] = {}
    for i, one in enumerate(index.instruments):
        groups.setdefault(key(i, one), []).append(i)
    for first, *others in groups.values():
        yield first, index.instruments[first]
        for table in tables if others else ():
            for name in table.schema:
                column = table.array(name)
                column[others] = column[first]
