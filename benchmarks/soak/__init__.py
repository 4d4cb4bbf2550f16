"""A soak: trades at a steady rate from a loopback exchange in another process, faults drawn from a seed, orders back.

    python -m benchmarks.soak --seconds 3600 --rate 5000

Everything that the exchange said, and every order, is accounted for in the end (:mod:`benchmarks.soak.books`); if it
is not, the soak fails. :mod:`benchmarks.soak.faults` says what goes wrong meanwhile, :mod:`benchmarks.soak.latency` how
long it took from a message to the order that it led to. Both processes share the machine, and so do latencies.
"""

from benchmarks.soak.client import soak

__all__ = ["soak"]
