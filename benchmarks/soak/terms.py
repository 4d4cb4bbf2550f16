"""What both sides of a soak go by."""

BEATS = 100
"""Lots of trades a second."""
EVERY = 487
"""Trades from one decision of the strategy to the next."""
REACH_SECONDS = 5
"""Between two trades that reach resting orders."""
KEEP_SECONDS = 60
"""Of old trades can be asked for."""
QUIET_SECONDS = 5
"""Without faults in the end."""
SETTLE_SECONDS = 60
"""In which both sides have to agree when there are no more trades."""
