"""Balances of assets: Barter's tests of asset states, with its numbers, by events of the account."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.engine.replica import StateReplica, differences
from barter_bt.errors import InstrumentError
from barter_bt.instrument import Instrument
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AccountSnapshot,
    AssetBalance,
    Balance,
    Item,
    from_json,
    to_json,
)
from barter_bt.system import Engine

FIRST, LAST = 0, 2**63 - 1  # of the times that there are from the start of the engine on
Told = tuple[str | int, str, str, int]  # asset, total, free, time


def make(start: int = FIRST) -> Engine:
    return Engine([Instrument(exchange, "btc_usdt") for exchange in ("x", "y")], start=start)


def one(asset: str | int, total: str, free: str, time: int) -> AssetBalance:
    return AssetBalance(asset, Balance(D(total), D(free)), time)


def told(exchange: int, *balance: str | int) -> Account:
    return Account(Item(AccountEvent(exchange, one(*balance))))  # type: ignore[arg-type]


def balance(engine: Engine, asset: str | int) -> tuple[Any, ...]:
    """Total, free, time."""
    return engine.balance(asset)


def test_the_first_snapshot_is_taken() -> None:
    """Of any time, also before the engine's first; until then there is nothing of the asset."""
    for time in (FIRST, -5):
        engine = make()
        assert balance(engine, "x.btc") == (0, 0, 0)
        engine.process(told(0, "btc", "1100", "1100", time))
        assert balance(engine, "x.btc") == (D(1100), D(1100), time)
        assert len(engine.state.balances) == 1


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (("1000", "1000", FIRST), ("1100", "1100", LAST), ("1100", "1100", LAST)),
        (("1000", "900", 1000), ("1000", "800", 1000), ("1000", "800", 1000)),
        (("1000", "900", LAST), ("1000", "800", FIRST), ("1000", "900", LAST)),
    ],
    ids=["more recent", "equal", "stale"],
)
def test_a_second_snapshot(
    before: tuple[str, str, int], after: tuple[str, str, int], kept: tuple[str, str, int]
) -> None:
    """More recent or at the same time it replaces the balance; a stale one changes nothing, nor is it recorded."""
    engine = make()
    for each in (before, after):
        engine.process(told(0, "btc", *each))
    total, free, time = kept
    assert balance(engine, "x.btc") == (D(total), D(free), time)
    assert len(engine.state.balances) == (1 if kept == before else 2)


def test_an_asset_of_two_exchanges_has_two_balances() -> None:
    """By name it is that of the event's exchange; by index that of the index."""
    engine = make()
    engine.process(told(0, "usdt", "1", "1", 5))
    engine.process(told(1, "usdt", "2", "2", 3))
    engine.process(told(1, engine.index.asset("y.btc"), "3", "3", 1))
    found = {name: balance(engine, name) for name in engine.index.asset_names}
    assert found == {
        "x.btc": (0, 0, FIRST),
        "x.usdt": (1, 1, 5),
        "y.btc": (3, 3, 1),
        "y.usdt": (2, 2, 3),
    }
    with pytest.raises(InstrumentError, match=r"unknown asset 'x\.xbt'"):
        engine.process(told(0, "xbt", "1", "1", 9))


def test_a_copy_of_the_state_keeps_balances_by_index_and_by_name() -> None:
    """Barter writes its asset states as JSON and reads them; here a state is copied, or followed by its audit."""
    engine = make()
    engine.process(told(0, "btc", "1.0", "0.5", FIRST))
    engine.process(told(0, "usdt", "1000", "1000", FIRST))
    saved, replica = engine.state.copy(), StateReplica(make().state)
    replica.follow(engine.state)
    for copy in (saved, replica.state):
        assert differences(engine.state, copy) == []
        assert copy.assets.array("total").tolist() == engine.state.assets.array("total").tolist()
    other = make()
    other.state.replace("assets", saved.assets)
    assert (engine.index.asset("x.btc"), engine.index.asset("usdt", "x")) == (0, 1)
    assert balance(other, 0) == balance(other, "x.btc") == (1, D("0.5"), FIRST)
    assert balance(other, 1) == balance(other, "x.usdt") == (1000, 1000, FIRST)
    engine.process(told(0, "btc", "2", "2", 1))
    assert differences(engine.state, saved), "a copy does not follow"


def test_balances_in_an_account_snapshot_are_each_held_against_their_own_time() -> None:
    """Written as JSON and read again: the stale one is ignored, the others are taken."""
    engine = make()
    engine.process(told(0, "btc", "5", "4", 10))
    snapshot = AccountSnapshot(0, (one("btc", "9", "9", 9), one("usdt", "7", "6", 8)), ())
    event = Account(Item(AccountEvent(0, snapshot)))
    engine.process(from_json(Account, to_json(event)))
    assert balance(engine, "x.btc") == (5, 4, 10)
    assert balance(engine, "x.usdt") == (7, 6, 8)


TOLD = st.lists(st.tuples(st.integers(0, 99), st.integers(FIRST, 9)), min_size=1, max_size=20)


@settings(deadline=None)
@given(TOLD)
def test_what_counts_is_the_last_of_the_latest(snapshots: list[tuple[int, int]]) -> None:
    """In any order of times: of the snapshots of the latest time the one that came last."""
    engine = make()
    for total, time in snapshots:
        engine.process(told(0, "btc", str(total), str(total), time))
    latest = max(time for _, time in snapshots)
    expected = next(total for total, time in reversed(snapshots) if time == latest)
    assert balance(engine, "x.btc") == (expected, expected, latest)
