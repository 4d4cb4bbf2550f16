"""What makes one row bad: shared by the checks and by the repairs."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from barter_bt.book.by_order import ADD, CANCEL, CLEAR, EXECUTE, MODIFY
from barter_bt.data.schema import SCHEMAS
from barter_bt.instrument.negative import NEGATIVE_PRICES

_NOISE = 4e-16  # of a float (rule 20): prices that differ by less are one price
_DROP = "repair=Repair(drop_invalid=True) drops such rows and counts them"


class Rule(NamedTuple):
    """One way in which a row can be bad.

    Parameters
    ----------
    code
        Short name of the finding.
    column
        The column to name.
    bad
        True where the row is bad; null counts as false.
    problem, allowed
        What is wrong and what would be right, for the message.
    hint
        How to put it right.
    warning
        Whether it is only worth a warning.
    """

    code: str
    column: str
    bad: pl.Expr
    problem: str
    allowed: str
    hint: str = _DROP
    warning: bool = False


def row_rules(kind: str, names: list[str], signed: pl.Expr | None = None) -> list[Rule]:
    """Rules on single rows, for the canonical columns ``names``; ``signed`` says where prices can be 0 or below.

    Examples
    --------
    >>> [rule.code for rule in row_rules("trades", ["time_exchange", "price", "amount"])]
    ['not_finite', 'not_finite', 'not_positive', 'not_positive']
    """
    schema = SCHEMAS[kind]
    rules = [
        Rule("not_finite", name, _matters(name) & ~pl.col(name).is_finite(), "NaN or infinite", "finite numbers")
        for name in schema.floats
        if name in names
    ]
    return rules + _OF_KIND[kind](names, pl.lit(False) if signed is None else signed)


def crossed_rule() -> Rule:
    """Say when the best bid is above the best ask."""
    return Rule(
        "crossed",
        "bid_price",
        _both_sides() & (pl.col("bid_price") > pl.col("ask_price") * (1.0 + _NOISE * pl.col("ask_price").sign())),
        "above ask_price",
        "bid_price below ask_price where both amounts are positive",
        "repair=Repair(drop_crossed=True) drops such quotes and counts them",
    )


def _trade_rules(names: list[str], signed: pl.Expr) -> list[Rule]:
    rules = [_positive_price("price", ~signed), _positive("amount")]
    if "side" in names:
        rules.append(Rule("side", "side", ~pl.col("side").is_in([-1, 0, 1]), "no side", "+1 buy, -1 sell, 0 unknown"))
    return rules


def _book_rules(names: list[str], signed: pl.Expr) -> list[Rule]:
    allowed = "+1 bid, -1 ask, 0 for a message without levels"
    return [
        _positive_price("price", (pl.col("side") != 0) & ~signed),
        _not_negative("amount"),
        Rule("side", "side", ~pl.col("side").is_in([-1, 0, 1]), "no side", allowed),
    ]


def _order_rules(names: list[str], signed: pl.Expr) -> list[Rule]:
    action, price, amount = pl.col("action"), pl.col("price"), pl.col("amount")
    adds, has_amount = action == ADD, action.is_in([ADD, MODIFY, EXECUTE])
    rules = [
        Rule("not_positive", "price", adds & price.is_finite() & (price <= 0), "zero or negative", "numbers above 0"),
        Rule("negative", "price", ~adds & (price < 0), "negative", "that of the order, or 0 where it stays"),
        Rule("not_positive", "amount", has_amount & (amount <= 0), "zero or negative", "numbers above 0"),
        Rule("negative", "amount", (action == CANCEL) & (amount < 0), "negative", "what leaves, or 0 for all of it"),
        Rule("side", "side", adds & ~pl.col("side").is_in([-1, 1]), "no side", "+1 bid, -1 ask"),
        Rule("side", "side", ~adds & ~pl.col("side").is_in([-1, 0, 1]), "no side", "that of the order, or 0"),
    ]
    if "snapshot" in names:
        other = (pl.col("snapshot") != 0) & ~action.is_in([ADD, CLEAR])
        rules.append(Rule("snapshot", "action", other, "none of a snapshot", "add and clear"))
    return rules


def _quote_rules(names: list[str], signed: pl.Expr) -> list[Rule]:
    bid, ask = pl.col("bid_price"), pl.col("ask_price")
    locked = _both_sides() & ((bid == ask) | ((bid / ask - 1.0).abs() <= _NOISE))
    return [
        _positive_price("bid_price", (pl.col("bid_amount") > 0) & ~signed),
        _positive_price("ask_price", (pl.col("ask_amount") > 0) & ~signed),
        _not_negative("bid_amount"),
        _not_negative("ask_amount"),
        Rule("locked", "bid_price", locked, "equal to ask_price", "bid_price below ask_price", "", warning=True),
    ]


def _candle_rules(names: list[str], signed: pl.Expr) -> list[Rule]:
    body = ("open", "close")
    rules = [_positive_price(name, ~signed) for name in SCHEMAS["candles"].prices]
    rules += [_not_negative("volume")] if "volume" in names else []
    top, bottom = pl.max_horizontal(body), pl.min_horizontal(body)
    return [
        *rules,
        Rule("high", "high", pl.col("high") < top, "below open or close", "high at or above both"),
        Rule("low", "low", pl.col("low") > bottom, "above open or close", "low at or below both"),
        Rule(
            "open_after_close",
            "time_open",
            pl.col("time_open") >= pl.col("time_exchange"),
            "not before time_exchange",
            "time_open before time_exchange, the time of the close",
            "the columns may be the wrong way round; " + _DROP,
        ),
    ]


def _positive(name: str) -> Rule:
    bad = pl.col(name).is_finite() & (pl.col(name) <= 0)
    return Rule("not_positive", name, bad, "zero or negative", "numbers above 0")


def _positive_price(name: str, where: pl.Expr) -> Rule:
    hint = f"{NEGATIVE_PRICES} (an import: name it in negative_prices); {_DROP}"
    return _positive(name)._replace(bad=_positive(name).bad & where, hint=hint)


def _not_negative(name: str) -> Rule:
    return Rule("negative", name, pl.col(name).is_finite() & (pl.col(name) < 0), "negative", "0 or more")


def _matters(name: str) -> pl.Expr:
    """Whether a value is looked at: the price of an empty side is not."""
    if name in SCHEMAS["quotes"].prices:
        return pl.col(name.replace("price", "amount")) != 0
    return pl.lit(True)


def _both_sides() -> pl.Expr:
    return (pl.col("bid_amount") > 0) & (pl.col("ask_amount") > 0)


_OF_KIND = {
    "trades": _trade_rules,
    "quotes": _quote_rules,
    "candles": _candle_rules,
    "book": _book_rules,
    "book_orders": _order_rules,
}
