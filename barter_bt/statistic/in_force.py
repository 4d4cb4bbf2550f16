"""Which terms of margin, mark and liquidation were in force for each instrument of a run, given or by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

SCHEMA = {
    "exchange": pl.String,
    "instrument": pl.String,
    "kind": pl.String,
    "account": pl.String,
    "margin": pl.String,
    "by_default": pl.Boolean,
    "rate": pl.Float64,
    "per_contract": pl.Float64,
    "maintenance": pl.Float64,
    "maintenance_per_contract": pl.Float64,
    "tiers": pl.Int64,
    "liquidation": pl.String,
    "liquidation_fee": pl.Float64,
    "mark": pl.String,
    "settlement": pl.String,
    "settlement_price": pl.Float64,
}

_DEFAULTS = {"rate": 1.0, "per_contract": None, "maintenance": None, "maintenance_per_contract": None} | {
    "mode": "cross",
    "tiers": [],
    "liquidation_fee": 0.0,
}
_MARKS = {
    "last": "last price",
    "closing": "price that closes them",
    "closing_with_fee": "price that closes them, less the fee",
}


def terms_in_force(config: Mapping[str, Any]) -> pl.DataFrame:
    """One row for each instrument, from the configuration of a run as it stands in the manifest.

    Parameters
    ----------
    config
        ``instruments`` and ``venues``, as plain values.

    Examples
    --------
    >>> import barter_bt as bt
    >>> plan = bt.testing.schedule({"at": 60, "buy": 5})
    >>> terms_in_force(bt.testing.run_prices([10, 12], plan).config).select("kind", "account", "margin", "mark").row(0)
    ('spot', 'cash', 'none', 'weighted_mid')
    """
    instruments, venues = config["instruments"], config["venues"]
    liquidated = {_asset(one) for one in instruments if _liquidates(one, venues[one["exchange"]])}
    rows = [_row(one, venues[one["exchange"]], _asset(one) in liquidated) for one in instruments]
    return pl.DataFrame(rows, schema=SCHEMA)


def _row(one: Mapping[str, Any], venue: Mapping[str, Any], is_liquidated: bool) -> dict[str, Any]:
    price = one["settlement_price"]
    row = {name: one[name] for name in ("exchange", "kind")} | {"instrument": one["name"], "mark": venue["mark"]}
    row |= {"account": venue["account"], "settlement_price": None if price is None else float(price)}
    if not _is_margined(one, venue):
        return row | {"margin": "none", "liquidation": "none", "by_default": None}
    margin = _margin(one, venue)
    row["by_default"] = all(margin[name] == value for name, value in _DEFAULTS.items())
    row |= {name: margin[name] for name in ("per_contract", "maintenance_per_contract", "liquidation_fee")}
    by_rate = margin["per_contract"] is None
    kept = margin["maintenance"] if margin["maintenance"] is not None else 0.0
    has_rate = margin["maintenance_per_contract"] is None and not margin["tiers"] and is_liquidated
    return row | {
        "margin": margin["mode"],
        "rate": margin["rate"] if by_rate else None,
        "maintenance": kept if has_rate else None,
        "tiers": len(margin["tiers"]),
        "liquidation": margin["liquidation"] if is_liquidated else "none",
        "settlement": margin.get("settlement", "closing"),  # runs that were saved before have none
    }


def _liquidates(one: Mapping[str, Any], venue: Mapping[str, Any]) -> bool:
    """Whether its positions make their asset one that is liquidated (rule 42)."""
    margin = _margin(one, venue)
    given = margin["maintenance"] is not None or margin["maintenance_per_contract"] is not None or margin["tiers"]
    return one["kind"] != "spot" or (venue["account"] == "margin" and bool(given))


def _is_margined(one: Mapping[str, Any], venue: Mapping[str, Any]) -> bool:
    return bool(one["kind"] != "spot" or venue["account"] == "margin")


def _margin(one: Mapping[str, Any], venue: Mapping[str, Any]) -> Mapping[str, Any]:
    """Terms of its own, or its exchange's."""
    found: Mapping[str, Any] = venue["margin_by_instrument"].get(one["name"], venue["margin"])
    return found


def _asset(one: Mapping[str, Any]) -> tuple[str, str]:
    """What its positions are margined in."""
    return one["exchange"], one["settlement"] or one["quote"]


def told(terms: pl.DataFrame) -> list[str]:
    """What is margined, in words: a line for each set of terms, with the instruments that have it.

    Examples
    --------
    >>> row = {"instrument": "a_usd", "margin": "cross", "rate": 0.1, "maintenance": 0.0, "tiers": 0}
    >>> told(pl.DataFrame([row | {"liquidation": "whole", "mark": "last"}], schema=SCHEMA))
    ['cross margin of a_usd: 10 % to open, liquidated when nothing is left; marked by the last price']
    """
    names: dict[str, list[str]] = {}
    for row in terms.filter(pl.col("margin") != "none").iter_rows(named=True):
        names.setdefault(_words(row), []).append(row["instrument"])
    return [words.format(_some(of)) for words, of in names.items()]


def _words(row: Mapping[str, Any]) -> str:
    """The terms of a row, with a place for the names."""
    opens = f"{row['rate'] * 100:.6g} %" if row["per_contract"] is None else f"{row['per_contract']:.6g} per contract"
    if row["tiers"]:
        opens += f", by {row['tiers']} tiers"
    if row["liquidation"] == "none":
        ends = "never liquidated"
    elif row["maintenance"] or row["maintenance_per_contract"]:
        by_rate = row["maintenance_per_contract"] is None
        kept = f"{row['maintenance'] * 100:.6g} %" if by_rate else f"{row['maintenance_per_contract']:.6g} per contract"
        ends = f"{kept} to keep"
    else:
        ends = "maintained by tier" if row["tiers"] else "liquidated when nothing is left"
    marked = _MARKS.get(row["mark"], row["mark"].replace("_", " "))
    origin = " (margin by default)" if row["by_default"] else ""
    settled = ", settled daily" if row["settlement"] == "daily" else ""
    return f"{row['margin']} margin of {{}}: {opens} to open, {ends}; marked by the {marked}{settled}{origin}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
