"""What can wake a strategy: one bit per kind of event, so that a set of them is one integer."""

from __future__ import annotations

MARKET_TRADE = 1
MARKET_QUOTE = 2
MARKET_CANDLE = 4
OWN_TRADE = 8
ORDER_SNAPSHOT = 16
BALANCE = 32
TIMER = 64
BAR_CLOSE = 128
ENGINE_UPDATE = 256  # after a command, a trading-state update or a lost link
# Hooks: the strategy is told whether or not trading is enabled, and what it sends bypasses the risk check.
TRADING_DISABLED = 512
DISCONNECT = 1024
CLOSE_POSITIONS = 2048

SCHEDULED = 4096  # a row of the schedule
STOPPED = 16384  # a stop of the risk manager
MARKET_BOOK = 32768  # a message of a book; one that changes the best prices or their amounts is a quote as well
MARKET_OTHER = 8192  # a market item of which the state keeps nothing

# To keep data of its own a strategy can be told of every event, also while trading is disabled, and of what was sent.
ON_EVENT = 1 << 20
SENT = 1 << 21

MARKET = MARKET_TRADE | MARKET_QUOTE | MARKET_CANDLE | MARKET_BOOK

HOOKS = TRADING_DISABLED | DISCONNECT | CLOSE_POSITIONS

WAKE = {
    "every_event": MARKET | OWN_TRADE | ORDER_SNAPSHOT | BALANCE | ENGINE_UPDATE,
    "market": MARKET,
    "trade": MARKET_TRADE,
    "quote": MARKET_QUOTE,
    "candle": MARKET_CANDLE,
    "book": MARKET_BOOK,
    "order": OWN_TRADE | ORDER_SNAPSHOT,
    "fill": OWN_TRADE,
    "bar_close": BAR_CLOSE,
    "update": ENGINE_UPDATE,
}
