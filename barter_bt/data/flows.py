"""Money that no order moves, by time: funding of perpetuals, cash dividends, cash flows of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from barter_bt.data.bare import typed
from barter_bt.data.schema import TIME
from barter_bt.data.source import open_source
from barter_bt.errors import DataError, refuse_unknown

Kind = Literal["funding", "dividend", "cash", "interest", "split", "deposit", "margin", "settlement", "assignment"]
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "funding": ("time", "instrument", "rate"),
    "dividend": ("time", "instrument", "amount"),
    "cash": ("time", "asset", "amount", "reason"),
    "split": ("time", "instrument", "ratio"),
    "deposit": ("time", "asset", "amount"),
    "margin": ("time", "instrument", "amount"),
    "settlement": ("time", "instrument", "price"),
    "assignment": ("time", "instrument", "quantity"),
}
_MOST = {"rate": 1.0, "amount": 1e15, "price": 1e15, "quantity": 1e15}
_FROM_ZERO = ("dividend", "assignment")
LEAVE_OUT = "leave it out: frame.drop(...)"
TRADING_FEE = "trading_fee"  # the reason of what fills pay in a third asset


@dataclass(frozen=True)
class CashFlows:
    """Cash flows of one kind, checked: what :func:`funding`, :func:`cash_flows` and the like give.

    Attributes
    ----------
    kind
        ``"funding"``, ``"dividend"``, ``"cash"``, ``"interest"``, ``"split"``,
        ``"deposit"``, ``"margin"``, ``"settlement"`` or ``"assignment"``.
    frame
        Its columns, by time; of interest its terms, one row.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> first = datetime(2024, 5, 10, tzinfo=timezone.utc)
    >>> deposits(pl.DataFrame({"time": [first], "asset": ["usd"], "amount": [250.0]}))
    CashFlows(1 deposit)
    """

    kind: Kind
    frame: pl.DataFrame

    def __repr__(self) -> str:
        if self.kind != "interest":
            return f"CashFlows({self.frame.height:,} {self.kind})"
        row = self.frame.row(0, named=True)
        rates = ", ".join(f"{name} {row[name]}" for name in ("cash", "debt", "borrow") if row[name] is not None)
        return f"CashFlows(interest of {row['asset'] or row['instrument']}: {rates})"


def funding(source: object) -> CashFlows:
    """Rates of funding of perpetuals (rule 41): where a rate is above 0, longs pay and shorts get it.

    Parameters
    ----------
    source
        A frame or file with ``time`` (Datetime with a zone), ``instrument`` and ``rate``, a fraction of the notional
        for this time, not for a year (0.0001 is one basis point); it counts to 1e-12.

    Raises
    ------
    DataError
        A column is missing, a cell null or not finite, times go back, or one comes twice.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> eight = datetime(2024, 1, 1, 8, tzinfo=timezone.utc)
    >>> funding(pl.DataFrame({"time": [eight], "instrument": ["btc_usdt"], "rate": [0.0001]})).frame["rate"].item()
    0.0001
    """
    return _read("funding", source)


def cash_flows(source: object) -> CashFlows:
    """Amounts that the account gets, or pays where they are below 0, for a reason of the user's own (rule 48).

    Rollover, subscriptions, costs. They are part of the result: what is paid in or out is :func:`deposits`.

    Parameters
    ----------
    source
        A frame or file with ``time`` (Datetime with a zone), ``asset`` (``asset`` or ``exchange.asset``), ``amount``
        and ``reason``.

    Raises
    ------
    DataError
        As for :func:`funding`.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> first = datetime(2024, 1, 1, tzinfo=timezone.utc)
    >>> data = pl.DataFrame({"time": [first], "asset": ["usd"], "amount": [-9.99], "reason": ["market data"]})
    >>> cash_flows(data)
    CashFlows(1 cash)
    """
    flows = _read("cash", source)
    moved = pl.col("reason").is_in(["deposit", "withdrawal"])
    refuse_rows("cash", flows.frame, "cash_flows", ("is a deposit or withdrawal", moved, "give it to data.deposits"))
    charged = pl.col("reason") == TRADING_FEE
    refuse_rows("cash", flows.frame, "cash_flows", ("is a fee of trades", charged, "give it to Fees(paid_in=...)"))
    return flows


def deposits(source: object) -> CashFlows:
    """Deposits, and withdrawals where the amount is below 0, which are no profits and losses (rule 48).

    Returns and drawdowns of a run are those of its equity net of them, and a run has a time-weighted and a
    money-weighted return: see the column ``net`` of :attr:`barter_bt.Result.equity`.

    Parameters
    ----------
    source
        A frame or file with ``time`` (Datetime with a zone), ``asset`` (``asset`` or ``exchange.asset``) and
        ``amount``.

    Raises
    ------
    DataError
        As for :func:`funding`.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> first = datetime(2024, 1, 1, tzinfo=timezone.utc)
    >>> deposits(pl.DataFrame({"time": [first, first], "asset": ["usd", "usd"], "amount": [500.0, -20.0]}))
    CashFlows(2 deposit)
    """
    return _read("deposit", source)


def margin_transfers(source: object) -> CashFlows:
    """Margin that is added by hand to isolated positions, or taken from them where the amount is below 0 (rule 79).

    What is spare is moved, up to the amount; the total of the account stays as it is.

    Parameters
    ----------
    source
        A frame or file with ``time`` (Datetime with a zone), ``instrument`` and ``amount``, of its settlement asset.

    Raises
    ------
    DataError
        As for :func:`funding`.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> noon = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
    >>> margin_transfers(pl.DataFrame({"time": [noon], "instrument": ["btc_usdt"], "amount": [500.0]}))
    CashFlows(1 margin)
    """
    return _read("margin", source)


def assignments(source: object) -> CashFlows:
    """Contracts of American options of which who is short is assigned before they expire (rule 81).

    Parameters
    ----------
    source
        A frame or file with ``time`` (Datetime with a zone), ``instrument`` and ``quantity``, the contracts that are
        exercised against the account, as far as it is short.

    Raises
    ------
    DataError
        As for :func:`funding`, or a quantity is below 0.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> friday = datetime(2024, 6, 21, 20, tzinfo=timezone.utc)
    >>> assignments(pl.DataFrame({"time": [friday], "instrument": ["aapl_call"], "quantity": [2.0]}))
    CashFlows(1 assignment)
    """
    return _read("assignment", source)


def settlement_prices(source: object) -> CashFlows:
    """Prices at which instruments that expire are settled (rule 80): of each the last until its expiry counts.

    Parameters
    ----------
    source
        A frame or file with ``time`` (Datetime with a zone), ``instrument`` and ``price``, as an exchange publishes
        them, perhaps for each day; of an option that of its underlying.

    Raises
    ------
    DataError
        As for :func:`funding`.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> friday = datetime(2024, 6, 28, 8, tzinfo=timezone.utc)
    >>> settlement_prices(pl.DataFrame({"time": [friday], "instrument": ["btc_usdt_june"], "price": [60_400.5]}))
    CashFlows(1 settlement)
    """
    return _read("settlement", source)


def read_dated(kind: Kind, source: object, optional: tuple[str, ...] = ()) -> tuple[str, pl.DataFrame]:
    """Name a source, and read its columns for one kind: times are in UTC and do not go back, texts are text."""
    names = _COLUMNS[kind]
    numbers = dict.fromkeys(("rate", "amount", "price", "quantity", "withholding"), pl.Float64())
    opened = typed(open_source(source), dict.fromkeys(("time", "pay_date"), TIME) | numbers | {"ratio": pl.String()})
    for name in names:
        if name not in opened.schema:
            raise DataError(
                f"{opened.label}: {kind} has no column {name!r}; it has {', '.join(opened.schema)}",
                f"it needs {', '.join(names)}",
            )
    refuse_unknown(opened.schema, (*names, *optional), f"{opened.label}: the {kind}", DataError, LEAVE_OUT)
    frame = opened.lazy().select(*names, *(name for name in optional if name in opened.schema)).collect()
    zone = frame.schema["time"]
    if not isinstance(zone, pl.Datetime) or zone.time_zone is None:
        raise DataError(
            f"{opened.label}: column 'time' is {zone}; it must be a Datetime with a time zone",
            "importers such as csv_dividends read dates: data.load(..., time_zone=...)",
        )
    texts = [pl.col(name).cast(pl.String) for name in names if name in ("instrument", "asset", "reason")]
    frame = frame.with_columns(pl.col("time").dt.cast_time_unit("ns").dt.convert_time_zone("UTC"), *texts)
    again = pl.struct("time", "instrument").is_first_distinct().not_() if "instrument" in names else pl.lit(False)
    refuse_rows(
        kind,
        frame,
        opened.label,
        ("has a null", pl.any_horizontal(pl.col(names).is_null()), "drop or fill it"),
        ("goes back in time", pl.col("time") < pl.col("time").shift(), "sort by time"),
        ("comes a second time", again, "it would count twice; drop one"),
    )
    return opened.label, frame


def _read(kind: Kind, source: object) -> CashFlows:
    return CashFlows(kind, read_amounts(kind, source)[1])


def read_amounts(kind: Kind, source: object, optional: tuple[str, ...] = ()) -> tuple[str, pl.DataFrame]:
    """Name a source, and read its columns for a kind that has a rate or an amount."""
    label, frame = read_dated(kind, source, optional)
    number = _COLUMNS[kind][2]
    if not frame.schema[number].is_numeric():
        raise DataError(f"{label}: column {number!r} is {frame.schema[number]}; it must be a number")
    frame = frame.with_columns(pl.col(number).cast(pl.Float64))
    value, least = pl.col(number), 0.0 if kind in _FROM_ZERO else -_MOST[number]
    wrong = ~value.is_between(least, _MOST[number]).fill_null(False)
    refuse_rows(kind, frame, label, (f"has {number} {{}}", wrong, f"allowed: {least:g} to {_MOST[number]:g}"))
    return label, frame


def refuse_rows(kind: Kind, frame: pl.DataFrame, label: str, *wrong: tuple[str, pl.Expr, str]) -> None:
    """Refuse the first row for which something wrong holds: what it is, and what to do."""
    for what, expression, hint in wrong:
        rows = frame.with_row_index("row").filter(expression)
        if rows.height:
            first = rows.row(0, named=True)
            told = what.format(first[_COLUMNS[kind][2]])
            raise DataError(f"{label}: row {first['row']} of the {kind} ({first['time']}) {told}", hint)
