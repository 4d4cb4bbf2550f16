"""Choosing instruments: all, or those of some exchanges, names or underlyings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from barter_bt.errors import InstrumentError, nearest
from barter_bt.instrument.index import IndexedInstruments

_BY = ("none", "exchanges", "instruments", "underlyings")


@dataclass(frozen=True)
class InstrumentFilter:
    """Which instruments something is about. Make one with :meth:`none`, :meth:`exchanges`, ...

    A filter without arguments selects nothing: ``InstrumentFilter.instruments(*names)`` of no names is not
    :meth:`none`, which filters nothing out.

    Parameters
    ----------
    by
        ``"none"``, ``"exchanges"``, ``"instruments"`` or ``"underlyings"``.
    values
        Names, indices, or pairs of base and quote.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> index = IndexedInstruments([Instrument(e, n) for e in ("x", "y") for n in ("btc_usd", "eth_usd")])
    >>> index.names
    ['x.btc_usd', 'x.eth_usd', 'y.btc_usd', 'y.eth_usd']
    >>> InstrumentFilter.none().select(index), InstrumentFilter.exchanges("y").select(index)
    ([0, 1, 2, 3], [2, 3])
    >>> InstrumentFilter.instruments("y.eth_usd", "x.btc_usd").select(index)
    [0, 3]
    >>> InstrumentFilter.underlyings(("btc", "usd")).select(index)
    [0, 2]
    """

    by: Literal["none", "exchanges", "instruments", "underlyings"]
    values: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.by not in _BY:
            raise InstrumentError(f"a filter by {self.by!r} is not known; allowed: {', '.join(_BY)}")
        if self.by == "none" and self.values:
            raise InstrumentError(f"a filter by 'none' has values: {self.values}; it takes none")
        for pair in self.values if self.by == "underlyings" else ():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise InstrumentError(f"underlying {pair!r} is not a pair", 'for example ("btc", "usdt")')

    @classmethod
    def none(cls) -> InstrumentFilter:
        """All instruments."""
        return cls("none")

    @classmethod
    def exchanges(cls, *names: str | int) -> InstrumentFilter:
        """The instruments of these exchanges, by name or index."""
        return cls("exchanges", names)

    @classmethod
    def instruments(cls, *names: str | int) -> InstrumentFilter:
        """These instruments, by name or index."""
        return cls("instruments", names)

    @classmethod
    def underlyings(cls, *pairs: tuple[str, str]) -> InstrumentFilter:
        """The instruments of every exchange and kind that have one of these pairs of base and quote."""
        return cls("underlyings", pairs)

    def select(self, index: IndexedInstruments) -> list[int]:
        """Choose the indices of these instruments, in index order, each once.

        Raises
        ------
        InstrumentError
            A name or pair is unknown.
        """
        if self.by == "none":
            return list(range(len(index)))
        if self.by == "instruments":
            return sorted({index.instrument(name) for name in self.values})
        if self.by == "exchanges":
            exchanges = {index.exchange_name(index.exchange(name)) for name in self.values}
            return [i for i, one in enumerate(index.instruments) if one.exchange in exchanges]
        there = [(one.base, one.quote) for one in index.instruments]
        for pair in self.values:
            if pair not in there:
                raise _unknown(pair, there)
        return [i for i, pair in enumerate(there) if pair in self.values]


def _unknown(pair: tuple[str, str], there: list[tuple[str, str]]) -> InstrumentError:
    known = {f"{base}/{quote}": (base, quote) for base, quote in there}
    base, quote = pair
    like = (quote, base) if (quote, base) in there else known.get(nearest(f"{base}/{quote}", known) or "")
    return InstrumentError(
        f"no instrument has the underlying {base}/{quote}; known: {', '.join(sorted(known)[:10])}",
        f"did you mean {like}?" if like else None,
    )
