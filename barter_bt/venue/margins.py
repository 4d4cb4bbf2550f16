"""What positions need at a simulated venue, and how those end that have less (rules 19, 42, 43 and 70 to 72)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from barter_bt.errors import ConfigError, nearest
from barter_bt.venue.given import set_amount, set_rate

_ALLOWED = {
    "mode": ("cross", "isolated"),
    "liquidation": ("whole", "by_tier"),
    "settlement": ("closing", "daily"),
}
_TIERS = "tiers=[MarginTier(50_000, '0.8%', '0.4%'), MarginTier(None, '1%', '0.5%')]"


@dataclass(frozen=True)
class MarginTier:
    """One tier of a margin by notional, which begins where the one before it ends (rule 71).

    Parameters
    ----------
    up_to
        The largest notional in it, in the quote or settlement asset; None: it has no bound, which the last one says.
    rate
        Fraction of all of the notional that a position must have there when it grows: 0.01 is a leverage of 100.
    maintenance
        Fraction of the part of the notional that lies in this tier below which a position is liquidated, at most
        ``rate``. Exchanges publish it with a *maintenance amount*, which follows from the tiers and is not given.

    Examples
    --------
    >>> MarginTier(50_000, "0.8%", "0.4%").maintenance
    0.004
    """

    up_to: float | None
    rate: float
    maintenance: float = 0.0

    def __post_init__(self) -> None:
        if self.up_to is not None and not set_amount(self, "up_to", "bound of a tier") > 0:
            raise ConfigError(f"a tier goes up to {self.up_to}; it must be above 0", "None: it has no bound")
        if not 0 < set_rate(self, "rate", "margin rate") <= 1:
            raise ConfigError(
                f"margin rate of a tier is {self.rate}; allowed: above 0 to 1", "leverage 50 is a rate of 0.02"
            )
        if not 0 <= set_rate(self, "maintenance", "maintenance margin") <= self.rate:
            raise ConfigError(
                f"maintenance margin of a tier is {self.maintenance}; allowed: 0 to its margin rate, {self.rate}"
            )


@dataclass(frozen=True)
class Margin:
    """What a position needs: to grow, and to be held (rules 19, 42, 43, 70 to 72 and 102).

    Parameters
    ----------
    rate
        Fraction of its notional that must be there when it grows: 0.2 is a leverage of 5. None: 1, with ``tiers`` that
        of the first of them; with tiers it is what the account has chosen, and a tier may need more.
    per_contract
        A fixed sum for each contract instead.
    maintenance
        Fraction of its notional below which all that is margined in its asset is liquidated, at most ``rate``. 0:
        positions are closed when nothing is left; that is what None means where a derivative is settled in the asset.
        Where there is only spot, None is never: the warnings tell of an equity below zero.
    maintenance_per_contract
        A fixed sum for each contract instead.
    liquidation_fee
        Fraction of the notional that a liquidation costs beside the taker fee.
    mode
        ``"cross"``: all that is margined in one asset stands together. ``"isolated"``: each position, of a derivative,
        has what its fills have set aside, and is liquidated alone (rule 70).
    tiers
        :class:`MarginTier` by notional, or mappings of their parameters, in place of ``maintenance`` and of amounts per
        contract (rule 71).
    liquidation
        ``"whole"``: what is liquidated is closed at once; ``"by_tier"``: a position goes down tier by tier as far as it
        must (rule 72).
    settlement
        ``"closing"``: what a future has gained is paid when it is reduced or expires. ``"daily"``: it is paid at each
        of its settlement prices (:func:`~barter_bt.data.settlement_prices`), without such at the close of each of its
        sessions, and is counted from that price on: variation margin (rule 102). Of what is no future it says nothing.

    Examples
    --------
    >>> Margin("10%", maintenance="5%").maintenance
    0.05
    >>> tiers = [MarginTier(50_000, "0.8%", "0.4%"), MarginTier(None, "1%", "0.5%")]
    >>> Margin(mode="isolated", tiers=tiers, liquidation="by_tier").rate
    0.008
    """

    rate: float | None = None
    per_contract: float | None = None
    maintenance: float | None = None
    maintenance_per_contract: float | None = None
    liquidation_fee: float = 0.0
    mode: Literal["cross", "isolated"] = "cross"
    tiers: Sequence[MarginTier] = ()
    liquidation: Literal["whole", "by_tier"] = "whole"
    settlement: Literal["closing", "daily"] = "closing"

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} of a margin is {getattr(self, name)!r}; allowed: {', '.join(allowed)}")
        if self.mode == "isolated" and self.settlement == "daily":
            raise ConfigError(
                "settlement of a margin is 'daily', and its mode 'isolated': what is paid is of the whole account",
                "leave mode out, or settlement",
            )
        object.__setattr__(self, "tiers", _tiers(self.tiers))
        if self.tiers:
            self._check_tiers()
        elif self.liquidation == "by_tier":
            raise ConfigError("liquidation of a margin is 'by_tier', and it has no tiers", _TIERS)
        if self.rate is None:
            object.__setattr__(self, "rate", self.tiers[0].rate if self.tiers else 1.0)
        rate = set_rate(self, "rate", "margin rate")
        if not 0 < rate <= 1:
            raise ConfigError(f"margin rate is {self.rate}; allowed: above 0 to 1", "leverage 5 is a rate of 0.2")
        if self.per_contract is not None and not set_amount(self, "per_contract", "margin per contract") > 0:
            raise ConfigError(f"margin per contract is {self.per_contract}; it must be positive")
        if self.maintenance is not None and not 0 <= set_rate(self, "maintenance", "maintenance margin") <= rate:
            raise ConfigError(
                f"maintenance margin is {self.maintenance}; allowed: 0 to the margin rate, {self.rate}",
                "what must be kept is not more than what it takes to open",
            )
        if self.maintenance_per_contract is not None:
            kept = set_amount(self, "maintenance_per_contract", "maintenance per contract")
            if not 0 <= kept <= (kept if self.per_contract is None else self.per_contract):
                raise ConfigError(f"maintenance per contract is {kept}; allowed: 0 to the margin per contract")
        if not 0 <= set_rate(self, "liquidation_fee", "liquidation fee") <= 0.2:
            raise ConfigError(f"liquidation fee is {self.liquidation_fee}; allowed: 0 to 0.2")

    def _check_tiers(self) -> None:
        for name in ("per_contract", "maintenance", "maintenance_per_contract"):
            if getattr(self, name) is not None:
                raise ConfigError(
                    f"a margin has tiers, and {name} is {getattr(self, name)}; tiers stand in its place",
                    f"leave {name} out",
                )
        for number, (tier, after) in enumerate(zip(self.tiers, self.tiers[1:], strict=False), 1):
            if tier.up_to is None or (after.up_to is not None and after.up_to <= tier.up_to):
                raise ConfigError(
                    f"tier {number} of a margin goes up to {tier.up_to}, the next to {after.up_to}; bounds go up, and "
                    "only the last has none"
                )
            if after.rate < tier.rate or after.maintenance < tier.maintenance:
                raise ConfigError(
                    f"tier {number} of a margin needs {tier.rate} and {tier.maintenance}, the next {after.rate} and "
                    f"{after.maintenance}; neither goes down"
                )
        if self.tiers[-1].up_to is not None:
            raise ConfigError(
                f"the last tier of a margin goes up to {self.tiers[-1].up_to}; it must have no bound", "up_to=None"
            )


def _tiers(given: Any) -> tuple[MarginTier, ...]:
    """Tiers, or mappings of their parameters."""
    if isinstance(given, MarginTier | Mapping | str) or not isinstance(given, Sequence):
        raise ConfigError(f"tiers of a margin are {given!r:.60}; they must be a list of MarginTier", _TIERS)
    known = ("up_to", "rate", "maintenance")
    for one in given:
        if not isinstance(one, MarginTier | Mapping):
            raise ConfigError(f"tiers of a margin have {one!r:.60}; it must be a MarginTier", _TIERS)
        for name in () if isinstance(one, MarginTier) else one:
            if name not in known:
                like = nearest(str(name), known)
                raise ConfigError(
                    f"a tier of a margin has {name!r}; known: {', '.join(known)}",
                    f"did you mean {like!r}?" if like else None,
                )
        if isinstance(one, Mapping) and "rate" not in one:
            raise ConfigError(f"a tier of a margin is {one!r:.60}; it has no rate", _TIERS)
    return tuple(one if isinstance(one, MarginTier) else MarginTier(**({"up_to": None} | dict(one))) for one in given)
