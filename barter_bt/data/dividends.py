"""Cash dividends of shares, by their ex-dates."""

from __future__ import annotations

import polars as pl

from barter_bt.data.flows import CashFlows, read_amounts, refuse_rows
from barter_bt.errors import DataError

_OPTIONAL = ("pay_date", "withholding")


def dividends(source: object) -> CashFlows:
    """Cash dividends of shares (rule 45): who holds at the ex-date gets them, at once or on the pay date.

    Until it is paid, a dividend is part of the equity and not of the balance. Prices must not be adjusted for
    dividends: such a price has fallen before the dividend is paid, and it would count twice. A run refuses it where the
    stream says ``adjusted="splits_and_dividends"`` (rule 108). With prices that are ``adjusted="splits"`` amounts are
    per share of today, too, as most sources have them.

    Parameters
    ----------
    source
        A frame or file with ``time``, the ex-date (Datetime with a zone), ``instrument`` and ``amount``, in the quote
        asset per share. It may have ``pay_date`` (Datetime with a zone, null: at once) and ``withholding``, the part
        from 0 to 1 of what is received that is withheld (null: nothing); who is short pays the whole amount.

    Raises
    ------
    DataError
        As for :func:`funding`; or a pay date lies before its ex-date, or a part is not from 0 to 1.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> ex_date = datetime(2024, 5, 10, tzinfo=timezone.utc)
    >>> data = pl.DataFrame({"time": [ex_date], "instrument": ["aapl_usd"], "amount": [0.25], "withholding": [0.15]})
    >>> dividends(data)
    CashFlows(1 dividend)
    """
    label, frame = read_amounts("dividend", source, _OPTIONAL)
    if "pay_date" in frame.columns:
        zone = frame.schema["pay_date"]
        if not isinstance(zone, pl.Datetime) or zone.time_zone is None:
            raise DataError(f"{label}: column 'pay_date' is {zone}; it must be a Datetime with a time zone")
        frame = frame.with_columns(pl.col("pay_date").dt.cast_time_unit("ns").dt.convert_time_zone("UTC"))
        early = (pl.col("pay_date") < pl.col("time")).fill_null(value=False)
        refuse_rows("dividend", frame, label, ("is paid before its ex-date", early, "time is the ex-date"))
    if "withholding" in frame.columns:
        if not frame.schema["withholding"].is_numeric():
            raise DataError(f"{label}: column 'withholding' is {frame.schema['withholding']}; it must be a number")
        frame = frame.with_columns(pl.col("withholding").cast(pl.Float64).fill_null(0.0))
        wrong = ~pl.col("withholding").is_between(0.0, 1.0)
        refuse_rows("dividend", frame, label, ("withholds what cannot be", wrong, "allowed: 0 to 1; 15 % is 0.15"))
    return CashFlows("dividend", frame)
