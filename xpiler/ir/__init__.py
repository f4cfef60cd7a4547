"""The Kernel IR: a small typed loop language with C's meaning. See docs/architecture.md."""
