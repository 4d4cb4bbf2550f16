"""Tests of the benchmarks: known answers at small sizes, and what is made of the figures."""
