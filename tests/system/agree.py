"""Whether an engine shows the state of the naive model."""

from __future__ import annotations

from barter_bt import protocol as bp
from barter_bt.protocol import Side
from barter_bt.system import Engine
from tests.system import naive


def agree(engine: Engine, model: naive.Model) -> None:
    """Clock, links, trading state, balances, and of each instrument price, position and orders."""
    health = engine.state.health
    assert (engine.state.engine.time[0], engine.state.engine.sequence[0]) == (model.time, model.sequence)
    assert (engine.trading == bp.TradingState.ENABLED) == model.trading
    links = {("market", e): bool(health.market[k]) for k, e in enumerate(model.exchanges)}
    links |= {("account", e): bool(health.account[k]) for k, e in enumerate(model.exchanges)}
    assert (links, engine.healthy) == (model.links, all(model.links.values()))
    assert {k: engine.balance(k) for k in range(len(model.assets))} == model.balances
    for i in range(len(model.traded)):
        assert (engine.price(i), engine.position(i)) == (model.price(i), model.position(i))
        assert engine.orders(i) == model.orders(i)
        assert position(engine, model, i) == model.positions.open.get(i)
        assert engine.unrealised(i) == model.positions.unrealised(i)


def position(engine: Engine, model: naive.Model, i: int) -> naive.Position | None:
    """The open position as the engine's columns have it; its mark is seen in what is unrealised."""
    ins, held = engine.state.instruments, engine.position(i)
    if not held:
        assert engine.realised(i) == 0
        return None
    names = ("cost_basis", "quantity_max", "realised", "fees_enter", "fees_exit")
    row = {name: getattr(ins, name)[i] for name in names}
    most, money = row.pop("quantity_max"), {k: engine.units.in_quote(i, v) for k, v in row.items()}
    side, mark = Side.BUY if held > 0 else Side.SELL, model.positions.open[i].mark
    return naive.Position(
        side, abs(held), money["cost_basis"], engine.units.quantity(i, most), money["realised"], money["fees_enter"],
        ins.time_enter[i], ins.trade_enter[i], money["fees_exit"], mark,
    )  # fmt: skip
