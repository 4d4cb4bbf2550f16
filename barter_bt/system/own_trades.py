"""What an account is told of its trades."""

from __future__ import annotations

from functools import partial

from barter_bt.engine.accounting import notional
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.event import OWN_TRADE
from barter_bt.engine.messages import CLOSE_OUT, FILL, TRADE
from barter_bt.engine.order import BUY, FILLED, IOC, LIQUIDATION, MARKET, REASONS, SELL
from barter_bt.engine.terms import IN_QUOTE, IN_RECEIVED
from barter_bt.errors import DataError
from barter_bt.protocol import Side, Trade
from barter_bt.system.changes import Changes, check_time
from barter_bt.system.reports import Reports


class OwnTrades(Reports):
    """Says what trades change."""

    def trade(self, changes: Changes, exchange: int, trade: Trade) -> None:
        """One fill; of an order that nobody told of, or what the exchange has closed by itself, also without one."""
        i, units, s = self.index.instrument(trade.instrument), self.units, self.s
        check_time(trade.time_exchange)
        self._fees(i, trade)
        ends = s.terms.derivative[i] == 0 and s.terms.expiry[i] != NEVER  # worth nothing then, perhaps
        signed = s.terms.zero[i] > 0  # rule 76
        for what, value in (("quantity", trade.quantity), ("price", trade.price)):
            of_any_sign = what == "price" and (signed or (value == 0 and ends))
            if not (value.is_finite() and (value > 0 or of_any_sign)):
                raise DataError(
                    f"trade {trade.id!r} has {what} {value}; it must be positive", "the side says which way"
                )
        lots, ticks = units.lots(i, trade.quantity), units.ticks(i, trade.price)
        row = self.book.named(i, trade.order_id)
        if row is not None and s.orders.side[row] != (BUY if trade.side == Side.BUY else SELL):
            row = None  # an order's trades have its side: the id is used again
        self._hold_trade(changes, i, row, trade, lots, ticks)
        changes.add(partial(self._apply_trade, exchange, i, row, trade, lots, ticks))

    def _fees(self, i: int, trade: Trade) -> int:
        """Fees in the asset of profits; those of a spot trade in its base asset are worth its price."""
        asset = trade.fees.asset
        which = None if asset is None else self.asset(asset, self.s.terms.exchange[i])
        if which is None or which == self.index.settlement_assets[i]:
            return self.units.fees(i, trade.fees.fees)
        if self._is_in_base(i, trade):
            return self.units.fees(i, trade.fees.fees * trade.price)
        raise DataError(
            f"the fees of trade {trade.id!r} are in {asset!r}, not in the base, quote or settlement asset",
            "fees in another asset are not kept yet; book them as a balance",
        )

    def _is_in_base(self, i: int, trade: Trade) -> bool:
        """Whether a spot trade's fees are in its base asset: then a buy adds less to the position (rule 63)."""
        asset, terms = trade.fees.asset, self.s.terms
        return asset is not None and not terms.derivative[i] and self.asset(asset, terms.exchange[i]) == terms.base[i]

    def _hold_trade(self, changes: Changes, i: int, row: int | None, trade: Trade, lots: int, ticks: int) -> None:
        """All that the trade posts must fit: the position and what is paid for it, the order's sums, the base asset."""
        s, fee = self.s, abs(self._fees(i, trade))
        sums = 0 if row is None else abs(s.orders.notional[row]) + abs(s.orders.fees[row])
        way = 1 if trade.side == Side.BUY else -1
        changes.hold_position(i, max(abs(s.instruments.quantity[i] + way * lots), lots), ticks, sums + 2 * fee)
        base = s.terms.base[i]
        if base >= 0:
            held = s.assets.held[base] + way * lots * s.terms.base_units[i]
            changes.hold(base, held)
            changes.hold(base, s.assets.total[base] - held)

    def _apply_trade(self, exchange: int, i: int, row: int | None, trade: Trade, lots: int, ticks: int) -> None:
        kind = TRADE
        if trade.side == Side.BUY and trade.fees.asset is not None:  # else it is paid as the terms say
            self.s.terms.fee_in[i] = IN_RECEIVED if self._is_in_base(i, trade) else IN_QUOTE
        values = {
            "time_exchange": trade.time_exchange,
            "price": ticks,
            "quantity": lots,
            "notional": notional(self.s.terms, i, lots, ticks),
            "fee": self._fees(i, trade),
            "order_quantity": lots,
            "status": FILLED,
        }
        if self._is_closed_by_venue(i, trade, lots):
            reason = REASONS.index(str(trade.reason))
            self.report(exchange, OWN_TRADE, CLOSE_OUT, -1, i, **values, reason=reason)
            self.book.add(len(self.s.orders) - 1, i, f"order {trade.order_id}", trade.price)
            self.book.name(len(self.s.orders) - 1, i, trade.order_id)
            return
        if row is None:  # of an order that nobody told of: it is taken for filled
            order = {"kind": MARKET, "time_in_force": IOC}
            row, kind = self.record(i, trade.side, lots, trade.strategy, order), FILL
            self.book.add(row, i, f"order {trade.order_id}", trade.price, found=False)
            self.book.name(row, i, trade.order_id)
        self.report(exchange, OWN_TRADE, kind, row, **values)

    def _is_closed_by_venue(self, i: int, trade: Trade, lots: int) -> bool:
        """Whether the exchange says that it has closed, by itself, what the engine knows to be held (rule 43)."""
        held = self.s.instruments.quantity[i]
        against = held if trade.side == Side.SELL else -held
        return trade.reason in REASONS[LIQUIDATION:] and against >= lots
