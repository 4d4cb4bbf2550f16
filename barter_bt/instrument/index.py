"""Dense, deterministic indices for exchanges, assets and instruments, and look-ups both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from barter_bt.errors import InstrumentError, nearest
from barter_bt.instrument.instrument import Instrument


class IndexedInstruments:
    """Instruments in canonical order: by exchange, then by name; assets likewise.

    The order in which they are declared is of no consequence.

    Examples
    --------
    >>> index = IndexedInstruments([Instrument("x", "b_usd"), Instrument("x", "a_usd")])
    >>> [i.name for i in index.instruments], index.assets
    (['a_usd', 'b_usd'], [('x', 'a'), ('x', 'b'), ('x', 'usd')])
    >>> index.instrument("b_usd")
    1
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.instruments = sorted(instruments, key=lambda i: (i.exchange, i.name))
        if not self.instruments:
            raise InstrumentError("no instruments are given", "a run needs at least one")
        for one, other in zip(self.instruments, self.instruments[1:], strict=False):
            if one.key == other.key:
                raise InstrumentError(f"instrument {one.key!r} is given twice")
        self.exchanges = sorted({i.exchange for i in self.instruments})
        self.assets = sorted({(i.exchange, a) for i in self.instruments for a in (i.base, i.quote)})

    def __len__(self) -> int:
        return len(self.instruments)

    @cached_property
    def names(self) -> list[str]:
        """Names in index order: the plain name where it is unique over all exchanges, else the key."""
        plain = Counter(i.name for i in self.instruments)
        return [i.name if plain[i.name] == 1 else i.key for i in self.instruments]

    @cached_property
    def codes(self) -> dict[str, int]:
        """Every accepted spelling of an instrument to its index."""
        return {i.key: k for k, i in enumerate(self.instruments)} | {name: k for k, name in enumerate(self.names)}

    @cached_property
    def bases(self) -> list[int]:
        """Asset index of each instrument's base."""
        return [self._asset_keys[f"{i.exchange}.{i.base}"] for i in self.instruments]

    @cached_property
    def quotes(self) -> list[int]:
        """Asset index of each instrument's quote."""
        return [self._asset_keys[f"{i.exchange}.{i.quote}"] for i in self.instruments]

    @cached_property
    def _asset_keys(self) -> dict[str, int]:
        return {f"{exchange}.{name}": k for k, (exchange, name) in enumerate(self.assets)}

    @cached_property
    def asset_names(self) -> list[str]:
        """Names in index order: the plain name where it is unique over all exchanges, else ``exchange.name``."""
        plain = Counter(name for _, name in self.assets)
        return [name if plain[name] == 1 else f"{exchange}.{name}" for exchange, name in self.assets]

    def instrument(self, name: str | int) -> int:
        """Index of an instrument, by name; an index is only checked."""
        if isinstance(name, str):
            return _look_up("instrument", name, self.codes)
        if not 0 <= name < len(self):
            raise InstrumentError(f"there is no instrument {name}; indices go from 0 to {len(self) - 1}")
        return name

    def asset(self, name: str, exchange: str | None = None) -> int:
        """Index of an asset, by plain name where that is unambiguous."""
        if exchange is not None:
            return _look_up("asset", f"{exchange}.{name}", self._asset_keys)
        return _look_up("asset", name, self._asset_keys | {n: k for k, n in enumerate(self.asset_names)})

    def exchange(self, name: str) -> int:
        """Index of an exchange."""
        return _look_up("exchange", name, {e: k for k, e in enumerate(self.exchanges)})


def _look_up(what: str, name: str, known: dict[str, int]) -> int:
    if name not in known:
        like = nearest(name, known)
        raise InstrumentError(
            f"unknown {what} {name!r}; known: {', '.join(sorted(known)[:10])}",
            f"did you mean {like!r}?" if like else None,
        )
    return known[name]
