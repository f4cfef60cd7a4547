"""The operator suite: CUDA sources, an oracle of its own in NumPy, and the accuracy table."""
