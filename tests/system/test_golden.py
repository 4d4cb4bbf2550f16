"""Sequences of events with Barter's own state after each, of which there is a folder beside the repository.

Each goes through the engine, through the naive model as `docs/barter.md` describes the engine, and through the naive
model without any of the differences that are described there. The first two are equal, the last is Barter. So the
differences between the engine and Barter are those that :data:`tests.system.naive.DIFFERENCES` names, and no others.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt import system as bs
from barter_bt.instrument import IndexedInstruments, Instrument
from barter_bt.protocol import from_json, to_dict, to_json
from barter_bt.protocol.time import format_time, parse_time
from tests.system import naive
from tests.system.agree import agree

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "golden"
FILES = sorted(FOLDER.glob("*.jsonl.gz"))
TICK, LOT = D("0.01"), D("0.001")
ROUNDING = D("1e-15")  # what is left of Barter's 28 digits after some divisions
EVENTS: Any = bp.EngineEvent


class Scripted(bs.Strategy):
    """The strategy of the sequences: cancels what is filled in part, buys 1 where there is a price and nothing else."""

    def __init__(self, exchanges: list[int], active: bool) -> None:
        self.exchanges, self.active = exchanges, active

    def generate_algo_orders(self, engine: Any) -> Any:
        cancels, opens = [], []
        for i, exchange in enumerate(self.exchanges if self.active else ()):
            orders, price = engine.orders(i), engine.price(i)
            for one in sorted(orders, key=lambda order: order.key.cid):
                if isinstance(one.state, bp.Open) and one.state.filled_quantity:
                    cancels.append(bp.OrderRequestCancel(one.key, bp.RequestCancel(one.state.id)))
            if price is not None and not engine.position(i) and not orders:
                terms = bp.RequestOpen(bp.Side.BUY, price, D(1), bp.OrderKind.MARKET, bp.ImmediateOrCancel())
                opens.append(bp.OrderRequestOpen(bp.OrderKey(exchange, i, self.id, f"algo{i}"), terms))
        return cancels, opens


class Sequence:
    """The engine and the two models of one sequence."""

    def __init__(self, config: Any, names: Any) -> None:
        traded = [naive.Traded(exchange, name, *name.split("_")) for exchange, name in names["instruments"]]
        exchanges = [names["exchanges"].index(one.exchange) for one in traded]
        steps: Any = {"price_increment": TICK, "quantity_increment": LOT}
        instruments = [
            Instrument(exchange, f"{base}_{quote}", **steps) for exchange, base, quote in config["instruments"]
        ]
        index = IndexedInstruments(instruments)
        assert [list(asset) for asset in index.assets] == names["assets"]
        assert (index.exchanges, [[one.exchange, one.name] for one in index.instruments]) == (
            names["exchanges"],
            names["instruments"],
        )
        start, trading = parse_time(config["start"]), bp.TradingState(config["trading"])
        closed = {names["exchanges"].index(name) for name in config.get("terminated", ())}

        def deliver(request: Any) -> Any:
            return bp.ExecutionChannelTerminated("closed") if request.key.exchange in closed else None

        balances = {f"{exchange}.{asset}": D(amount) for exchange, asset, amount in config["balances"]}
        strategy = Scripted(exchanges, config["algo"])
        self.engine = bs.Engine(instruments, strategy, balances=balances, trading=trading, send=deliver, start=start)
        models = [
            naive.Model(traded, strategy, deliver, start, trading == bp.TradingState.ENABLED, differences, (TICK, LOT))
            for differences in (naive.ALL, frozenset())
        ]
        for model in models:
            for k, (exchange, asset) in enumerate(index.assets):
                amount = balances.get(f"{exchange}.{asset}")
                if amount is not None:
                    model.balances[k] = amount, amount, start
        self.here, self.barter = models
        self.nothing = {k: (D(0), D(0), 0) for k in range(len(index.assets))}
        self.told = names["state"]
        compare(state_form(self.told), barters_state(self.barter))

    def step(self, line: str, answer: Any) -> None:
        """One event: written as Barter writes it; Barter is the model without differences, the engine the other."""
        event = from_json(EVENTS, line)
        assert to_json(event, EVENTS) == line
        self.told = merged(self.told, answer.get("state", {}))
        compare(barters_audit(answer), audit_form(self.barter.process(event)))
        compare(state_form(self.told), barters_state(self.barter))
        if not self.engine.terminated:
            assert self.engine.process(event) == self.here.process(event)
            told, self.here.balances = self.here.balances, self.nothing | self.here.balances
            agree(self.engine, self.here)
            self.here.balances = told


def sequences(path: Path, part: int) -> Iterator[tuple[Any, Any, list[tuple[str, Any]]]]:
    """Of every fourth sequence the configuration, Barter's names, and pairs of event and answer."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    starts = [k for k, line in enumerate(lines) if line.startswith('{"config"')]
    for start, end in list(pairwise([*starts, len(lines)]))[part::4]:
        answers = [json.loads(line) for line in lines[start + 3 : end : 2]]
        pairs = list(zip(lines[start + 2 : end : 2], answers, strict=True))
        yield json.loads(lines[start])["config"], json.loads(lines[start + 1]), pairs


def merged(state: Any, change: Any) -> Any:
    """A state after a change: what is given replaces what was, assets and instruments by their number."""
    after = state | change
    for name in ("balances", "instruments"):
        if isinstance(change.get(name), dict):
            after[name] = list(state[name])
            for k, row in change[name].items():
                after[name][int(k)] = state[name][int(k)] | row if name == "instruments" else row
    return after


# What Barter's documents say, and what the model says, in one form


def compare(told: Any, mine: Any, place: str = "$") -> None:
    """Equal but for the rounding of decimals."""
    if isinstance(told, dict):
        assert told.keys() == mine.keys(), place
        for name in told:
            compare(told[name], mine[name], f"{place}.{name}")
    elif isinstance(told, list | tuple):
        assert len(told) == len(mine), place
        for k, one in enumerate(told):
            compare(one, mine[k], f"{place}[{k}]")
    elif isinstance(mine, D):
        assert told is not None, place
        assert abs(D(told) - mine) <= ROUNDING, (place, told, mine)
    else:
        assert told == mine, (place, told, mine)


def state_form(told: Any) -> Any:
    """A state as the documents have it, without what the model does not keep."""
    rows = []
    for one in told["instruments"]:
        position = one["position"] and fees_form(one["position"])
        for name in ("instrument", "time_exchange_update", "trades") if position else ():
            del position[name]
        orders = sorted((order_form(order) for order in one["orders"]), key=lambda order: str(order["key"]["cid"]))
        rows.append(one | {"position": position, "orders": orders})
    return told | {"instruments": rows}


def barters_state(model: naive.Model) -> Any:
    """The state of a model in the same form; orders without regard to their order."""
    links = [[health(model.links[link, name]) for link in ("market", "account")] for name in model.exchanges]
    told = [model.balances.get(k) for k in range(len(model.assets))]
    return {
        "trading": "Enabled" if model.trading else "Disabled",
        "global": health(all(model.links.values())),
        "links": links,
        "balances": [one and [one[0], one[1], format_time(one[2])] for one in told],
        "instruments": [barters_instrument(model, i) for i in range(len(model.traded))],
    }


def barters_instrument(model: naive.Model, i: int) -> Any:
    prices = model.prices[i]
    book = prices.book or bp.OrderBookL1(0, None, None)
    sides = [one and {"price": one.price, "amount": one.amount} for one in (book.best_bid, book.best_ask)]
    l1 = {"last_update_time": format_time(book.last_update_time), "best_bid": sides[0], "best_ask": sides[1]}
    orders = sorted((order_form(to_dict(one)) for one in model.orders(i)), key=lambda order: str(order["key"]["cid"]))
    return {
        "price": model.price(i),
        "last": prices.last and [prices.last[1], format_time(prices.last[0])],
        "l1": l1,
        "position": position_form(model, i),
        "orders": orders,
    }


def position_form(model: naive.Model, i: int) -> Any:
    p = model.positions.open.get(i)
    return p and {
        "side": str(p.side),
        "quantity_abs": p.quantity,
        "quantity_abs_max": p.maximum,
        "price_entry_average": p.cost / p.quantity,
        "pnl_realised": p.realised,
        "pnl_unrealised": model.positions.unrealised(i),
        "fees_enter": p.enter,
        "fees_exit": p.exit,
        "time_enter": format_time(p.time),
    }


def barters_audit(answer: Any) -> Any:
    return {
        "sequence": answer["sequence"],
        "time": answer["time"],
        "outputs": [barters_output(one) for one in many(answer.get("outputs", "None"))],
        "errors": sorted(next(iter(one)) for one in many(answer.get("errors", "None"))),
    }


def barters_output(one: Any) -> Any:
    """Name, cancels, opens and what could not be sent, or a closed position."""
    (name, value), *_ = one.items()
    if name == "PositionExit":
        return [name, fees_form({k: v for k, v in value.items() if k != "trades"})]
    if name == "AlgoOrders":
        value = value["cancels_and_opens"]
    elif name == "Commanded":
        (action, value), *_ = value.items()
        nothing = {"sent": "None", "errors": "None"}
        parts = {"CancelOrders": (value, nothing), "OpenOrders": (nothing, value)}
        if action in parts:
            value = dict(zip(("cancels", "opens"), parts[action], strict=True))
    else:
        return [name.removeprefix("On")]
    sent = [[numbers(request) for request in many(value[part]["sent"])] for part in ("cancels", "opens")]
    errors = [many(value[part]["errors"]) for part in ("cancels", "opens")]
    failed = [[request["key"], next(iter(error["Unrecoverable"]))] for part in errors for request, error in part]
    return [name, *sent_form(sent, failed)]


def audit_form(audit: bs.Audit) -> Any:
    errors = sorted(type(error).__name__ for error in audit.errors)
    outputs = [output_form(one) for one in audit.outputs]
    return {"sequence": audit.sequence, "time": format_time(audit.time), "outputs": outputs, "errors": errors}


def output_form(one: Any) -> Any:
    name = type(one).__name__
    if isinstance(one, bs.PositionExit):
        names = ("instrument", "quantity_abs_max", "price_entry_average", "pnl_realised", "fees_enter", "fees_exit")
        times = {name: format_time(getattr(one, name)) for name in ("time_enter", "time_exit")}
        return [name, {each: getattr(one, each) for each in names} | times | {"side": str(one.side)}]
    if isinstance(one, bs.AlgoOrders | bs.Commanded):
        sent = [[numbers(to_dict(request)) for request in part.sent] for part in (one.cancels, one.opens)]
        errors = [(to_dict(request.key), error) for part in (one.cancels, one.opens) for request, error in part.errors]
        return [name, *sent_form(sent, [[key, type(error).__name__] for key, error in errors])]
    return [name]


def sent_form(sent: list[list[Any]], failed: list[Any]) -> list[Any]:
    """Cancels come from a hash map in Barter: their order is of no consequence, nor is that of errors."""
    return [sorted(sent[0], key=text), sent[1], sorted(failed, key=text)]


def text(document: Any) -> str:
    return json.dumps(document, sort_keys=True, default=str)


def order_form(order: Any) -> Any:
    """An order with numbers as numbers; Barter's manager has only active ones, and leaves that word out."""
    (name, inner), *_ = order["state"].get("Active", order["state"]).items()
    known = inner["order"] if name == "CancelInFlight" else inner
    return numbers(order) | {"state": [name, known and numbers(known)]}


def numbers(document: Any) -> Any:
    """Prices and quantities as decimals."""
    names = ("price", "quantity", "filled_quantity")
    decimals = {k: D(v).normalize() for k, v in document.items() if k in names}
    inner = {k: numbers(v) for k, v in document.items() if isinstance(v, dict)}
    return document | decimals | inner


def fees_form(document: Any) -> Any:
    return {k: v["fees"] if k.startswith("fees") else v for k, v in document.items()}


def health(is_healthy: bool) -> str:
    return "Healthy" if is_healthy else "Reconnecting"


def many(value: Any) -> list[Any]:
    """None, one or many."""
    if value == "None":
        return []
    (name, inner), *_ = value.items()
    return [inner] if name == "One" else list(inner)


@pytest.mark.skipif(not FILES, reason=f"there are no sequences in {FOLDER}")
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_the_engine_is_barter_but_for_the_differences_that_are_documented(path: Path, part: int) -> None:
    """A quarter of a file's sequences, whole."""
    for config, names, pairs in sequences(path, part):
        sequence = Sequence(config, names)
        for line, answer in pairs:
            sequence.step(line, answer)


@pytest.mark.parametrize(("name", "sentence"), naive.DIFFERENCES.items())
def test_each_difference_is_documented(name: str, sentence: str) -> None:
    """By a sentence of `docs/barter.md`."""
    assert sentence in (ROOT / "docs" / "barter.md").read_text("utf-8"), name
