"""The meta-prompts: one Jinja template per pass (xpiler/llm/prompts.py renders them)."""
