"""Measurements that anyone can repeat: `python -m tests.benchmarks.loop` prints a table. Not tests."""
