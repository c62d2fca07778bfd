"""Measure the warehouse at scale: data to measure with, and benchmarks."""
