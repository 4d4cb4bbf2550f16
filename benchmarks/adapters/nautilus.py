"""nautilus_trader's client of Binance's spot exchange at a loopback exchange, in the interpreter that has it.

It is told where the exchange is, trades until a line comes, and prints what it heard and sent: numbers of trades with
when they were heard, ns, and of each order, by client id, the trade that it followed.
"""

import json
import os
import sys
import threading
import time
from decimal import Decimal

from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceExecClientConfig
from nautilus_trader.adapters.binance.factories import BinanceLiveDataClientFactory, BinanceLiveExecClientFactory
from nautilus_trader.config import (
    InstrumentProviderConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    StrategyConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

TRADED = InstrumentId.from_str("BTCUSDT.BINANCE")
seen, orders = [], {}


class Follows(Strategy):
    """A market order behind every so many trades, by the number of the trade."""

    def __init__(self, every, quantity):
        super().__init__(StrategyConfig())
        self.every, self.size, self.buys = every, Decimal(str(quantity)), False

    def on_start(self):
        """Listen."""
        self.subscribe_trade_ticks(TRADED)

    def on_trade_tick(self, tick):
        """Note it, and perhaps send an order."""
        number = int(tick.trade_id.value)
        seen.append((number, time.time_ns()))
        if number % self.every == 0:
            self.buys = not self.buys
            size = self.cache.instrument(TRADED).make_qty(self.size)
            order = self.order_factory.market(TRADED, OrderSide.BUY if self.buys else OrderSide.SELL, size)
            orders[order.client_order_id.value] = number
            self.submit_order(order)


def report():
    """Wait for a line, print, and end at once."""
    sys.stdin.readline()
    used = time.process_time()
    print(json.dumps({"seen": seen, "orders": orders, "cpu_seconds": used}), flush=True)
    os._exit(0)


def main(where, every, quantity):
    """Trade."""
    there = {
        "api_key": "key",
        "api_secret": "secret",
        "account_type": BinanceAccountType.SPOT,
        "base_url_http": where,
        "base_url_ws": where.replace("http", "ws"),
        "testnet": True,
        "instrument_provider": InstrumentProviderConfig(load_all=True),
    }
    node = TradingNode(
        TradingNodeConfig(
            logging=LoggingConfig(log_level="ERROR"),
            exec_engine=LiveExecEngineConfig(reconciliation=False),
            data_clients={"BINANCE": BinanceDataClientConfig(**there)},
            exec_clients={"BINANCE": BinanceExecClientConfig(**there)},
        )
    )
    node.trader.add_strategy(Follows(every, quantity))
    node.add_data_client_factory("BINANCE", BinanceLiveDataClientFactory)
    node.add_exec_client_factory("BINANCE", BinanceLiveExecClientFactory)
    node.build()
    threading.Thread(target=report, daemon=True).start()
    node.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
