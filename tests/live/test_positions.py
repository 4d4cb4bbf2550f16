"""A position is explained by the own trades up to its time, in whatever order they are told (rule 84)."""

from __future__ import annotations

from decimal import Decimal as D
from itertools import accumulate
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from barter_bt import protocol as bp
from barter_bt.instrument import IndexedInstruments, Instrument
from barter_bt.live.arrival import Arrival, HeldPosition
from barter_bt.live.ledger import Ledger

PERP = Instrument("x", "btc_usd", kind="perpetual")
GRACE = 5


def ledger(held: D = D(0)) -> Ledger:
    return Ledger(IndexedInstruments([PERP]), [D("0.01")] * 2, GRACE, lambda i: held)


def trade(number: int, quantity: int) -> Any:
    side = bp.Side.BUY if quantity > 0 else bp.Side.SELL
    fees = bp.AssetFees(None, D(0))
    kind = bp.Trade(str(number), "1", "btc_usd", "", number, side, D(100), D(abs(quantity)), fees)
    return Arrival(number, (bp.Account(bp.Item(bp.AccountEvent("x", kind))),))


def held(number: int, quantity: int) -> Arrival:
    return Arrival(number, (), (HeldPosition("x", "btc_usd", D(quantity), number),))


@given(
    st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.integers(-3, 3),
    st.randoms(use_true_random=False),
)
@example([1, -1], [True] * 6, 0, None)
def test_whatever_the_order_what_is_left_is_what_nobody_told(
    quantities: list[int], told: list[bool], by_hand: int, random: Any
) -> None:
    """Some updates are lost; the last is told, and is off by what was traded by hand."""
    positions = list(accumulate(quantities))
    trades = [trade(n, quantity) for n, quantity in enumerate(quantities, 1)]
    updates = [held(n, position) for n, position in enumerate(positions, 1) if told[n - 1]]
    last = held(len(quantities) + 1, positions[-1] + by_hand)
    arrivals = [*trades, *updates]
    if random is not None:
        random.shuffle(arrivals)
    made = ledger()
    made.see(held(0, 0))
    for arrival in [*arrivals, last]:
        made.see(arrival)
    found = made.unexplained(10**6)
    assert [one.amount for one in found] == ([D(by_hand)] if by_hand else [])


def test_the_first_position_must_be_the_engines() -> None:
    for engine, amount in ((D(2), []), (D(0), [D(2)])):
        made = ledger(engine)
        made.see(held(1, 2))
        assert [one.amount for one in made.unexplained(1 + GRACE)] == amount
        assert made.unexplained(GRACE) == []


def test_a_trade_that_comes_with_the_first_position_counts() -> None:
    """The engine has processed it before, and is at two."""
    made = ledger(D(2))
    made.see(Arrival(1, trade(1, 2).events, held(1, 2).positions))
    assert made.unexplained(10) == []


def test_what_is_accepted_is_no_trouble_any_more() -> None:
    made = ledger()
    made.see(held(1, 3))
    made.accept()
    assert made.unexplained(100) == []
    made.see(held(2, 4))
    assert [one.amount for one in made.unexplained(100)] == [D(1)]
