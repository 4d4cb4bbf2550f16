"""Risk managers of the user's own, in Python and compiled: one decision in all drivers, hosts, and in the reference."""

from __future__ import annotations

import random
from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.engine.order import MOST_OWN_REASONS, REFUSED
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.risk import CompiledRisk
from barter_bt.system import Engine, Strategy, close_with_market_orders
from barter_bt.testing.scenario import Seeded, random_scenario, to_backtest
from tests.draws import draws
from tests.engine.test_commands import commands
from tests.engine.tiny import A, quotes, run, schedule
from tests.reference.compare import difference, tables_of
from tests.reference.engine import OWN_REASONS
from tests.reference.engine import run as reference
from tests.risk.drivers import DRIVERS, Ask, go
from tests.system.hosts import Decides, Told, make_decisions, unconditional

SEEDS = draws(50)


def verdict(lots: int, side: int, held: int, ticks: int, seed: int) -> int:
    """A whim of the order and the position: approve, one of two reasons, or about half of it."""
    whim = (lots * 7 + side * 3 + held * 5 + ticks * 11 + seed) % 6
    if whim == 1:
        return 1
    if whim == 2:
        return 2
    return -((lots + 1) // 2) if whim > 3 else 0


def whim(s: Any, my: Any, order: int) -> int:
    a = s.actions
    held = s.instruments.quantity[a.instrument[order]]
    my.variables.asked[0] += 1
    wrong = my.parameters.wrong[0]
    if wrong == 1:
        return int(s.orders.price[1_000_000])
    if wrong != 0:
        return int(wrong)
    ticks = a.price[order] - s.terms.zero[a.instrument[order]] if a.price[order] > 0 else 0
    return verdict(a.quantity[order], a.side[order], held, ticks, my.parameters.seed[0])


class Whim:
    """The same in Python; an approval is said in two ways."""

    def __init__(self, seed: int) -> None:
        self.seed, self.asked = seed, 0

    def check(self, state: Any, order: Any) -> Any:
        raw, i = state.raw, state.index(order.instrument)
        lots = round(abs(order.quantity) * raw.terms.lots_per_unit[i])
        ticks = round(order.price * raw.terms.ticks_per_unit[i]) if order.price is not None else 0
        said = verdict(lots, 1 if order.quantity > 0 else -1, raw.instruments.quantity[i], ticks, self.seed)
        self.asked += 1
        if said >= 0:
            return OWN_REASONS[said] or (None if self.asked % 2 else abs(order.quantity))
        return -said / raw.terms.lots_per_unit[i]


def compiled(seed: int, wrong: int = 0) -> CompiledRisk:
    """One function for all tests."""
    return CompiledRisk(whim, ("odd", "even"), {"seed": seed, "wrong": wrong}, {"asked": 0})


def against_reference(seeds: range, manager: Any, *, interpret: bool) -> None:
    """Every table of each run is that of the reference, and orders were refused and made smaller."""
    refused = smaller = 0
    for seed in seeds:
        scenario = random_scenario(seed)
        try:
            result = bt.backtest(**to_backtest(scenario), risk=manager(seed), interpret=interpret)
        except BarterBtError:
            continue
        tables = reference(scenario, lambda *asked, seed=seed: verdict(*asked, seed))
        assert difference(tables, tables_of(result)) == "", seed
        refused += result.orders["reason"].is_in(["odd", "even"]).sum()
        smaller += (result.orders["quantity"] < result.orders["quantity_requested"]).sum()
    assert refused > len(seeds) // 4 < smaller


@pytest.mark.parametrize("manager", [Whim, compiled], ids=["python", "compiled"])
def test_runs_are_those_of_the_reference(manager: Any) -> None:
    against_reference(range(SEEDS), manager, interpret=True)


@pytest.mark.parametrize("manager", [Whim, compiled], ids=["python", "compiled"])
def test_compiled_runs_are_those_of_the_reference(manager: Any) -> None:
    against_reference(range(1000, 1000 + SEEDS), manager, interpret=False)


@pytest.mark.parametrize("manager", [Whim, compiled], ids=["python", "compiled"])
def test_both_hosts_decide_alike(manager: Any) -> None:
    """With limits before it."""
    reasons = set()
    for seed in range(SEEDS // 2):
        source, scenario = random.Random(seed), unconditional(random_scenario(seed))
        strategy = Decides(make_decisions(Seeded(seed), scenario))
        limits = bt.Limits(open_orders=source.randint(2, 6), order_rate=(source.randint(2, 5), "2s"))
        arguments = to_backtest(scenario) | {"strategy": strategy}
        options: dict[str, Any] = {"audit": "full", "record": bt.Record(("engine.time",)), "interpret": True}
        try:
            result = bt.backtest(**arguments, risk=[limits, manager(seed)], **options)
        except BarterBtError:
            continue
        told = Told(result, strategy.asked, risk=[limits, manager(seed)])
        assert told.compare() == "", seed
        reasons |= {result.reasons[k] for k in result.state.orders.array("reason").tolist()}
    assert reasons >= {"odd", "even", "open_orders_limit", "order_rate_limit"}


ASKS = (Ask(2, 3), Ask(3, 5, 90), Ask(4, -4), Ask(5, 7))


class Fussy:
    """No sales, and at most five."""

    def check(self, state: Any, order: Any) -> Any:
        if order.quantity < 0:
            return "no sales"
        return 5 if order.quantity > 5 else None


def fussy(s: Any, my: Any, order: int) -> int:
    if s.actions.side[order] < 0:
        return 1
    return -5 if s.actions.quantity[order] > 5 else 0


MANAGERS: dict[str, Any] = {"python": Fussy(), "compiled": CompiledRisk(fussy, ("no sales",))}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("manager", MANAGERS)
def test_every_driver_is_held_against_it(driver: str, manager: str) -> None:
    """It refuses for its reason, and makes smaller; what was wished for stays."""
    result = go(driver, ASKS, None, risk=MANAGERS[manager], audit="full", interpret=True)
    orders = result.orders.select("quantity", "quantity_requested", "status", "reason").rows()
    assert orders == [
        (3, 3, "filled", None),
        (5, 5, "open", None),
        (4, 4, "refused", "no sales"),
        (5, 7, "filled", None),
    ]
    assert any("no sales 1" in text for text in result.warnings)
    outputs = result.audit.select("outputs").explode("outputs").unnest("outputs")  # type: ignore[union-attr]
    assert outputs.filter(outputs["output"] == "refused_open")["reason"].to_list() == ["no sales"]
    assert bt.engine.replica.differences(result.state, result.replica().state) == []


def test_limits_are_asked_first_and_managers_in_turn() -> None:
    """Each sees what those before it have left; the first that refuses is the last that is asked."""
    seen: list[Any] = []

    class Looks:
        def __init__(self, name: str, says: Any) -> None:
            self.name, self.says = name, says

        def check(self, state: Any, order: Any) -> Any:
            seen.append((self.name, order.quantity, state.position("a_usd")))
            return self.says

    risk = [Looks("one", 4), bt.Limits(order_quantity=6, resize=True), Looks("two", "never"), Looks("three", None)]
    result = go("python", (Ask(2, 9),), None, risk=risk, interpret=True)
    assert seen == [("one", 6.0, 0.0), ("two", 4.0, 0.0)]
    assert result.orders.select("quantity", "quantity_requested", "reason").rows() == [(4, 9, "never")]
    seen.clear()
    go("python", (Ask(2, 9),), None, risk=[bt.Limits(order_quantity=6), Looks("one", None)], interpret=True)
    assert seen == []


def test_commands_and_hooks_pass_it() -> None:
    """As they pass limits (rule 22)."""
    told = commands({"at": 2, "do": "open", "on": "a_usd", "quantity": -2.0})
    result = run(quotes(*((k, 99, 10, 101, 10) for k in range(1, 5))), schedule(), A, risk=Fussy(), commands=told,
                 venues=bt.Venue(account="margin"), interpret=True)  # fmt: skip
    assert result.orders["status"].to_list() == ["filled"]


def test_a_manager_may_give_a_reason_that_the_engine_has() -> None:
    class Same:
        def check(self, state: Any, order: Any) -> Any:
            return "no_price"

    assert go("schedule", ASKS, None, risk=Same(), interpret=True).orders["reason"].unique().to_list() == ["no_price"]


def test_each_of_several_strategies_is_held_against_it() -> None:
    strategies = [schedule({"at": 2, "sell": 1}, name="one"), schedule({"at": 2, "buy": 9}, name="two")]
    result = go("python", (), None, risk=Fussy(), interpret=True)
    result = run(quotes(*((k, 99, 20, 101, 20) for k in range(1, 5))), strategies, A, risk=Fussy(), interpret=True)
    assert result.orders.select("strategy", "quantity", "reason").rows() == [("one", 1, "no sales"), ("two", 5, None)]


class Raises:
    def check(self, state: Any, order: Any) -> Any:
        raise ValueError("no idea")


class Says:
    def __init__(self, said: Any) -> None:
        self.said = said

    def check(self, state: Any, order: Any) -> Any:
        return self.said


WRONG: dict[str, tuple[Any, str]] = {
    "raises": (Raises(), "the risk manager raised ValueError: no idea"),
    "more": (Says(7), "allowed: above 0 to 3.0"),
    "nothing": (Says(0), "allowed: above 0 to 3.0"),
    "off the grid": (Says(0.5), "allowed: above 0 to 3.0"),
    "yes": (Says(True), "the risk manager says True"),
    "no text": (Says(""), "the risk manager says ''"),
    "no reason": (compiled(0, 5), "the risk manager says of an order of 'a_usd'"),
    "larger": (compiled(0, -1_000), "the risk manager says of an order of 'a_usd'"),
    "beyond": (compiled(0, 1), "row 1000000 of orders.price"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_ends_the_run(case: str) -> None:
    """What was done until then is the error's result."""
    manager, text = WRONG[case]
    with pytest.raises(StrategyError, match=text) as caught:
        go("schedule", ASKS, None, risk=manager, interpret=True)
    assert caught.value.result.partial
    if case == "raises":
        assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("case", ["raises", "more", "no reason", "beyond"])
def test_what_cannot_be_ends_a_compiled_run(case: str) -> None:
    manager, text = WRONG[case]
    with pytest.raises(StrategyError, match=text):
        go("schedule", ASKS, None, risk=manager, interpret=False)


class Thief:
    """Gives itself money in Python."""

    def check(self, state: Any, order: Any) -> Any:
        state.raw.assets.total[0] = 10**15


def shrink(s: Any, my: Any, order: int) -> int:
    s.actions.quantity[order] = 1
    return 0


@pytest.mark.parametrize(("manager", "says"), [(Thief(), "assets.total"), (CompiledRisk(shrink), "actions.quantity")])
def test_a_manager_cannot_write_what_is_the_engines(manager: Any, says: str) -> None:
    """It says how large the order may be; it does not make it so."""
    with pytest.raises(StrategyError, match=f"{says} is the engine's"):
        run(quotes((1, 99, 9, 101, 9)), schedule({"at": 1, "buy": 2}), risk=[manager])


def test_reasons_are_kinds_of_refusal() -> None:
    """As many as fit into the column."""

    class Talks:
        def __init__(self) -> None:
            self.said = 0

        def check(self, state: Any, order: Any) -> Any:
            self.said += 1
            return f"refusal number {self.said}"

    rows = [{"at": 2, "buy": 1} for _ in range(MOST_OWN_REASONS + 1)]
    market = quotes(*((k, 99, 20, 101, 20) for k in range(1, 5)))
    assert (
        run(market, schedule(*rows[1:]), A, risk=Talks(), interpret=True).orders["reason"].n_unique()
        == MOST_OWN_REASONS
    )
    with pytest.raises(StrategyError, match="different reasons, at last"):
        run(market, schedule(*rows), A, risk=Talks(), interpret=True)


@pytest.mark.parametrize(
    ("risk", "text"),
    [
        (Fussy, "a class"),
        ([bt.Limits(), bt.Limits()], "Limits 2 times"),
        (lambda state, order: None, "it must be Limits or a mapping"),
    ],
)
def test_what_is_no_risk_manager(risk: Any, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        go("schedule", ASKS, None, risk=risk)


def test_a_compiled_manager_is_a_function_of_three() -> None:
    with pytest.raises(ConfigError, match="a plain function of three arguments"):
        CompiledRisk(verdict)
    with pytest.raises(ConfigError, match="it must be texts"):
        CompiledRisk(fussy, "no sales")


class Counts:
    """Refuses every third; it must remember how many there were."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self, state: Any, order: Any) -> Any:
        self.asked += 1
        return None if self.asked % 3 else f"the {self.asked % 2}."


def counts(s: Any, my: Any, order: int) -> int:
    my.variables.asked[0] += 1
    asked = my.variables.asked[0]
    return 0 if asked % 3 else 1 + asked % 2


@pytest.mark.parametrize(
    "make",
    [Counts, lambda: CompiledRisk(counts, ("the 0.", "the 1."), variables={"asked": 0})],
    ids=["python", "compiled"],
)
def test_a_checkpoint_keeps_what_it_remembers(make: Any, tmp_path: Any) -> None:
    """Its numbers, and the names of its reasons."""
    market = quotes(*((k, 99, 20, 101, 20) for k in range(1, 60)))
    strategy = schedule(*({"at": k, "buy": 1} for k in range(2, 50)))
    options: dict[str, Any] = {"interpret": True, "balances": {"usd": 100_000}}
    whole = run(market, strategy, A, risk=make(), **options)
    where = bt.Checkpoint(tmp_path / "run", every_rows=20)
    run(market, strategy, A, risk=make(), checkpoint=where, **options)
    resumed = run(market, strategy, A, risk=make(), resume=tmp_path / "run", **options)
    assert resumed.digest == whole.digest
    assert resumed.orders.equals(whole.orders)
    assert set(whole.orders["reason"].drop_nulls()) == {"the 0.", "the 1."}


# The event engine


class Buys(Strategy):
    """Once."""

    def generate_algo_orders(self, engine: Engine) -> Any:
        terms = [(bp.Side.BUY, D(7)), (bp.Side.SELL, D(1))]
        if len(engine.state.orders):
            return (), ()
        return (), [
            bp.OrderRequestOpen(
                bp.OrderKey(0, 0, "s", str(k)),
                bp.RequestOpen(side, D(100), quantity, bp.OrderKind.LIMIT, bp.ImmediateOrCancel()),
            )
            for k, (side, quantity) in enumerate(terms)
        ]


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("check", ["each", "together"])
def test_the_event_engine_asks_it(manager: str, check: Any) -> None:
    sent: list[Any] = []
    engine = Engine([A], Buys(), risk=MANAGERS[manager], risk_check=check, send=sent.append)
    output: Any = engine.process(bp.TradingStateUpdate(bp.TradingState.ENABLED)).outputs[0]
    assert [one.state.quantity for one in sent] == [D(5)]
    assert [(one.reason, one.request.state.quantity) for one in output.refused] == [("no sales", D(1))]
    o = engine.state.orders
    assert o.array("quantity_requested").tolist() in ([7, 1], [1, 7])
    assert sorted(o.array("status").tolist()) == [0, REFUSED]
    engine.process(bp.Command(bp.SendOpenRequests(close(engine))))
    assert len(sent) == 2


def close(engine: Engine) -> bp.OrderRequestOpen:
    """A sale that a command asks for: it passes."""
    assert close_with_market_orders(engine, [0], "s") == ((), [])
    terms = bp.RequestOpen(bp.Side.SELL, D(100), D(2), bp.OrderKind.LIMIT, bp.ImmediateOrCancel())
    return bp.OrderRequestOpen(bp.OrderKey(0, 0, "s", "close"), terms)


@pytest.mark.parametrize("case", WRONG)
def test_the_event_stands_where_it_says_what_cannot_be(case: str) -> None:
    """The order is not there, and the engine goes on."""
    engine = Engine([A], Buys(), risk=WRONG[case][0] if case != "more" else Says(8))
    with pytest.raises((StrategyError, ValueError, IndexError)):
        engine.process(bp.TradingStateUpdate(bp.TradingState.ENABLED))
    assert (len(engine.state.orders), engine.state.engine.sequence[0]) == (0, 1)
    assert engine.state.fault.code[0] == 0
    engine.process(bp.TradingStateUpdate(bp.TradingState.DISABLED))
