"""Where the model is and what it may cost: flags, then xpiler.toml, then the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any

from xpiler.records import dataclass

__all__ = ["LlmConfig", "LlmConfigError", "Secret", "load_config"]

_KEYS = ("XPILER_API_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True, slots=True)
class Secret:
    """A key that never shows: not in a repr, a log or a trace."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "***"

    def scrub(self, text: str) -> str:
        """`text` without the key, should an error message quote it."""
        return text.replace(self.value, "***") if self.value else text


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """An OpenAI-compatible endpoint and its limits.

    `model` proposes first; `strong_model` is asked after its attempts are used up (empty: none).
    `temperature` is that of the first reply; further ones are asked for at 0.6 at least.
    `samples` replies are taken side by side per attempt, `attempts` per pass and model. `timeout` is in seconds
    per request, `retries` per request on 429, 5xx and broken connections. `max_tokens` and
    `max_cost` (in the unit of the prices, per million tokens) end a run's use of the model cleanly; 0 is no limit.
    `record` appends every exchange to a file, `replay` answers from one without network.
    `reply_tokens` is the longest reply, `context` the window of the model that prompt and reply share; 0: not known.
    """

    base_url: str = ""
    model: str = ""
    strong_model: str = ""
    key: Secret = Secret("")
    samples: int = 1
    attempts: int = 2
    temperature: float = 0.2
    timeout: float = 120.0
    retries: int = 3
    reply_tokens: int = 4096
    context: int = 0
    max_tokens: int = 0
    max_cost: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0
    prompts: str = ""
    record: str = ""
    replay: str = ""

    @property
    def usable(self) -> bool:
        """Whether there is something to ask: an endpoint with a model, or a recording."""
        return bool(self.replay) or bool(self.base_url and self.model)

    @property
    def prompt_tokens(self) -> int:
        """The longest prompt; 0 is no limit."""
        return max(1, self.context - self.reply_tokens) if self.context else 0


@dataclass(frozen=True, slots=True)
class LlmConfigError:
    """A wrong entry, and where."""

    message: str
    file: str = ""


def load_config(
    flags: Mapping[str, object] | None = None,
    folder: Path = Path(),
    environment: Mapping[str, str] | None = None,
) -> LlmConfig | LlmConfigError:
    """Environment (`XPILER_BASE_URL`, `XPILER_MODEL`, keys), overridden by `[llm]` in `folder`/xpiler.toml,
    overridden by `flags`."""
    env = os.environ if environment is None else environment
    key = next((env[k] for k in _KEYS if env.get(k)), "")
    config = LlmConfig(
        base_url=env.get("XPILER_BASE_URL", ""),
        model=env.get("XPILER_MODEL", ""),
        strong_model=env.get("XPILER_STRONG_MODEL", ""),
        key=Secret(key),
        record=env.get("XPILER_RECORD", ""),
        replay=env.get("XPILER_REPLAY", ""),
    )
    path = folder / "xpiler.toml"
    if path.is_file():
        import tomllib  # a start without such a file does without its parser

        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("llm", {})
        except tomllib.TOMLDecodeError as error:
            return LlmConfigError(f"it is no TOML: {error}", str(path))
        changed = _override(config, table, str(path))
        if isinstance(changed, LlmConfigError):
            return changed
        config = changed
    return _override(config, {k: v for k, v in (flags or {}).items() if v is not None}, "")


def _override(
    config: LlmConfig, values: Mapping[str, object], file: str
) -> LlmConfig | LlmConfigError:
    types = {f.name: type(getattr(config, f.name)) for f in fields(config)}
    new: dict[str, Any] = {}
    for name, value in values.items():
        if name == "key":
            return LlmConfigError("a key does not belong in a file: set XPILER_API_KEY", file)
        if name not in types:
            known = ", ".join(sorted(types))
            return LlmConfigError(f"[llm] has no entry {name!r}; it has {known}", file)
        if types[name] is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, types[name]):
            return LlmConfigError(f"[llm] {name} must be a {types[name].__name__}", file)
        new[name] = value
    return replace(config, **new)
