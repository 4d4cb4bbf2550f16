"""A strategy that passes a backtest trades alike: the two hosts of the engine, event by event, on drawn runs.

One ``@given`` over whole plans, not a state machine: a backtest is one call, so rules could do no more than append to
what it is given, while a plan shrinks as a whole, and prints as one expression that makes it again.
``BARTER_BT_FUZZ=5000`` goes through so many runs instead of a few.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal as D
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.audit import OUTPUTS
from barter_bt.engine.command import MOVE_MARGIN
from barter_bt.engine.event import ENGINE_UPDATE, OWN_TRADE, STOPPED
from barter_bt.engine.messages import CHANGED, TRANSFERRED
from barter_bt.engine.order import CANCEL_IN_FLIGHT, FILLED, NO_TIME, REASONS, REFUSED
from barter_bt.errors import BarterBtError
from barter_bt.system import Engine, Strategy, Timer
from barter_bt.testing import quotes, schedule
from barter_bt.testing.scenario import Seeded
from barter_bt.testing.strategies import accepted
from barter_bt.testing.strategies.common import builds
from tests.draws import draws
from tests.system.hosts import Plan, make_plan

EXAMPLES = draws(30)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(builds(make_plan))
def test_both_hosts_do_the_same(plan: Plan) -> None:
    """State, audit and refusals are equal, column by column."""
    with accepted():
        _, told = plan.backtest()
    assert told.compare() == ""


def test_plans_reach_everything() -> None:
    """A comparison proves little where little happens; these plans are compared as well."""
    done: Counter[str] = Counter()
    for seed in range(200):
        plan = make_plan(Seeded(seed))
        try:
            result, told = plan.backtest()
        except BarterBtError:
            continue
        assert told.compare() == "", seed
        s, o, a = result.state, result.state.orders, result.state.audits
        done.update(OUTPUTS[kind] for kind in s.outputs.array("kind").tolist())
        done.update(result.reasons[o.reason[k]] for k in range(len(o)) if o.status[k] == REFUSED)
        done["made smaller"] += int((o.array("quantity") < o.array("quantity_requested")).sum())
        sent = zip(s.asked.array("order").tolist(), s.asked.array("quantity").tolist(), strict=True)
        done["cut by the venue"] += sum(o.status[k] == FILLED and o.quantity[k] < lots for k, lots in sent)
        acted = [row for row in range(1, len(a)) if told.is_amid(row) and told.log.outputs[a.sequence[row]]]
        done["asked amid a report"] += len(acted)
        done["asked amid a fill"] += sum(a.kind[row] == OWN_TRADE and plan.amid for row in acted)
        conditional = {
            name: o.array(name) for name in ("trigger_kind", "reduce_only", "follows", "trail", "trail_rate")
        }
        done.update({name: int((column > 0).sum()) for name, column in conditional.items()})
        done["protects"] += int(((o.array("parent") >= 0) & (o.array("follows") == 0)).sum())
        done["group"] += int((o.array("group") >= 0).sum())
        done["good_till"] += int((o.array("good_till") < NEVER).sum())
        done["triggered"] += int((o.array("time_triggered") != NO_TIME).sum())
        done["changed"] += int((s.account_items.array("kind") == CHANGED).sum())
        done["margin_moved"] += int((s.account_items.array("kind") == TRANSFERRED).sum())
        done["margin_commanded"] += int((a.array("command")[a.array("kind") == ENGINE_UPDATE] == MOVE_MARGIN).sum())
        done["margin_asked"] += sum(len(one.margins) for one in told.requests.asked.values())
        done["stop"] += int((a.array("kind") == STOPPED).sum())
        done["shutdown"] += s.engine.shut[0]
        done["several exchanges"] += len(result.index.exchanges) > 1
    limits = {name for name in REASONS if name.endswith("_limit")}
    assert [name for name in {*limits, *OUTPUTS[:9], "price_band", "odd", "even"} if done[name] < 2] == []
    assert len(limits) == 8
    conditions = ("trigger_kind", "reduce_only", "follows", "trail", "trail_rate", "protects", "group", "good_till")
    assert [name for name in (*conditions, "triggered", "changed") if done[name] < 10] == []
    most = ("sent_open", "sent_cancel", "refused_open", "commanded", "position_exit", "made smaller")
    assert [name for name in most if done[name] < 30] == []
    assert [name for name in ("margin_moved", "margin_commanded", "margin_asked") if done[name] < 4] == []
    some = ("asked amid a report", "asked amid a fill", "cut by the venue", "shutdown", "several exchanges")
    assert [name for name in some if done[name] < 6] == []
    assert done["stop"] > 2


def test_between_a_trade_and_its_orders_update_limits_count_the_fill_twice() -> None:
    """By Barter's messages: it is held, and still at work. A backtest knows a fill as one; so do both afterwards."""

    class Adds(Strategy):
        def generate_algo_orders(self, engine: Engine) -> Any:
            key, held = bp.OrderKey(0, 0, "s", str(engine.state.engine.sequence[0])), engine.position(0)
            return (), [bp.OrderRequestOpen(key, limit(bp.Side.BUY, 1))] if held else []

    one = bt.Instrument("x", "a_usd", price_increment="1", quantity_increment="1")
    limits = bt.Limits(position_quantity=3)
    engine = Engine([one], Adds(), risk=limits, trading=bp.TradingState.ENABLED)
    key = bp.OrderKey(0, 0, "s", "first")
    order = partial(bp.Order, key, bp.Side.BUY, D(100), D(2), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
    trade = bp.Trade("t", "id", 0, "s", 1, bp.Side.BUY, D(100), D(2), bp.AssetFees(None, D(0)))
    engine.process(bp.Command(bp.SendOpenRequests(bp.OrderRequestOpen(key, limit(bp.Side.BUY, 2)))))
    told = (order(bp.Open("id", 0, D(0))), trade, order(bp.Open("id", 1, D(2))))
    audits = [engine.process(bp.Account(bp.Item(bp.AccountEvent(0, kind)))) for kind in told]
    refused, sent = audits[1].outputs[-1], audits[2].outputs[-1]
    assert [each.reason for each in refused.refused] == ["position_limit"]  # type: ignore[union-attr]
    assert len(sent.opens.sent) == 1  # type: ignore[union-attr]

    class AddsToo:
        wake = "fill"

        def generate_algo_orders(self, state: Any) -> Any:
            return (), [bt.OrderRequest(0, 1, 100.0)] if state.order == 0 else []

    market = quotes((1, 99, 9, 100, 9), (2, 99, 9, 100, 9))
    rows = schedule({"at": 1, "buy": 2})
    result = bt.testing.run(market, [rows, AddsToo()], one, risk=limits, balances={"usd": 1000})
    assert result.orders["status"].to_list() == ["filled", "filled"]


def limit(side: bp.Side, quantity: int) -> bp.RequestOpen:
    return bp.RequestOpen(side, D(100), D(quantity), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))


def test_a_cancel_of_what_is_being_cancelled_is_sent_by_the_event_engine_alone() -> None:
    """Barter sends whatever is asked for; a backtest keeps what could change nothing (rule 17). States are equal."""
    sent: list[Any] = []
    engine = Engine([bt.Instrument("x", "btc_usd", price_increment="1", quantity_increment="1")], send=sent.append)
    key = bp.OrderKey(0, 0, "s", "1")
    engine.process(bp.Command(bp.SendOpenRequests(bp.OrderRequestOpen(key, limit(bp.Side.BUY, 1)))))
    for _ in range(2):
        engine.process(bp.Command(bp.SendCancelRequests(bp.OrderRequestCancel(key, bp.RequestCancel()))))
    assert len(sent) == 3
    assert engine.state.orders.status[0] == CANCEL_IN_FLIGHT


def test_a_timer_wakes_the_strategy() -> None:
    """The clock goes on, the event is counted, the strategy asked: what wakes it in a backtest wakes it here."""

    class Punctual(Strategy):
        def generate_algo_orders(self, engine: Engine) -> Any:
            key = bp.OrderKey(0, 0, "s", str(engine.state.engine.time[0]))
            return (), [bp.OrderRequestOpen(key, limit(bp.Side.BUY, 1))]

    one = bt.Instrument("x", "btc_usd", price_increment="1", quantity_increment="1")
    engine = Engine([one], Punctual(), trading=bp.TradingState.ENABLED)
    audits = [engine.process(Timer(time)) for time in (60, 120)]
    assert [(audit.sequence, audit.time) for audit in audits] == [(0, 60), (1, 120)]
    assert [audit.outputs[0].opens.sent[0].key.cid for audit in audits] == ["60", "120"]  # type: ignore[union-attr]


def test_a_clock_of_the_hosts_own() -> None:
    """As Barter's live clock: what an event says of its time decides nothing, and time does not go back."""
    times = iter([50, 40, 70])
    engine = Engine([bt.Instrument("x", "btc_usd", price_increment="1")], clock=lambda: next(times))
    trade = bp.Market(bp.Item(bp.MarketEvent(7, 7, "x", "btc_usd", bp.PublicTrade("1", 100.0, 2.0, bp.Side.BUY))))
    events = [trade, bp.TradingStateUpdate(bp.TradingState.ENABLED), trade]
    assert [engine.process(event).time for event in events] == [50, 50, 70]
