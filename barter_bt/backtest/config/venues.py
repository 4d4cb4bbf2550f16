"""Terms of a configuration's exchanges: fees, margin, slippage, latency, faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from barter_bt.backtest.config.place import Place
from barter_bt.backtest.config.sections import LatencySection, Section, VenueSection, given

if TYPE_CHECKING:
    from barter_bt.venue.terms import Latency, Venue


def venues_of(place: Place, sections: Mapping[str, VenueSection], exchanges: set[str]) -> dict[str, Venue]:
    """Terms of each exchange: those of its section, or the default.

    Raises
    ------
    BarterBtError
        A section is of no exchange, a file is missing, or a value cannot be.
    """
    from barter_bt.venue.terms import Venue

    for name in sections:
        if name not in exchanges:
            place.unknown(f"venues.{name}", name, sorted(exchanges))
    return {
        name: _venue(place, f"venues.{name}", sections[name]) if name in sections else Venue()
        for name in sorted(exchanges)
    }


def _venue(place: Place, key: str, section: VenueSection) -> Venue:
    from barter_bt.venue import costs, margins, terms
    from barter_bt.venue.faults import Faults

    values = given(section)
    if section.latency is not UNSET:
        values["latency"] = _latency(place, f"{key}.latency", section.latency)
    if section.faults is not UNSET:
        values["faults"] = place.make(f"{key}.faults", Faults, given(section.faults))
    if section.max_age is not UNSET:
        values["max_age_ns"] = place.duration(f"{key}.max_age", values.pop("max_age"))
    kinds: dict[str, Callable[..., Any]] = {
        "fees": costs.Fees,
        "margin": margins.Margin,
        "slippage": costs.Slippage,
    }
    for part, kind in kinds.items():
        if part in values:
            values[part] = _terms(place, f"{key}.{part}", kind, values[part])
        every = f"{part}_by_instrument"
        if every in values:
            values[every] = {
                name: _terms(place, f"{key}.{every}.{name}", kind, each) for name, each in values[every].items()
            }
    venue: Venue = place.make(key, terms.Venue, values)
    return venue


def _latency(place: Place, key: str, section: LatencySection) -> Latency:
    """Delays as they are told, or as files have them."""
    from barter_bt.venue.terms import Latency

    told = given(section)
    files, refused = told.pop("hftbacktest", None), told.pop("leave_out_refused", None)
    seed = {"seed": told.pop("seed")} if "seed" in told else {}
    delays = {
        f"{part}_ns": given(delay) if isinstance(delay, Section) else place.duration(f"{key}.{part}", delay)
        for part, delay in told.items()
    }
    latency: Latency
    if files is None:
        if refused is not None:
            place.fail(f"{key}.leave_out_refused", "it has no effect", "it is said of the files of hftbacktest")
        latency = place.make(key, Latency, delays | seed)
        return latency
    for name in (*seed, *(part for part in told if part != "feed")):
        place.fail(f"{key}.{name}", "the files of hftbacktest say it", "leave one of the two out")
    paths = [place.existing(f"{key}.hftbacktest", each) for each in ([files] if isinstance(files, str) else files)]
    options = delays if refused is None else delays | {"leave_out_refused": refused}
    latency = place.make(key, Latency.from_hftbacktest, options, *paths)
    return latency


def _terms(place: Place, key: str, kind: Callable[..., Any], section: Section | str | float) -> Any:
    """Fees and the like; what stands in a section of its own in them is made first."""
    from barter_bt.venue.tiers import FeeTiers

    if not isinstance(section, Section):
        return section  # a rate, or the name of a preset
    values = _all_given(section)
    if isinstance(tiers := values.get("tiers"), Section):
        values["tiers"] = place.make(f"{key}.tiers", FeeTiers, given(tiers))
    return place.make(key, kind, values)


def _all_given(section: Section) -> dict[str, Any]:
    """The keys of a section, and of the sections that it lists."""
    return {
        name: [given(each) for each in value] if isinstance(value, list) else value
        for name, value in given(section).items()
    }
