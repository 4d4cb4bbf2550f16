"""Random faults of exchanges and their links (rules 95 to 97)."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.testing.scenario.numbers import SECOND
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import ExchangeSpec, FaultSpec, Scenario

DRAWN = True  # of random scenarios
CHANCES = (0.0, 0.0, 0.125, 0.3, 0.8)
LENGTHS = (1, SECOND // 2, SECOND, 3 * SECOND)


def with_faults(source: Source, scenario: Scenario, percent: int = 12) -> Scenario:
    """The same scenario, now and then with faults of some of its exchanges."""
    if not DRAWN or not chance(source, percent):
        return scenario
    exchanges = tuple(with_some(source, one) for one in scenario.exchanges)
    if any(item.paid_in not in ("quote", "received") for item in scenario.instruments):
        # A fee in a third asset is told on its own, and the invariants count it with its fill: neither may be late.
        exchanges = tuple(replace(one, faults=one.faults and one.faults._replace(late=0.0)) for one in exchanges)
    return replace(scenario, exchanges=exchanges)


def with_some(source: Source, spec: ExchangeSpec) -> ExchangeSpec:
    """An exchange where some of all that can go wrong does."""
    if not chance(source, 80):
        return spec
    reject, lose, late, spike, disconnect = (source.pick(CHANCES) for _ in range(5))
    timeout, late_ns, spike_ns, spike_span, outage_span = (source.pick(LENGTHS) for _ in range(5))
    faults = FaultSpec(
        source.integer(0, 99),
        reject,
        lose,
        timeout,
        late,
        late_ns,
        spike,
        spike_ns,
        spike_span,
        disconnect,
        outage_span,
        source.pick(CHANCES),
    )
    return replace(spec, faults=faults)
