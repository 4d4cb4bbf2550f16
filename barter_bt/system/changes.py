"""What an event is going to change: all that can be wrong with it is found before anything does."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from barter_bt.columns.exact import LIMIT
from barter_bt.engine.audit import COARSENED, begin, note_output
from barter_bt.engine.event import ENGINE_UPDATE
from barter_bt.engine.state.coarsen import can_coarsen, coarsen, most_lots
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import from_zero
from barter_bt.errors import DataError, EngineError
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import OrderKey
from barter_bt.system.units import Units

COARSEST = Decimal("1e-4")  # unit of money: amounts to 4.6e14; of a base asset it is a lot
LARGEST_TIME = (1 << 63) - 1


def check_time(time: int) -> None:
    """Refuse a time that nanoseconds in an int64 cannot hold."""
    if not -LARGEST_TIME <= time <= LARGEST_TIME:
        raise DataError(f"a time is {time} ns since 1970; allowed: within int64, the years 1678 to 2262")


def check_exchange(s: EngineState, index: IndexedInstruments, i: int, key: OrderKey) -> None:
    """Refuse an order's key whose exchange is not that of its instrument."""
    if index.exchange(key.exchange) != s.terms.exchange[i]:
        raise DataError(
            f"order {key.cid!r} is of exchange {key.exchange!r}, but {index.names[i]!r} is an instrument of "
            f"{index.exchanges[s.terms.exchange[i]]!r}"
        )


def worth(s: EngineState, i: int, lots: int, ticks: int) -> int:
    """Notional of ``lots`` at ``ticks`` in units of money, without a sign, rounded up, however large it is (rule 3)."""
    num, den = lots * s.terms.num[i], s.terms.den[i]
    return -(-num // (den * ticks)) if s.terms.derivative[i] < 0 else -(-num * from_zero(s.terms, i, ticks) // den)


class Changes:
    """The changes of one event.

    Where an amount does not fit the unit of its asset, the first change is a coarser unit; where no unit would do, the
    event is refused.
    """

    def __init__(self, s: EngineState, index: IndexedInstruments, units: Units) -> None:
        self._s, self._index, self._units = s, index, units
        self._steps: list[Callable[[], None]] = []
        self._amounts: dict[int, int] = {}  # by asset
        self._lots: dict[int, int] = {}  # by instrument
        self._working: dict[int, int] = {}

    def add(self, step: Callable[[], None]) -> None:
        """One more change, after the others."""
        self._steps.append(step)

    def hold(self, asset: int, amount: int) -> None:
        """So many units of an asset must fit, more or less than 0."""
        self._amounts[asset] = max(abs(amount), self._amounts.get(asset, 0))

    def hold_position(self, i: int, lots: int, ticks: int, more: int = 0) -> None:
        """A position of so many lots must fit at this price, with all that has been paid for it, and so much more."""
        ins = self._s.instruments
        if lots and ticks > 0:
            paid = abs(ins.cost_basis[i]) + abs(ins.realised[i]) + abs(ins.fees_enter[i]) + abs(ins.fees_exit[i])
            self.hold(self._index.settlement_assets[i], worth(self._s, i, lots, ticks) + paid + more)
            self._lots[i] = max(lots, self._lots.get(i, 0))

    def work(self, i: int, lots: int) -> None:
        """So many more lots may be at work in an instrument."""
        self._working[i] = self._working.get(i, 0) + abs(lots)

    def apply(self) -> None:
        """Do it."""
        for step in self._steps:
            step()

    def check(self) -> None:
        """Find out whether all amounts fit.

        Raises
        ------
        EngineError
            One does not.
        """
        for i, lots in self._working.items():
            if abs(self._s.instruments.working[i]) + lots > LIMIT:
                raise EngineError(f"the orders at work in {self._index.names[i]!r} would be beyond 2^62 lots")
        coarser = {asset: power for asset, amount in self._amounts.items() if (power := self._power(asset, amount))}
        for i, lots in self._lots.items():
            if lots > self._s.terms.lots_max[i] and lots > most_lots(self._s, i, coarser):
                quantity = self._units.quantity(i, lots)
                raise EngineError(
                    f"a position of {quantity} in {self._index.names[i]!r} is beyond what its lots can count",
                    "give it the increments of its exchange",
                )
        self._steps[:0] = [partial(self._coarsen, asset, power) for asset, power in coarser.items()]

    def _power(self, asset: int, amount: int) -> int:
        """By how many powers of ten the unit of an asset must be coarser."""
        power, unit = 0, self._units.scales.units[asset]
        while amount > LIMIT * 10**power:
            power += 1
        if power == 0:
            return 0
        is_base = asset in self._index.bases
        if not can_coarsen(self._s, asset, power) or not (is_base or unit.scaleb(power) <= COARSEST):
            name = self._index.asset_names[asset]
            raise EngineError(
                f"an amount of {name!r} would be up to {float(amount * unit):.3g}, too much for a unit of {unit}, "
                f"which cannot be coarser than {'a lot' if is_base else COARSEST}",
                "give the instrument the quantity_increment of its exchange" if is_base else None,
            )
        return power

    def _coarsen(self, asset: int, power: int) -> None:
        begin(self._s, ENGINE_UPDATE, -1, -1, -1, -1)
        note_output(self._s, COARSENED, asset, power)
        coarsen(self._s, asset, power)
        units = self._units.scales.units
        self._units.set(unit.scaleb(power) if k == asset else unit for k, unit in enumerate(units))
        self._units.changed()
