"""What the indices and names of a recording stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from barter_bt.errors import DataError
from barter_bt.instrument import IndexedInstruments, Instrument, exchange_order
from barter_bt.protocol import MarketEvent


def resolver(instruments: Iterable[Instrument] | None) -> Callable[[MarketEvent, int], str]:
    """What gives an event, and its number in the file, the name of its instrument in the run.

    Examples
    --------
    >>> index = [Instrument("bithumb", "eth_usd"), Instrument("bitvavo", "btc_usd")]
    >>> name_of = resolver(index)
    >>> name_of(MarketEvent(0, 0, "bitvavo", 0, None), 0)  # Barter has bitvavo before bithumb
    'btc_usd'
    """
    if instruments is None:
        return _own_name
    index = IndexedInstruments(instruments)
    numbered = [index.codes[one.key] for one in sorted(index.instruments, key=_barter_order)]
    found: dict[tuple[str, int | str], str] = {}

    def name_of(event: MarketEvent, number: int) -> str:
        key = (event.exchange, event.instrument)
        if key not in found:
            i = _find(index, numbered, event, number)
            if index.instruments[i].exchange != event.exchange:
                raise DataError(
                    f"event {number} (counted from 0) of {event.exchange!r} is of instrument {event.instrument!r}, "
                    f"which is {index.instruments[i].key!r}",
                    "are these the instruments that were recorded?",
                )
            found[key] = index.names[i]
        return found[key]

    return name_of


def _own_name(event: MarketEvent, number: int) -> str:
    if isinstance(event.instrument, str):
        return event.instrument
    raise DataError(
        f"event {number} (counted from 0) is of instrument {event.instrument}, an index",
        "say what indices stand for: instruments=load_config(...).instruments()",
    )


def _find(index: IndexedInstruments, numbered: Sequence[int], event: MarketEvent, number: int) -> int:
    key = event.instrument
    if isinstance(key, str):
        return index.codes[key] if key in index.codes else index.instrument_at(event.exchange, key)
    if key >= len(numbered):
        raise DataError(
            f"event {number} (counted from 0) is of instrument {key}; indices go from 0 to {len(numbered) - 1}",
            "are these the instruments that were recorded?",
        )
    return numbered[key]


def _barter_order(one: Instrument) -> tuple[tuple[int, str], str, str]:
    """What Barter's index of instruments is sorted by."""
    return exchange_order(one.exchange), f"{one.base}_{one.quote}", one.name_exchange or one.name
