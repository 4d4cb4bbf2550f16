"""Sets of parameters: what is asked for, all of it, and nothing twice."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError


def test_a_grid_has_every_combination_in_order():
    sets = bt.grid(fast=range(1, 4), slow=[2, 3], size=["units"], where="fast < slow")
    assert sets.rows() == [(1, 2, "units"), (1, 3, "units"), (2, 3, "units")]
    assert bt.grid(a=[1, 2], where=pl.col("a") > 1).rows() == [(2,)]


@pytest.mark.parametrize("method", ["random", "latin_hypercube", "sobol"])
def test_drawn_sets_lie_in_their_ranges(method):
    """Both ends of whole numbers are drawn; the same seed gives the same, another others."""
    asked = {"fast": (1, 4), "share": (0.25, 0.75), "size": ["units", "equity"]}
    sets = bt.draw(200, method=method, seed=5, **asked)
    assert sets["fast"].unique().sort().to_list() == [1, 2, 3, 4]
    assert sets["share"].is_between(0.25, 0.75).all()
    assert set(sets["size"]) == {"units", "equity"}
    assert sets.equals(bt.draw(200, method=method, seed=5, **asked))
    assert not sets.equals(bt.draw(200, method=method, seed=6, **asked))


@pytest.mark.parametrize(("method", "most"), [("latin_hypercube", 1), ("sobol", 1)])
def test_drawn_sets_are_spread(method, most):
    """Of as many equal parts of a range as there are sets, each has one."""
    values = bt.draw(64, method=method, x=(0.0, 1.0), y=(0.0, 1.0))
    for name in ("x", "y"):
        assert (values[name] * 64).floor().value_counts()["count"].max() == most


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (bt.grid, "needs a parameter"),
        (lambda: bt.grid(a=[1, 1]), "each once"),
        (lambda: bt.grid(a=[]), "at least one"),
        (lambda: bt.grid(a=[1, "x"]), "of one kind"),
        (lambda: bt.grid(a=range(4_000), b=range(4_000)), "16,000,000 combinations"),
        (lambda: bt.grid(a=[1], where="b > 1"), "cannot be computed"),
        (lambda: bt.grid(a=[1], where="a > 1"), "leaves none of 1"),
        (lambda: bt.draw(0, a=(1, 2)), "whole number from 1"),
        (lambda: bt.draw(3), "nothing to draw"),
        (lambda: bt.draw(3, a=(2, 1)), "a pair"),
        (lambda: bt.draw(3, method="halton", a=(1, 2)), "allowed: random"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
