"""What Binance's USD-M futures exchange says of an account, as far as it is read.

Layouts are those of https://developers.binance.com/docs/derivatives/usds-margined-futures (`user-data-streams`,
`account`, `trade`) as of September 2026, field by field those of https://github.com/binance/binance-connector-python as
of 21 August 2026 (commit 29da329). Times are in ms.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from barter_bt.live.binance.messages import ExecutionReport, Message, OwnTrade

BOTH = "BOTH"
"""The side of a position in one-way mode."""


class OrderUpdate(Message, frozen=True):
    """``o`` of ``ORDER_TRADE_UPDATE``: letters as in the documentation; n and N only where there is a fee."""

    s: str
    c: str
    S: str
    o: str
    f: str
    q: Decimal
    p: Decimal
    x: str
    X: str
    i: int
    l: Decimal  # noqa: E741 - the exchange's name of the last quantity
    z: Decimal
    L: Decimal
    T: int
    t: int
    n: Decimal = Decimal(0)
    N: str | None = None
    R: bool = False


class OrderTradeUpdate(Message, frozen=True):
    """``ORDER_TRADE_UPDATE``."""

    E: int
    o: OrderUpdate

    def report(self) -> ExecutionReport:
        """The same as at spot: an amendment is a replacement, and a liquidation that fills (``CALCULATED``) a trade."""
        o = self.o
        execution = {"AMENDMENT": "REPLACED"}.get(o.x, "TRADE" if o.l else o.x)
        return ExecutionReport(
            E=self.E, s=o.s, c=o.c, S=o.S, o=o.o, f=o.f, q=o.q, p=o.p, C="", x=execution, X=o.X, r=o.X, i=o.i, l=o.l,
            z=o.z, L=o.L, n=o.n, N=o.N, T=o.T, t=o.t, O=o.T,
        )  # fmt: skip


class UpdatedBalance(Message, frozen=True):
    """A row of ``B``: wb the wallet, cw what of it is not margin of isolated positions."""

    a: str
    wb: Decimal
    cw: Decimal


class UpdatedPosition(Message, frozen=True):
    """A row of ``P``: pa the signed quantity, ps its side, ``BOTH`` in one-way mode."""

    s: str
    pa: Decimal
    ps: str


class UpdateData(Message, frozen=True):
    """``a`` of ``ACCOUNT_UPDATE``: m why."""

    m: str
    B: tuple[UpdatedBalance, ...] = ()
    P: tuple[UpdatedPosition, ...] = ()


class AccountUpdate(Message, frozen=True):
    """``ACCOUNT_UPDATE``."""

    E: int
    T: int
    a: UpdateData


class UpdatedConfig(Message, frozen=True):
    """``ac`` of ``ACCOUNT_CONFIG_UPDATE``: l the leverage."""

    s: str
    l: int  # noqa: E741 - the exchange's name of the leverage


class ConfigUpdate(Message, frozen=True):
    """``ACCOUNT_CONFIG_UPDATE``; ac is not there where something else has changed."""

    ac: UpdatedConfig | None = None


class ListenKey(Message, frozen=True):
    """``POST /fapi/v1/listenKey``."""

    listenKey: str


class PositionMode(Message, frozen=True):
    """``GET /fapi/v1/positionSide/dual``."""

    dualSidePosition: bool


class SymbolConfig(Message, frozen=True):
    """A row of ``GET /fapi/v1/symbolConfig``."""

    symbol: str
    marginType: str
    leverage: int


class FuturesAsset(Message, frozen=True):
    """A row of ``assets`` of ``GET /fapi/v3/account``."""

    asset: str
    walletBalance: Decimal
    availableBalance: Decimal


class FuturesState(Message, frozen=True):
    """``GET /fapi/v3/account``."""

    assets: tuple[FuturesAsset, ...]


class PositionRisk(Message, frozen=True):
    """A row of ``GET /fapi/v3/positionRisk``, which has those alone that are held or have orders."""

    symbol: str
    positionSide: str
    positionAmt: Decimal
    updateTime: int


class Income(Message, frozen=True):
    """A row of ``GET /fapi/v1/income``."""

    symbol: str
    incomeType: str
    income: Decimal
    asset: str
    time: int
    tranId: int


class FuturesTrade(OwnTrade, frozen=True):
    """A row of ``GET /fapi/v1/userTrades``, which names the buyer otherwise."""

    isBuyer: bool = msgspec.field(name="buyer")
