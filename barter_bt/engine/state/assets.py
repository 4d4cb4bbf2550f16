"""Balances as the venue last reported them, and what of them lies outside positions."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.engine.state.tables import EngineState


def update_from_balance(s: EngineState, asset: int, time: int, total: int, free: int) -> None:
    """A balance snapshot; ignored if it is older than the last."""
    a = s.assets
    if time < a.time[asset]:
        return
    a.time[asset] = time
    a.total[asset] = total
    a.free[asset] = free
    update_rest(s, asset)
    row = s.balances.append()
    b = s.balances
    b.time_exchange[row] = time
    b.asset[row] = asset
    b.total[row] = total
    b.free[row] = free


def hold(s: EngineState, asset: int, amount: int) -> None:
    """A position holds more (or less) of an asset, so that other holdings can be told from it."""
    s.assets.held[asset] = bounded_sum(s.assets.held[asset], amount)
    update_rest(s, asset)


def expect(s: EngineState, asset: int, amount: int) -> None:
    """More, or less, of an asset is still to be paid."""
    s.assets.due[asset] = bounded_sum(s.assets.due[asset], amount)
    update_rest(s, asset)


def update_rest(s: EngineState, asset: int) -> None:
    """What is held of an asset outside positions, after its balance or a position changed."""
    a, before = s.assets, s.assets.rest[asset]
    after = bounded_sum(bounded_sum(a.total[asset], a.due[asset]), -a.held[asset])
    a.rest[asset] = after
    if asset != s.engine.reporting[0]:
        s.engine.foreign_rests[0] += int(after != 0) - int(before != 0)
