"""Pass applications that a model is asked for, each by itself, and what became of them."""
