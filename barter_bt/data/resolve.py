"""Which of a user's columns is which canonical one."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from barter_bt.data.schema import ALIASES, SCHEMAS, TIME_NAMES
from barter_bt.errors import ConfigError, DataError, nearest

_TIMES = ("timestamp", "datetime", "date", "time", "ts", "index")
_TAKEN: dict[str, dict[str, tuple[str, ...]]] = {
    "trades": {"time_exchange": _TIMES, "amount": ("qty", "quantity", "size")},
    "quotes": {
        "time_exchange": _TIMES,
        "bid_price": ("bid", "best_bid", "best_bid_price"),
        "ask_price": ("ask", "best_ask", "best_ask_price"),
        "bid_amount": ("bid_size", "bid_qty", "bidsize", "bidqty", "best_bid_qty"),
        "ask_amount": ("ask_size", "ask_qty", "asksize", "askqty", "best_ask_qty"),
    },
    "book": {"time_exchange": _TIMES, "amount": ("qty", "quantity", "size")},
    "book_orders": {"time_exchange": _TIMES, "amount": ("qty", "quantity", "size")},
    "candles": {"time_open": ("open_time", "opentime", *_TIMES), "volume": ("vol",)},
}
"""Names that others give to our columns, in any case; which one is taken, the stream tells in its notes. A date or
time of a candle is that of its open: read as the close, it would let decisions know the candle before it is over."""

TIMELY = {*TIME_NAMES, *ALIASES["candles"], "open_time", "opentime", *_TIMES}
"""Names of columns, in lower case, that hold times."""

INSTRUMENT = ("symbol", "ticker")
"""Names in lower case of a column that names the instrument."""

_SYNONYMS = {
    "amount": ("volume",),
    "price": ("px", "last", "rate"),
    "instrument": ("pair", "market"),
}
"""Names that are only guessed in hints, never taken: they often mean something else."""


def resolve(
    schema: pl.Schema, label: str, kind: str, renames: Mapping[str, str] | None, instrument: str | None
) -> dict[str, str]:
    """Canonical name to source name.

    Raises
    ------
    ConfigError
        For a rename of or to an unknown column, or an instrument said twice.
    DataError
        For a required column that is not there.

    Examples
    --------
    >>> schema = pl.Schema({"ts": pl.Int64, "price": pl.Float64, "amount": pl.Float64})
    >>> resolve(schema, "<frame>", "trades", {"ts": "time_exchange"}, "btc_usdt")
    {'time_exchange': 'ts', 'price': 'price', 'amount': 'amount'}
    """
    names = schema.names()
    found = _renamed(names, label, kind, dict(renames or {}))
    taken = set(found.values())
    for source, target in _by_name(names, kind):
        if source in taken:
            continue
        if target in found:
            raise ConfigError(
                f"{label}: columns {found[target]!r} and {source!r} are both {target}", "drop or rename one of them"
            )
        found[target] = source
    for target, source in _others(schema, label, kind, found, instrument):
        found[target] = source
    _check_instrument(found, label, instrument)
    missing = [name for name in _required(kind, found, instrument) if name not in found]
    if missing:
        raise _missing(missing, schema, label, kind, set(found.values()))
    return {name: found[name] for name in SCHEMAS[kind].names if name in found}


def _by_name(names: list[str], kind: str) -> list[tuple[str, str]]:
    """Source columns with the name of a canonical one: as it is, or else in any case."""
    aliases, known = ALIASES.get(kind, {}), SCHEMAS[kind].names
    exact = [(name, aliases.get(name, name)) for name in names if aliases.get(name, name) in known]
    said = {target for _, target in exact}
    lower = [(name, aliases.get(name.lower(), name.lower())) for name in names]
    return exact + [(name, target) for name, target in lower if target in known and target not in said]


def _others(
    schema: pl.Schema, label: str, kind: str, found: Mapping[str, str], instrument: str | None
) -> list[tuple[str, str]]:
    """Columns that go by a name which others give to ours, for those that are not there."""
    wanted = dict(_TAKEN[kind])
    if kind == "candles" and "time_exchange" in found:
        del wanted["time_open"]  # the interval says when they open
    if instrument is None:
        wanted["instrument"] = INSTRUMENT
    taken: list[tuple[str, str]] = []
    free = [name for name in schema.names() if name not in found.values()]
    free = [name for name in free if name.lower() != "index" or schema[name].is_temporal()]
    for target, others in wanted.items():
        fitting = [name for name in free if name.lower().replace(" ", "_") in others and target not in found]
        exact = [name for name in fitting if target == "time_open" and name.lower().startswith("open")]
        fitting = exact if len(exact) == 1 else fitting
        if len(fitting) > 1:
            raise DataError(
                f"{label}: columns {', '.join(map(repr, fitting))} may each be {target}",
                f"say which one: columns={{{fitting[0]!r}: {target!r}}}",
            )
        taken += [(target, name) for name in fitting]
    return taken


def _renamed(names: list[str], label: str, kind: str, renames: dict[str, str]) -> dict[str, str]:
    known = SCHEMAS[kind].names
    found: dict[str, str] = {}
    for source, wish in renames.items():
        target = ALIASES.get(kind, {}).get(wish, wish)
        if source not in names and wish in names and source in known:
            raise ConfigError(
                f"{label}: columns={{{source!r}: {wish!r}}} is the wrong way round",
                f"the key is the name in your data: columns={{{wish!r}: {source!r}}}",
            )
        if source not in names:
            raise ConfigError(
                f"{label}: columns= renames {source!r}, which is not in the data ({', '.join(names)})",
                _did_you_mean(source, names),
            )
        if target not in known:
            raise ConfigError(
                f"columns= renames {source!r} to {wish!r}, which is no column of {kind} ({', '.join(known)})",
                _did_you_mean(wish, known),
            )
        if target in found:
            raise ConfigError(f"columns= renames both {found[target]!r} and {source!r} to {target!r}")
        found[target] = source
    return found


def _check_instrument(found: dict[str, str], label: str, instrument: str | None) -> None:
    if instrument is None:
        return
    if not instrument:
        raise ConfigError(f"instrument is {instrument!r}; it is one name, such as 'btc_usdt'")
    if "instrument" in found:
        raise ConfigError(
            f"{label}: instrument={instrument!r} is given, but column {found['instrument']!r} says it too",
            "leave instrument out, or drop the column",
        )


def _required(kind: str, found: Mapping[str, str], instrument: str | None) -> list[str]:
    time = "time_open" if kind == "candles" else "time_exchange"
    needed = [] if "time_exchange" in found else [time]
    needed += [name for name in SCHEMAS[kind].floats if name not in SCHEMAS[kind].optional]
    needed += SCHEMAS[kind].codes
    return needed if instrument is not None else [*needed, "instrument"]


def _missing(names: list[str], schema: pl.Schema, label: str, kind: str, taken: set[str]) -> DataError:
    """Name all columns that are missing, and for each the one that it may be."""
    free = [name for name in schema.names() if name not in taken]
    renames: dict[str, str] = {}
    for name in names:
        guess = _guess(name, schema, [one for one in free if one not in renames])
        if guess is not None:
            closes = name == "time_open" and "close" in guess.lower()
            renames[guess] = "time_close" if closes else name
    plural = "columns" if len(names) > 1 else "a column"
    needed = ", ".join(map(repr, names))
    message = f"{label}: {kind} need {plural} {needed}; there are {', '.join(schema.names()) or 'none'}"
    hints = []
    if renames:
        which = "column" if len(renames) == 1 else "columns"
        verb = "is it" if len(renames) == 1 else "are they"
        hints.append(f"if {which} {', '.join(map(repr, renames))} {verb}: columns={renames}")
    elif names != ["instrument"]:
        hints.append("rename yours with columns=")
    if "time_open" in names:
        hints.append(
            'a date is the open of its bar, and interval="1d" (the length of a candle) makes the close; '
            "a time that is the close is 'time_close'"
        )
    naive = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime) and dtype.time_zone is None]
    if naive:
        hints.append(f"times of {naive[0]!r} have no zone: time_zone='UTC', or the one that they are in")
    if "instrument" in names:
        hints.append('give instrument="btc_usdt" if all rows are of one instrument, or a column that names it')
    return DataError(message, "; ".join(hints))


def _guess(missing: str, schema: pl.Schema, free: list[str]) -> str | None:
    """The column that a missing one may be."""
    lower = {name.lower(): name for name in free}
    if missing not in TIME_NAMES:
        synonym = next((lower[name] for name in _SYNONYMS.get(missing, ()) if name in lower), None)
        return synonym or lower.get(nearest(missing, lower) or "")
    timely = [name for name in free if name.lower().startswith(("time", "date", "ts", "open_time", "open time"))]
    timely += [name for name in free if schema[name].is_temporal()]
    return next(iter(timely), lower.get(nearest(missing, lower) or ""))


def _did_you_mean(name: str, known: list[str] | tuple[str, ...]) -> str | None:
    guess = nearest(name, known)
    return f"did you mean {guess!r}?" if guess else None
