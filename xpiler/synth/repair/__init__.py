"""Mending a candidate: holes at the suspect statement, filled by a solver from what runs demand."""
