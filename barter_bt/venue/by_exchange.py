"""Terms of exchanges as they are given: one for all, or one for each."""

from __future__ import annotations

from collections.abc import Mapping

from barter_bt.errors import ConfigError, InstrumentError, nearest
from barter_bt.instrument import IndexedInstruments
from barter_bt.venue.terms import Venue


def venues_of(venues: Venue | Mapping[str, Venue] | None, index: IndexedInstruments) -> dict[str, Venue]:
    """Terms of every exchange by its name."""
    if not (venues is None or isinstance(venues, Venue | Mapping)):
        raise ConfigError(f"venues is {venues!r:.60}; it must be a Venue, or Venues by exchange", "Venue(Fees(...))")
    if venues is None or isinstance(venues, Venue):
        return _with_known_names(dict.fromkeys(index.exchanges, venues or Venue()), index, is_for_all=True)
    for name in venues:
        index.exchange(name)
    return _with_known_names({name: venues.get(name, Venue()) for name in index.exchanges}, index, is_for_all=False)


def _with_known_names(venues: dict[str, Venue], index: IndexedInstruments, is_for_all: bool) -> dict[str, Venue]:
    """Terms of single instruments must name one of the exchange, or of any where they are for all."""
    for exchange, venue in venues.items():
        known = {one.name for one in index.instruments if is_for_all or one.exchange == exchange}
        for what in ("fees_by_instrument", "margin_by_instrument", "slippage_by_instrument"):
            for name in getattr(venue, what):
                if name not in known:
                    like = nearest(name, known)
                    raise InstrumentError(
                        f"{what} names {name!r}, which is no instrument; known: {', '.join(sorted(known)[:10])}",
                        f"did you mean {like!r}?" if like else None,
                    )
    return venues
