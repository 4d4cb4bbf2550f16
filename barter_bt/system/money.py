"""What an account is told of its money: balances, and cash flows that explain them."""

from __future__ import annotations

from functools import partial

from barter_bt.engine.event import BALANCE
from barter_bt.engine.messages import BALANCES, ENTITLED, FLOW, TRANSFERRED
from barter_bt.errors import DataError
from barter_bt.protocol import AssetBalance, CashFlow, CashFlowKind
from barter_bt.system.build import flow_row
from barter_bt.system.changes import Changes, check_time
from barter_bt.system.reports import Reports


class Money(Reports):
    """Says what balances and cash flows change."""

    def balance(self, changes: Changes, exchange: int, one: AssetBalance) -> None:
        """What there is of an asset."""
        asset = self.asset(one.asset, exchange)
        check_time(one.time_exchange)
        total, free = (self.units.balance(asset, amount) for amount in (one.balance.total, one.balance.free))
        for amount in (total, free, total - self.s.assets.held[asset]):
            changes.hold(asset, amount)
        changes.add(partial(self._apply_balance, exchange, asset, one))

    def _apply_balance(self, exchange: int, asset: int, one: AssetBalance) -> None:
        time, amounts = one.time_exchange, (one.balance.total, one.balance.free)
        if time >= self.s.assets.time[asset]:
            self.book.balances[asset] = amounts
        total, free = (self.units.balance(asset, amount) for amount in amounts)
        values = {"time_exchange": time, "asset_first": asset, "total_first": total, "free_first": free}
        self.report(exchange, BALANCE, BALANCES, -1, **values)

    def flow(self, changes: Changes, exchange: int, told: CashFlow) -> None:
        """Money that no order has moved; it explains the balance behind it (rules 48 and 84)."""
        asset, i = self.asset(told.asset, exchange), -1
        if told.instrument is not None:
            i = self.index.instrument(told.instrument)
        check_time(told.time_exchange)
        if flow_row(self.s, told.kind, i, asset) < 0:
            raise DataError(f"{told.instrument!r} pays {told.kind.value} in {told.asset!r}, in which it has no price")
        amounts = (told.balance.total, told.balance.free)
        for amount in (self.units.amount(asset, told.amount), *(self.units.balance(asset, one) for one in amounts)):
            changes.hold(asset, amount)
        changes.add(partial(self._apply_flow, exchange, i, asset, told))

    def _apply_flow(self, exchange: int, i: int, asset: int, told: CashFlow) -> None:
        amounts = (told.balance.total, told.balance.free)
        if told.time_exchange >= self.s.assets.time[asset]:
            self.book.balances[asset] = amounts
        kind = {CashFlowKind.ENTITLEMENT: ENTITLED, CashFlowKind.TRANSFER: TRANSFERRED}.get(told.kind, FLOW)
        total, free = (self.units.balance(asset, amount) for amount in amounts)
        values = {"time_exchange": told.time_exchange, "quantity": flow_row(self.s, told.kind, i, asset)}
        values |= {"notional": self.units.amount(asset, told.amount)}
        values |= {"asset_first": asset, "total_first": total, "free_first": free}
        self.report(exchange, BALANCE, kind, -1, i, **values)
