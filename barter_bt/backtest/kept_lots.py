"""What fills added to positions where fees are paid in what is received (rule 63): less than was bought."""

from __future__ import annotations

import numpy as np

from barter_bt.engine.accounting import fee_in_base, lots_taken
from barter_bt.engine.order import BUY
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import IN_RECEIVED
from barter_bt.statistic.tables import Integers


def kept_lots(s: EngineState) -> Integers | None:
    """Of each own fill, in lots without a sign; None where no fees are paid so."""
    received = s.terms.array("fee_in") == IN_RECEIVED
    if not received.any():
        return None
    t, terms = s.trades, s.terms
    kept, credits = t.array("quantity").copy(), np.zeros(len(received), np.int64)
    splits = list(zip(s.splits.array("trade").tolist(), s.splits.array("instrument").tolist(), strict=True))
    for trade in np.flatnonzero(received[t.array("instrument")] & (t.array("side") == BUY)).tolist():
        while splits and splits[0][0] <= trade:
            credits[splits.pop(0)[1]] = 0
        i, lots = t.instrument[trade], t.quantity[trade]
        amount = fee_in_base(terms, i, lots, t.notional[trade], t.fees[trade])
        taken = lots_taken(terms, i, lots, amount, int(credits[i]))
        credits[i] += taken * terms.base_units[i] - amount
        kept[trade] -= taken
    return kept
