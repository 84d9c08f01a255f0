"""Benchmarks: ratios of two arms in one run. Not part of the package, never run by the tests."""
