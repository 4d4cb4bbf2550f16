"""A schedule of orders from a few literal rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from barter_bt.data.schema import TIME
from barter_bt.errors import ConfigError, nearest
from barter_bt.strategy import Schedule
from barter_bt.testing.market import NAME, stamps

_TRIGGERS = ("stop", "if_touched", "trailing", "trailing_rate", "trailing_ticks", "activation")
_PROTECTION = ("stop_loss", "take_profit", "trailing_stop", "trailing_activation")
_PRICES = (*_TRIGGERS, *_PROTECTION, "trigger")
_TIMES = {"till": "good_till", "after": "good_after"}
_KNOWN = (
    "at",
    "on",
    "buy",
    "sell",
    "target",
    "cancel",
    "amend",
    "limit",
    "tif",
    "fill",
    "by",
    "post_only",
    "reduce_only",
    "quantity",
)
_BONDS = {"group": "group", "follows": "after"}
_ALL = (*_KNOWN, *_TIMES, *_BONDS, *_PRICES)


def schedule(*rows: Mapping[str, Any], **options: Any) -> Schedule:
    """Orders and targets at given times.

    Parameters
    ----------
    rows
        Mappings of ``at``, the time in seconds after 1970, and one of ``buy`` and ``sell``, a quantity, ``target``,
        ``cancel``, the number of an earlier row, or ``amend``, likewise, with what it gives of ``limit``, ``quantity``,
        ``trigger``, ``trailing``, ``trailing_rate``, ``trailing_ticks`` and ``activation``. Also ``on``, the
        instrument's name, and for orders ``limit``, a price, ``tif`` (``"gtc"``, ``"ioc"``, ``"fok"``, ``"day"``,
        ``"at_open"``, ``"at_close"``), ``till`` and ``after``, in seconds, ``fill``, a price of a candle,
        ``post_only``, ``reduce_only``, ``stop``, ``if_touched``, ``trailing``, ``trailing_rate``, ``trailing_ticks``
        and ``activation``, ``group``, a number, and ``follows``, that of an earlier row. Targets may have ``limit``,
        ``stop``, ``tif``, ``till``, ``after``, ``fill`` and ``post_only``, too (rule 60). Also, for orders and targets,
        ``stop_loss``, ``take_profit``, ``trailing_stop`` and ``trailing_activation``, and ``by``, what triggers look
        at. options
        As for :class:`~barter_bt.strategy.Schedule`.

    Examples
    --------
    >>> plan = schedule({"at": 1, "buy": 2, "limit": 99}, {"at": 3, "cancel": 0}, {"at": 4, "target": 1})
    >>> plan.frame["action"].to_list()
    ['open', 'cancel', 'target']
    """
    made = []
    for number, row in enumerate(rows):
        _check(number, row)
        one = {"instrument": row.get("on", NAME), "time": row["at"], "action": "open"}
        one["quantity"] = float(row.get("buy", 0) - row.get("sell", 0))
        if "target" in row:
            one |= {"action": "target", "target": row["target"]}
        if "cancel" in row:
            one |= {"action": "cancel", "ref": row["cancel"]}
        if "amend" in row:
            one |= {"action": "amend", "ref": row["amend"], "quantity": float(row.get("quantity", 0))}
        if "limit" in row:
            one["price"] = float(row["limit"])
        one |= {name: float(row[name]) for name in _PRICES if name in row}
        if "reduce_only" in row:
            one["reduce_only"] = row["reduce_only"]
        one |= {name: row[key] for key, name in _BONDS.items() if key in row}
        one |= {name: stamps([row[key]])[0] for key, name in _TIMES.items() if key in row}
        if "by" in row:
            one["trigger_by"] = row["by"]
        if "fill" in row:
            one["candle_fill"] = row["fill"]
        made.append(one | {"time_in_force": row.get("tif", "gtc"), "post_only": row.get("post_only", False)})
    types: dict[str, Any] = dict.fromkeys(("target", "price", *_PRICES), pl.Float64) | {
        "ref": pl.Int64,
        "group": pl.Int64,
        "after": pl.Int64,
        "reduce_only": pl.Boolean,
        "good_till": TIME,
        "good_after": TIME,
        "candle_fill": pl.String,
        "trigger_by": pl.String,
    }
    given = {name: [one.get(name) for one in made] for name in types if any(name in one for one in made)}
    frame = pl.DataFrame(
        {
            "time": stamps(one["time"] for one in made),
            "action": pl.Series([one["action"] for one in made], dtype=pl.String),
            "instrument": pl.Series([one["instrument"] for one in made], dtype=pl.String),
            "quantity": pl.Series([one["quantity"] for one in made], dtype=pl.Float64),
            "time_in_force": pl.Series([one["time_in_force"] for one in made], dtype=pl.String),
            "post_only": pl.Series([one["post_only"] for one in made], dtype=pl.Boolean),
            **{name: pl.Series(values, dtype=types[name]) for name, values in given.items()},
        }
    )
    return Schedule(frame, **options)


def _check(number: int, row: Mapping[str, Any]) -> None:
    for key in row:
        if key not in _ALL:
            like = nearest(key, _ALL)
            hint = f"did you mean {like!r}?" if like else None
            raise ConfigError(f"row {number} of the schedule has {key!r}; known: {', '.join(_ALL)}", hint)
    if "at" not in row:
        raise ConfigError(f"row {number} of the schedule has no 'at': {dict(row)!r}", "give the time in seconds")
