"""Rarely taken branches: what a kernel compares, inputs that get there, and what no run took."""
