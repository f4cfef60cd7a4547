"""Where a candidate departs from its predecessor: recorded runs, and the first statement that differs."""
