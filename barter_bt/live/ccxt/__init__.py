"""Any exchange that ccxt speaks to: its market and an account, behind the protocols of a live system.

:func:`connect` makes a connection, :class:`CcxtMarket` is a source, :class:`CcxtAccount` a source and a client;
:func:`instruments` asks what can be traded. No real venue was contacted when this was tested: it talks to
:class:`barter_bt.testing.exchange.LoopbackExchange`. The guide *Trade at any exchange* says what to check first.
"""

from barter_bt.live.ccxt.account import CcxtAccount
from barter_bt.live.ccxt.connection import Connection, connect
from barter_bt.live.ccxt.market import CcxtMarket
from barter_bt.live.ccxt.secrets import Secrets
from barter_bt.live.ccxt.symbols import instruments
from barter_bt.live.ccxt.warning import CcxtWarning

__all__ = ["CcxtAccount", "CcxtMarket", "CcxtWarning", "Connection", "Secrets", "connect", "instruments"]
