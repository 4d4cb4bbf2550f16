"""Dense, deterministic indices for exchanges, assets and instruments, and look-ups both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from numbers import Integral
from typing import Any, TypeVar

from barter_bt.errors import InstrumentError, nearest
from barter_bt.instrument.exchange import ALIASES, exchange_order
from barter_bt.instrument.instrument import Instrument

T = TypeVar("T")
Spelled = dict[tuple[str, str], list[int]]  # exchange and its own spelling, to what is spelled so


class IndexedInstruments:
    """Instruments in canonical order: by exchange, then by name; assets likewise, and others of the first exchange.

    Exchanges that Barter knows come in the order of its enumeration, so that its indices mean the same here, all others
    after them by name. The order in which instruments are declared is of no consequence.

    Attributes
    ----------
    exchanges, assets, instruments
        What each index stands for: names, pairs of exchange and name, :class:`Instrument`.
    asset_names_exchange
        The exchange's own spelling of each asset, in index order.

    Raises
    ------
    InstrumentError
        There is no instrument, one is given twice, or an asset of one exchange is spelled in two ways.

    Examples
    --------
    >>> index = IndexedInstruments([Instrument("x", "b_usd"), Instrument("x", "a_usd", name_exchange="A/USD")])
    >>> [i.name for i in index.instruments], index.assets
    (['a_usd', 'b_usd'], [('x', 'a'), ('x', 'b'), ('x', 'usd')])
    >>> index.instrument("b_usd"), index.instrument_name(1), index.instrument_at("x", "A/USD")
    (1, 'b_usd', 0)
    """

    def __init__(self, instruments: Iterable[Instrument], others: Iterable[str] = ()) -> None:
        self.instruments = sorted(instruments, key=lambda i: (exchange_order(i.exchange), i.name))
        if not self.instruments:
            raise InstrumentError("no instruments are given", "a run needs at least one")
        for one, other in zip(self.instruments, self.instruments[1:], strict=False):
            if one.key == other.key:
                raise InstrumentError(f"instrument {one.key!r} is given twice")
        self.exchanges = sorted({i.exchange for i in self.instruments}, key=exchange_order)
        assets = {(i.exchange, asset) for i in self.instruments for asset in i.assets}
        assets |= {(self.exchanges[0], name) for name in set(others) - {name for _, name in assets}}
        self.assets = sorted(assets, key=lambda asset: (exchange_order(asset[0]), asset[1]))
        self.asset_names_exchange = self._asset_spellings()
        self.legs: dict[Any, Any] = {}  # conversions that were worked out, see conversion_legs

    def __len__(self) -> int:
        return len(self.instruments)

    @cached_property
    def names(self) -> list[str]:
        """Names in index order: the plain name where it is unique over all exchanges, else the key."""
        return _plain_or_key([(i.name, i.key) for i in self.instruments])

    @cached_property
    def codes(self) -> dict[str, int]:
        """Every accepted spelling of an instrument to its index."""
        return _numbers([i.key for i in self.instruments]) | _numbers(self.names)

    @cached_property
    def exchange_codes(self) -> dict[str, int]:
        """Every exchange's name to its index."""
        return _numbers(self.exchanges)

    @cached_property
    def bases(self) -> list[int]:
        """Asset index of each instrument's base."""
        return [self._asset_keys[f"{i.exchange}.{i.base}"] for i in self.instruments]

    @cached_property
    def quotes(self) -> list[int]:
        """Asset index of each instrument's quote."""
        return [self._asset_keys[f"{i.exchange}.{i.quote}"] for i in self.instruments]

    @cached_property
    def settlements(self) -> list[int]:
        """Asset index of what each instrument is settled in; -1 for spot."""
        return [self._asset_keys[f"{i.exchange}.{i.settlement}"] if i.settlement else -1 for i in self.instruments]

    @cached_property
    def settlement_assets(self) -> list[int]:
        """Asset index of what each instrument's cost, fees and profit are in: its settlement, else its quote."""
        pairs = zip(self.settlements, self.quotes, strict=True)
        return [quote if settlement < 0 else settlement for settlement, quote in pairs]

    @cached_property
    def asset_names(self) -> list[str]:
        """Names in index order: the plain name where it is unique over all exchanges, else ``exchange.name``."""
        return _plain_or_key([(name, f"{exchange}.{name}") for exchange, name in self.assets])

    def exchange(self, name: str | int) -> int:
        """Index of an exchange, by name; an index is only checked."""
        if not isinstance(name, str):
            return _checked("exchange", name, self.exchanges)
        known = self.exchange_codes
        return known[name] if name in known else _look_up("exchange", name, known)

    def asset(self, name: str | int, exchange: str | None = None) -> int:
        """Index of an asset, by plain name where that is unambiguous; an index is only checked."""
        if not isinstance(name, str):
            return _checked("asset", name, self.assets)
        if exchange is not None:
            self.exchange(exchange)
            return _look_up("asset", f"{exchange}.{name}", self._asset_keys)
        return _look_up("asset", name, self._asset_codes)

    def instrument(self, name: str | int) -> int:
        """Index of an instrument, by name; an index is only checked."""
        if not isinstance(name, str):
            return _checked("instrument", name, self.instruments)
        known = self.codes
        return known[name] if name in known else _look_up("instrument", name, known)

    def asset_at(self, exchange: str, name_exchange: str) -> int:
        """Index of an asset, by an exchange's own spelling."""
        return self._spelled("asset", exchange, name_exchange, self._assets_spelled, self.asset_names)

    def instrument_at(self, exchange: str, name_exchange: str) -> int:
        """Index of an instrument, by an exchange's own spelling."""
        return self._spelled("instrument", exchange, name_exchange, self._instruments_spelled, self.names)

    def exchange_name(self, index: int) -> str:
        """Name of an exchange, by index."""
        return self.exchanges[_checked("exchange", index, self.exchanges)]

    def asset_name(self, index: int) -> str:
        """Name of an asset, by index: as in :attr:`asset_names`."""
        return self.asset_names[_checked("asset", index, self.assets)]

    def instrument_name(self, index: int) -> str:
        """Name of an instrument, by index: as in :attr:`names`."""
        return self.names[_checked("instrument", index, self.instruments)]

    @cached_property
    def _asset_keys(self) -> dict[str, int]:
        return _numbers([f"{exchange}.{name}" for exchange, name in self.assets])

    @cached_property
    def _asset_codes(self) -> dict[str, int]:
        return self._asset_keys | _numbers(self.asset_names)

    @cached_property
    def _assets_spelled(self) -> Spelled:
        spelled = zip(self.assets, self.asset_names_exchange, strict=True)
        return _grouped((exchange, name) for (exchange, _), name in spelled)

    @cached_property
    def _instruments_spelled(self) -> Spelled:
        return _grouped((i.exchange, i.name_exchange or i.name) for i in self.instruments)

    def _asset_spellings(self) -> list[str]:
        found: dict[int, str] = {}
        for one in self.instruments:
            spellings = (one.base_name_exchange, one.quote_name_exchange, one.settlement_name_exchange)
            for field, spelled in zip(("base", "quote", "settlement"), spellings, strict=True):
                if spelled is None:
                    continue
                asset = self._asset_keys[f"{one.exchange}.{getattr(one, field)}"]
                if found.setdefault(asset, spelled) != spelled:
                    raise InstrumentError(
                        f"asset {self.asset_names[asset]!r} has two spellings, {found[asset]!r} and {spelled!r}",
                        f"the second is {field}_name_exchange of {one.key!r}",
                    )
        return [found.get(asset, name) for asset, (_, name) in enumerate(self.assets)]

    def _spelled(self, what: str, exchange: str, spelling: str, known: Spelled, names: Sequence[str]) -> int:
        self.exchange(exchange)
        found = known.get((exchange, spelling), [])
        if len(found) > 1:
            raise InstrumentError(
                f"{what} {spelling!r} of {exchange!r} is ambiguous: {', '.join(names[k] for k in found)}",
                f"the {what}s of one exchange need different spellings",
            )
        return (
            found[0]
            if found
            else _look_up(what, spelling, {s: k for (e, s), (k, *_) in known.items() if e == exchange})
        )


def _numbers(names: Iterable[str]) -> dict[str, int]:
    return {name: k for k, name in enumerate(names)}


def _grouped(spellings: Iterable[tuple[str, str]]) -> Spelled:
    groups: Spelled = {}
    for k, spelling in enumerate(spellings):
        groups.setdefault(spelling, []).append(k)
    return groups


def _plain_or_key(names: Sequence[tuple[str, str]]) -> list[str]:
    """Of each name and its key, the name if it can mean nothing else."""
    meanings = Counter(text for pair in names for text in pair)
    return [name if meanings[name] == 1 else key for name, key in names]


def _checked(what: str, index: int, known: Sequence[T]) -> int:
    if not isinstance(index, Integral) or isinstance(index, bool) or not 0 <= index < len(known):
        raise InstrumentError(f"there is no {what} {index!r}; indices go from 0 to {len(known) - 1}")
    return index


def _look_up(what: str, name: str, known: Mapping[str, int]) -> int:
    if name not in known:
        shown = ", ".join(sorted(known)[:10])
        raise InstrumentError(f"unknown {what} {name!r}; known: {shown}", _meant(what, name, known))
    return known[name]


def _meant(what: str, name: str, known: Collection[str]) -> str | None:
    """What a name may stand for: an alias, what it begins or is in capitals, what is nearly spelled like it."""
    begins = (one for one in sorted(known) if one == name.lower() or one.startswith(f"{name.lower()}_"))
    like = ALIASES.get(name) or next(begins, None) or nearest(name, known)
    if like is None or like not in known:
        return None
    is_symbol = what == "instrument" and like.islower() and not name.islower()
    rename = f" Rename symbols of data: pl.col('instrument').replace({{{name!r}: {like!r}}})" if is_symbol else ""
    return f"did you mean {like!r}?{rename}"
