"""Compiled strategies: their own tables, what wakes them, what they ask for."""

import functools
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy import api
from tests.engine.tiny import A, B, quotes, run, schedule, table, trades

MARKET = quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9), (3, 99, 9, 101, 9))


def script(*steps: Any) -> Any:
    """A strategy that does one step at each of its wake-ups."""
    done = []

    def generate(s: Any, my: Any) -> None:
        if len(done) < len(steps):
            steps[len(done)](s)
        done.append(1)

    return bt.Compiled(generate, wake="quote")


def test_its_tables_have_the_values_that_it_was_given():
    """Parameters and shared variables have one row, each one row per instrument; int stays int."""
    seen = []

    def generate(s: Any, my: Any) -> None:
        my.per_instrument.count[s.event.instrument[0]] += 1
        my.variables.total[0] += my.parameters.step[0]
        seen.append(
            (my.variables.total[0], my.per_instrument.count[0], my.per_instrument.count[1], type(my.parameters.n[0]))
        )

    strategy = bt.Compiled(generate, {"step": 0.5, "n": 3}, {"total": 1.0}, {"count": 10}, wake="quote")
    data = quotes((1, 1, 1, 2, 1), (2, 1, 1, 2, 1, "b_usd"), (3, 1, 1, 2, 1))
    for _ in range(2):
        run(data, strategy, [A, B])
    once = [(1.5, 11, 10, int), (2.0, 11, 11, int), (2.5, 12, 11, int)]
    assert seen == once + once, "each run starts with the first values"


def test_orders_of_every_kind():
    """Market, limit, IOC, FOK, post-only, target; the numbers are those of the table."""
    strategy = script(
        lambda s: (api.buy(s, 0, 2.0), api.limit_buy(s, 0, 1.0, 90.0), api.limit_buy(s, 0, 1.0, 101.0, api.IOC)),
        lambda s: (api.sell(s, 0, 1.0), api.limit_sell(s, 0, 1.0, 120.0, api.FOK), api.target(s, 0, 5.0)),
        lambda s: (api.limit_sell(s, 0, 1.0, 99.0, api.GTC, 1), api.cancel(s, 1), api.cancel(s, 0)),
    )
    result = run(MARKET, strategy)
    names = ("side", "kind", "time_in_force", "post_only", "quantity", "status")
    assert table(result.orders, *names) == [
        ("buy", "market", "gtc", False, 2, "filled"),
        ("buy", "limit", "gtc", False, 1, "cancelled"),
        ("buy", "limit", "ioc", False, 1, "filled"),
        ("sell", "market", "gtc", False, 1, "filled"),
        ("sell", "limit", "fok", False, 1, "expired"),
        # position 3, working 1: the requests of this wake-up are not yet on their way
        ("buy", "market", "gtc", False, 1, "filled"),
        ("sell", "limit", "gtc", True, 1, "rejected"),
    ]


def test_cancel_all_and_next_order():
    """All live orders of one instrument; `next_order` is the number that the first open will have."""
    numbers = []
    strategy = script(
        lambda s: (numbers.append(api.next_order(s)), api.limit_buy(s, 0, 1.0, 90.0), api.limit_buy(s, 0, 1.0, 91.0)),
        lambda s: (numbers.append(api.next_order(s)), api.cancel_all(s, 0)),
    )
    result = run(MARKET, strategy)
    assert numbers == [0, 2]
    assert table(result.orders, "status") == [("cancelled",)] * 2


def test_accessors():
    """Prices and quantities are floats in natural units; 0.0 where there is none."""
    seen = []

    def look(s: Any) -> None:
        seen.append((api.now(s), api.price(s, 0), api.bid_price(s, 0), api.ask_price(s, 0), api.position(s, 0)))
        seen.append((api.working(s, 0), api.price(s, 1), api.bid_price(s, 1)))
        api.buy(s, 0, 2.0)
        api.limit_buy(s, 0, 3.0, 90.0)

    run(MARKET, script(look, look), [A, B])
    assert seen == [(10**9, 100, 99, 101, 0), (0, 0, 0), (2 * 10**9, 100, 99, 101, 2), (3, 0, 0)]


def test_rounding_to_the_grid():
    """`round_price` to the nearest, `round_quantity` downwards but for float noise; both are then accepted."""
    one = bt.Instrument("x", "a_usd", price_increment="0.05", quantity_increment="0.001")
    found = []

    def look(s: Any) -> None:
        found.extend(api.round_price(s, 0, p) for p in (1.02, 1.03, 0.1 + 0.2))
        found.extend(api.round_quantity(s, 0, q) for q in (0.0019, 0.00299, 0.1 + 0.2, 7.0))
        api.limit_buy(s, 0, found[4], found[1])

    result = run(quotes((1, 1, 1, 1.1, 1)), script(look), one)
    assert found == [1.0, 1.05, 0.3, 0.001, 0.002, 0.3, 7.0]
    assert table(result.orders, "price", "quantity") == [(1.05, 0.002)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generate": functools.partial(print)}, "must be a plain function"),
        ({"generate": lambda s: None}, "must take two arguments"),
        ({"generate": lambda s, my: None, "wake": "quotes"}, "cannot be woken by 'quotes'"),
        ({"generate": lambda s, my: None, "wake": "100ms"}, "did you mean 'timer:100ms'"),
        ({"generate": lambda s, my: None, "wake": ("quote", "timer:soon")}, "timer"),
    ],
)
def test_a_strategy_that_is_wrong_is_refused_when_it_is_made(arguments, message):
    """Before anything runs."""
    with pytest.raises((StrategyError, bt.errors.ConfigError), match=message):
        bt.Compiled(**arguments)


@pytest.mark.parametrize("value", ["text", None, [1]])
def test_its_values_are_numbers(value):
    """Text or lists cannot be columns."""
    with pytest.raises(StrategyError, match="'x'.*int or float"):
        run(MARKET, bt.Compiled(lambda s, my: None, variables={"x": value}))


def test_a_strategy_without_tables():
    """It need not have any."""
    result = run(trades((1, 100, 9), (2, 100, 9)), bt.Compiled(lambda s, my: None))
    assert result.orders.height == 0


def test_limits_apply_to_compiled_strategies():
    """Risk stands between a strategy and the venue, whatever it is written in."""
    strategy = script(lambda s: (api.buy(s, 0, 5.0), api.buy(s, 0, 4.0)))
    result = run(MARKET, strategy, risk=bt.Limits(order_quantity=4))
    assert table(result.orders, "status", "reason") == [("refused", "order_quantity_limit"), ("filled", None)]


def test_a_timer_strategy_on_a_schedule_s_market():
    """The same orders from a timer and from a schedule are one run."""

    def generate(s: Any, my: Any) -> None:
        if api.now(s) == 2 * 10**9:
            api.buy(s, 0, 1.0)

    one = run(MARKET, bt.Compiled(generate, wake="timer:1s", name="same"))
    other = run(MARKET, schedule({"at": 2, "buy": 1}, name="same"))
    assert one.digest == other.digest
    assert one.orders.height == 1


def spelled(s: Any, my: Any) -> None:
    """The functions of the interface by the name of their module."""
    if my.variables.n[0] == 0:
        api.buy(s, 0, 1.0)
    my.variables.n[0] += 1


@pytest.mark.parametrize("interpret", [True, False])
def test_the_interface_can_be_used_by_its_module_s_name(interpret):
    """`api.buy(...)` is `buy(...)`, also compiled."""
    result = run(MARKET, bt.Compiled(spelled, variables={"n": 0}, wake="quote"), interpret=interpret)
    assert result.orders.height == 1
