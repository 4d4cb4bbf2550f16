"""ccxt's Binance at a loopback exchange, with the clock of the test."""

from __future__ import annotations

from random import Random
from typing import Any

from barter_bt.instrument import Instrument
from barter_bt.live.ccxt import CcxtAccount, CcxtMarket, Connection, Secrets, connect
from barter_bt.testing.exchange import LoopbackExchange, LoopbackFutures
from tests.live.binance.rig import Rig

BTC = Instrument(
    "binance", "btc_usdt", price_increment="0.01", quantity_increment="0.00001", name_exchange="BTC/USDT"
)  # fmt: skip
PERP = Instrument(
    "binanceusdm", "btc_usdt", kind="perpetual", price_increment="0.01", quantity_increment="0.00001",
    name_exchange="BTC/USDT:USDT",
)  # fmt: skip
SECRETS = Secrets("key", "secret")


def loopback(exchange: LoopbackExchange, clock: Any = None, secrets: Secrets = SECRETS) -> Connection:
    """A connection of ccxt's to a loopback exchange, and to nothing else."""
    is_spot = not isinstance(exchange, LoopbackFutures)
    kind = "spot" if is_spot else "linear"
    options = {
        "fetchMarkets": {"types": [kind]}, "fetchCurrencies": False, "fetchMargins": False,
        "fetchPositions": "positionRisk",
    }  # fmt: skip
    config = {"enableRateLimit": False, "options": options}
    made = connect("binance" if is_spot else "binanceusdm", secrets, sandbox=False, config=config)
    api, there = made.api, exchange.endpoints
    paths = {"public": "/api/v3", "private": "/api/v3", "fapiPublic": "/fapi/v1", "fapiPrivate": "/fapi/v1",
             "fapiPublicV3": "/fapi/v3", "fapiPrivateV3": "/fapi/v3", "fapiPrivateV2": "/fapi/v2"}  # fmt: skip
    sockets = {"spot": f"{there.streams}/ws", "linear": f"{there.streams}/ws", "ws-api": {"spot": there.api}}
    urls = {name: f"{there.rest}{paths.get(name, '/nowhere')}" for name, url in api.urls["api"].items() if name != "ws"}
    api.urls["api"] = {**urls, "ws": sockets}
    if clock is not None:
        api.milliseconds = lambda: clock.now() // 10**6
    return made


def account_rig(
    *, dry_run: bool = False, adapter: dict[str, Any] | None = None, secrets: Secrets = SECRETS, **exchange: Any
) -> Rig:
    """A rig around an account."""

    def make(rig: Rig) -> CcxtAccount:
        given = {"dry_run": dry_run, "clock": rig.clock, "random": Random(1)} | (adapter or {}) | rig.more
        return CcxtAccount(loopback(rig.exchange, rig.clock, secrets), [BTC], **given)

    return Rig(make, **exchange)


def market_rig(*streams: str, adapter: dict[str, Any] | None = None, **exchange: Any) -> Rig:
    """A rig around a market."""

    def make(rig: Rig) -> CcxtMarket:
        given = {"clock": rig.clock, "random": Random(1)} | (adapter or {}) | rig.more
        return CcxtMarket(loopback(rig.exchange, rig.clock), [BTC], streams or ("trades",), **given)

    return Rig(make, **exchange)
