"""Cases: how a kernel is launched and on what, inferred or read from a file."""
