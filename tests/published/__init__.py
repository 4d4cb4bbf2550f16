"""Results that others have published, reproduced through the public API: each module says whose, where and with what.

Data come from packages that carry them, or are generated; where a package is not installed, its tests are skipped.
"""
