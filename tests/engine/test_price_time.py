"""Rule 15: resting orders of one instrument fill by price, then time, whatever the order in which they came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.tiny import run, schedule, table, trades

LIMITS = st.lists(st.tuples(st.booleans(), st.integers(90, 94), st.integers(1, 3)), min_size=1, max_size=12)
CANCELLED = st.sets(st.integers(0, 11))
TRADES = st.lists(st.tuples(st.integers(88, 98), st.integers(1, 6)), min_size=1, max_size=8)


@given(limits=LIMITS, cancelled=CANCELLED, prints=TRADES)
def test_rule_15_price_then_time(limits, cancelled, prints):
    """Many orders at few prices, some cancelled, against trades that cannot fill them all."""
    orders = [(buys, 90 + (price - 90) // 2 if buys else 96 - (price - 90) // 2, lots) for buys, price, lots in limits]
    rows = [{"at": 1, "buy" if buys else "sell": lots, "limit": price} for buys, price, lots in orders]
    gone = [number for number in sorted(cancelled) if number < len(orders)]
    rows += [{"at": 2, "cancel": number} for number in gone]
    market = trades((0, 93, 1), *((3 + k, price, amount) for k, (price, amount) in enumerate(prints)))
    result = run(market, schedule(*rows), balances={"usd": 10_000, "a": 100})
    found = table(result.trades, "order_id", "time_exchange", "price", "quantity")

    left = {number: lots for number, (_, _, lots) in enumerate(orders) if number not in gone}
    wanted = []
    for k, (price, amount) in enumerate(prints):
        filled, rest = [], amount
        for buys in (True, False):
            waiting = [n for n in left if orders[n][0] == buys and (1 if buys else -1) * (orders[n][1] - price) > 0]
            for number in sorted(waiting, key=lambda n: (-orders[n][1] if orders[n][0] else orders[n][1], n)):
                lots = min(left[number], rest)
                if lots:
                    filled.append((number, 3 + k, orders[number][1], lots))
                    rest -= lots
                    left[number] -= lots
        left = {number: lots for number, lots in left.items() if lots}
        wanted += sorted(filled, key=lambda fill: (orders[fill[0]][0], fill[0]))  # what releases money first (rule 17)
    assert found == wanted
