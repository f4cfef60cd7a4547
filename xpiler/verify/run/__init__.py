"""Building and running one side of a check, in the sandbox."""
