"""One pass for many: signals with many sets of parameters over the same candles, each as the engine would run it.

:mod:`~barter_bt.research.one_pass.kernel` says what is assumed, :mod:`~barter_bt.research.one_pass.conditions` what it
takes; everything else is a full run.
"""
