"""What is said to look back only does: its values stay what they are when later rows are taken away."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from barter_bt.strategy.lookback import only_looks_back
from tests.backtest.test_causality import CLOSE, HONEST, LEAKS

A, B = pl.col("a"), pl.col("b")
ONE = {
    "shift": lambda x, n: x.shift(n),
    "diff": lambda x, n: x.diff(n),
    "diff that drops": lambda x, n: x.diff(n, null_behavior="drop"),
    "change": lambda x, n: x.pct_change(n),
    "mean": lambda x, n: x.rolling_mean(abs(n) + 1, min_samples=1),
    "centred": lambda x, n: x.rolling_max(abs(n) + 1, min_samples=1, center=True),
    "deviation": lambda x, n: x.rolling_std(abs(n) + 2),
    "sum": lambda x, n: x.cum_sum(),
    "sum from the end": lambda x, n: x.cum_sum(reverse=True),
    "smoothed": lambda x, n: x.ewm_mean(span=abs(n) + 1),
    "filled": lambda x, n: x.fill_null(n),
    "filled with the mean": lambda x, n: x.fill_null(x.mean()),
    "filled backward": lambda x, n: x.fill_null(strategy="backward"),
    "clipped": lambda x, n: x.clip(-abs(n), abs(n)),
    "largest": lambda x, n: x / x.max(),
    "rank": lambda x, n: x.rank(),
    "reversed": lambda x, n: x.reverse(),
    "renamed": lambda x, n: x.alias("c"),
    "question": lambda x, n: x.is_between(-n, n).cast(pl.Float64),
}
TWO = {
    "or": lambda x, y: pl.when(x > y).then(x).otherwise(y),
    "difference": lambda x, y: x - y,
    "larger": pl.max_horizontal,
    "first": pl.coalesce,
}


@st.composite
def expressions(draw: st.DrawFn) -> pl.Expr:
    """A few functions of two columns, one around the other."""
    made = draw(st.sampled_from([A, B]))
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            made = ONE[draw(st.sampled_from(sorted(ONE)))](made, draw(st.integers(-3, 3)))
        else:
            made = TWO[draw(st.sampled_from(sorted(TWO)))](made, draw(st.sampled_from([A, B, pl.lit(1.0)])))
    return made


@given(expressions(), st.data())
@settings(max_examples=300)
def test_what_only_looks_back_is_the_same_without_the_later_rows(expression: pl.Expr, data: st.DataObject) -> None:
    if not only_looks_back(expression):
        return
    values = st.lists(st.none() | st.integers(-4, 4).map(float), min_size=12, max_size=12)
    frame = pl.DataFrame({"a": data.draw(values), "b": data.draw(values)}, schema={"a": pl.Float64, "b": pl.Float64})
    height = data.draw(st.integers(1, 11))
    whole, part = (some.select(target=expression).to_series() for some in (frame, frame.head(height)))
    assert_series_equal(whole.head(height), part)


@pytest.mark.parametrize("leak", LEAKS)
def test_no_leak_is_said_to_look_back(leak: str) -> None:
    assert not only_looks_back(LEAKS[leak][0])


@pytest.mark.parametrize("name", ["averages", "exponential", "bands"])
def test_usual_signals_are_known_to(name: str) -> None:
    """They are not tried out."""
    assert only_looks_back(HONEST[name].cast(pl.Float64) * 2)


@pytest.mark.parametrize("name", sorted(ONE))
def test_functions_one_by_one(name: str) -> None:
    """Those that take a number of rows look back only where it is not negative."""
    back = {
        "shift",
        "diff",
        "change",
        "mean",
        "deviation",
        "sum",
        "smoothed",
        "filled",
        "clipped",
        "renamed",
        "question",
    }
    assert only_looks_back(ONE[name](A, 2)) is (name in back)
    assert only_looks_back(ONE[name](A, -2)) is (name in back - {"shift", "diff", "change"})


@pytest.mark.parametrize(
    "strange", [pl.lit(pl.Series([1.0, 2.0])), CLOSE.over("instrument"), pl.col("^c.*$"), pl.all()]
)
def test_what_is_not_known_is_tried_out(strange: pl.Expr) -> None:
    assert not only_looks_back(strange)
