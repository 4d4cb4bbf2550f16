"""Which of a user's columns is which canonical one."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from barter_bt.data.schema import ALIASES, SCHEMAS, TIME_NAMES
from barter_bt.errors import ConfigError, DataError, nearest


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
    for source in names:
        target = ALIASES.get(kind, {}).get(source, source)
        if source in taken or target not in SCHEMAS[kind].names:
            continue
        if target in found:
            raise ConfigError(
                f"{label}: columns {found[target]!r} and {source!r} are both {target}", "drop or rename one of them"
            )
        found[target] = source
    _check_instrument(found, label, instrument)
    for required in _required(kind, found, instrument):
        if required not in found:
            raise _missing(required, schema, label, kind, set(found.values()))
    return {name: found[name] for name in SCHEMAS[kind].names if name in found}


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
    needed = [] if kind == "candles" and "time_open" in found else ["time_exchange"]
    needed += [name for name in SCHEMAS[kind].floats if name not in SCHEMAS[kind].optional]
    return needed if instrument is not None else [*needed, "instrument"]


def _missing(required: str, schema: pl.Schema, label: str, kind: str, taken: set[str]) -> DataError:
    free = [name for name in schema.names() if name not in taken]
    message = f"{label}: {kind} need a column {required!r}; there are {', '.join(schema.names()) or 'none'}"
    if required == "instrument":
        return DataError(message, 'give instrument="btc_usdt" if all rows are of one instrument, or such a column')
    lower = {name.lower(): name for name in free}
    guess = lower.get(nearest(required, lower) or "")
    if guess is None and required in TIME_NAMES:
        guess = next((name for name in free if schema[name].is_temporal()), None)
        guess = guess or next((lower[name] for name in lower if name.startswith(("time", "date", "ts"))), None)
    hint = f"if column {guess!r} is it: columns={{{guess!r}: {required!r}}}" if guess else "rename yours with columns="
    return DataError(message, hint)


def _did_you_mean(name: str, known: list[str] | tuple[str, ...]) -> str | None:
    guess = nearest(name, known)
    return f"did you mean {guess!r}?" if guess else None
