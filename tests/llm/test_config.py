"""Flags win over xpiler.toml, which wins over the environment; keys stay out of files and texts."""

from __future__ import annotations

from pathlib import Path

from xpiler.llm.config import LlmConfig, LlmConfigError, Secret, load_config


def test_precedence(tmp_path: Path) -> None:
    env = {"XPILER_BASE_URL": "http://env", "XPILER_MODEL": "env", "OPENAI_API_KEY": "sk-1"}
    (tmp_path / "xpiler.toml").write_text('[llm]\nmodel = "file"\ntimeout = 5\n')
    config = load_config({"model": "flag"}, tmp_path, env)
    assert isinstance(config, LlmConfig)
    assert (config.base_url, config.model, config.timeout) == ("http://env", "flag", 5.0)
    assert config.key.value == "sk-1"
    assert config.usable


def test_nothing_configured(tmp_path: Path) -> None:
    config = load_config({}, tmp_path, {})
    assert isinstance(config, LlmConfig)
    assert not config.usable


def test_errors_name_the_entry(tmp_path: Path) -> None:
    path = tmp_path / "xpiler.toml"
    for text, word in [
        ("[llm]\nmodle = 'x'\n", "modle"),
        ("[llm]\nmodel = 3\n", "model must be a str"),
        ("[llm]\nkey = 'sk'\n", "XPILER_API_KEY"),
        ("[llm\n", "no TOML"),
    ]:
        path.write_text(text)
        found = load_config({}, tmp_path, {})
        assert isinstance(found, LlmConfigError)
        assert word in found.message


def test_a_secret_does_not_show() -> None:
    secret = Secret("sk-topsecret")
    assert "topsecret" not in f"{secret} {secret!r} {LlmConfig(key=secret)!r}"
    assert secret.scrub("bad key sk-topsecret!") == "bad key ***!"
