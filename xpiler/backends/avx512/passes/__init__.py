"""Passes of the AVX-512 target: lanes, VNNI, OpenMP."""
