"""The clients of a server that benchmarks compare. Each runs alone in a process, `python -m bench.arms NAME`."""
