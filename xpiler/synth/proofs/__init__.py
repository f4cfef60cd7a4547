"""Proofs for all sizes: steps that keep the meaning, indices inside their buffers, freedom from races."""
