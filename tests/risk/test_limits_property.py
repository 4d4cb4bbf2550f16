"""Random orders under random limits: a plain model, fed with the tables of the run, comes to the same decisions.

Requests and reports take 300 ms each while orders are sent at whole seconds, so that what the engine knew at each
order can be told from the times in the tables. The model says what was violated and, where orders are resized, tries
all sizes one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from tests.draws import draws
from tests.engine.tiny import A, B, quotes, run, schedule, table
from tests.risk.drivers import NAMES

SECONDS = 8
CASH = 2_000
VENUE = bt.Venue(account="margin", margin=bt.Margin(0.1), latency=bt.Latency(300_000_000, 300_000_000))
ORDER_COLUMNS = ("instrument", "side", "kind", "price", "quantity", "quantity_requested", "status", "reason")

amounts = {
    "order_quantity": st.integers(1, 12),
    "order_notional": st.integers(50, 1_500),
    "position_quantity": st.integers(1, 15),
    "position_notional": st.integers(50, 2_000),
    "open_orders": st.integers(1, 4),
    "order_rate": st.tuples(st.integers(1, 3), st.sampled_from(["1s", "2s", "3500ms"])),
    "price_band": st.sampled_from(["0.01", "0.05", "0.2"]),
    "resize": st.booleans(),
}
account = {"exposure": st.integers(100, 3_000), "leverage": st.sampled_from(["0.1", "0.5", "1", "1.5"])}


@st.composite
def some(draw: Any, known: dict[str, Any], most: int) -> dict[str, Any]:
    """A few limits: of many at once only the tightest would ever speak."""
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=most, unique=True))
    return {name: draw(known[name]) for name in names}


@st.composite
def limits(draw: Any) -> bt.Limits:
    given = draw(some(amounts | account, 3))
    made = bt.Limits(**given, by_instrument={"a_usd": draw(some(amounts, 1))})
    assume(not made.is_idle)
    return made


@st.composite
def requests(draw: Any) -> list[dict[str, Any]]:
    """Rows of a schedule, by time: market and limit orders, and cancels of earlier ones."""
    rows: list[dict[str, Any]] = []
    for at in sorted(draw(st.lists(st.integers(1, SECONDS), min_size=1, max_size=14))):
        opens = [k for k, row in enumerate(rows) if "cancel" not in row]
        if opens and draw(st.integers(0, 5)) == 0:
            rows.append({"at": at, "cancel": draw(st.sampled_from(opens))})
            continue
        row = {
            "at": at,
            "on": draw(st.sampled_from(NAMES)),
            draw(st.sampled_from(["buy", "sell"])): draw(st.integers(1, 20)),
        }
        if draw(st.booleans()):
            row["limit"] = draw(st.integers(85, 115))
        rows.append(row)
    return rows


@dataclass
class Known:
    """What the engine knew when it looked at an order."""

    position: dict[str, int]
    working: dict[tuple[str, int], int]
    live: dict[str, int]
    sent: list[tuple[float, str]]
    price: dict[str, int]
    equity: int


def known_at(k: int, orders: list[dict[str, Any]], fills: list[dict[str, Any]], prices: dict[str, list[int]]) -> Known:
    """From the tables: fills that had arrived, and orders before the k-th that had not been closed."""
    now = orders[k]["time_sent"]
    price = {name: column[int(now) - 1] for name, column in prices.items()}
    known = Known(
        dict.fromkeys(NAMES, 0), {(n, s): 0 for n in NAMES for s in (1, -1)}, dict.fromkeys(NAMES, 0), [], price, 0
    )
    cash, filled = CASH, [0] * len(orders)
    for fill in fills:
        if fill["time_engine"] < now:
            signed = fill["quantity"] * fill["side"]
            known.position[fill["instrument"]] += signed
            cash -= signed * fill["price"]
            filled[fill["order_id"]] += fill["quantity"]
    known.equity = cash + sum(known.position[n] * price[n] for n in NAMES)
    for j, order in enumerate(orders[:k]):
        if order["status"] == "refused":
            continue
        known.sent.append((order["time_sent"], order["instrument"]))
        if order["time_closed"] is None or order["time_closed"] > now:
            known.live[order["instrument"]] += 1
            known.working[order["instrument"], order["side"]] += order["quantity"] - filled[j]
    return known


def largest_position(known: Known, name: str) -> int:
    at = known.position[name]
    return max(abs(at + known.working[name, 1]), abs(at - known.working[name, -1]))


def violated(given: bt.Limits, order: dict[str, Any], lots: int, known: Known, now: float) -> str | None:
    """The first limit that an order of so many lots violates."""
    name, side, market = order["instrument"], order["side"], known.price[order["instrument"]]
    own = given.by_instrument["a_usd"] if name == "a_usd" else bt.Limits()

    def limit(what: str) -> Any:
        value = getattr(own, what)
        return getattr(given, what) if value is None else value

    if order["price"] and limit("price_band"):
        if side * (order["price"] - market) > market * Fraction(limit("price_band")):
            return "price_band"
    if own.open_orders and known.live[name] >= own.open_orders:
        return "open_orders_limit"
    if given.open_orders and sum(known.live.values()) >= given.open_orders:
        return "open_orders_limit"
    for rate, names in ((own.order_rate, (name,)), (given.order_rate, NAMES)):
        if rate:
            window = {"1s": 1, "2s": 2, "3500ms": 3.5}[rate[1]]
            if sum(now - at < window for at, of in known.sent if of in names) >= rate[0]:
                return "order_rate_limit"
    if limit("order_quantity") and lots > limit("order_quantity"):
        return "order_quantity_limit"
    if limit("order_notional") and lots * (order["price"] or market) > limit("order_notional"):
        return "order_notional_limit"
    before = known.position[name] + side * known.working[name, side]
    after = before + side * lots
    if abs(after) > abs(before):
        if limit("position_quantity") and abs(after) > limit("position_quantity"):
            return "position_limit"
        if limit("position_notional") and abs(after) * market > limit("position_notional"):
            return "position_notional_limit"
    if abs(after) > largest_position(known, name):
        exposure = abs(after) * market + sum(largest_position(known, n) * known.price[n] for n in NAMES if n != name)
        if given.exposure and exposure > given.exposure:
            return "exposure_limit"
        if given.leverage and exposure > max(known.equity, 0) * Fraction(given.leverage):
            return "leverage_limit"
    return None


def decide(given: bt.Limits, order: dict[str, Any], known: Known) -> tuple[str | None, int]:
    """Reason and quantity that the order should have."""
    lots, now = int(order["quantity_requested"]), order["time_sent"]
    reason = violated(given, order, lots, known, now)
    own = given.by_instrument["a_usd"].resize if order["instrument"] == "a_usd" else None
    if reason and (given.resize if own is None else own):
        fitting = [n for n in range(1, lots) if violated(given, order, n, known, now) is None]
        if fitting:
            return None, fitting[-1]
    return reason, lots


@settings(max_examples=draws(120), deadline=None)
@given(
    given_limits=limits(),
    rows=requests(),
    walks=st.tuples(*[st.lists(st.integers(75, 125), min_size=SECONDS + 2, max_size=SECONDS + 2)] * 2),
    depth=st.sampled_from([2, 1_000]),
)
def test_decisions_are_those_of_a_plain_model(given_limits, rows, walks, depth):
    """Every order, approved, resized or refused; so no approved one violates its limits."""
    prices = dict(zip(NAMES, walks, strict=True))
    book = [(k + 1, p[k] - 1, depth, p[k] + 1, depth, name) for k in range(SECONDS + 2) for name, p in prices.items()]
    result = run(quotes(*book), schedule(*rows), [A, B], balances={"usd": CASH}, venues=VENUE, risk=given_limits)
    signs = {"buy": 1, "sell": -1}
    names = (*ORDER_COLUMNS, "time_sent", "time_closed")
    orders = [dict(zip(names, row, strict=True)) for row in table(result.orders, *names)]
    names = ("order_id", "instrument", "side", "price", "quantity", "time_engine")
    fills = [dict(zip(names, row, strict=True)) for row in table(result.trades, *names)]
    for row in (*orders, *fills):
        row["side"] = signs[row["side"]]
    for k, order in enumerate(orders):
        reason, lots = decide(given_limits, order, known_at(k, orders, fills, prices))
        assert (order["reason"] if order["status"] == "refused" else None) == reason
        assert order["quantity"] == lots
