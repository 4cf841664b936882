"""Environment variables become one frozen object, or an error that names the variable."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from cafe_kit.settings import Settings

ENV = {
    "APP_ID": "lamp-svc",
    "APP_PORT": "8080",
    "STATE_STORE": "lamp-store",
    "PUBSUB": "lamp-pubsub",
    "TOKEN_ISSUER": "https://identity.example",
    "TOKEN_AUDIENCE": "lamps",
}


PRODUCTION = {
    "ENVIRONMENT": "production",
    "APP_API_TOKEN": "secret",
    "DAPR_API_TOKEN": "d",
    "TOKEN_ISSUER": "https://identity.example.com",
}


class LampSettings(Settings):
    """A service may need more."""

    max_watts: int = 60


def test_settings_are_read_from_the_environment() -> None:
    settings = LampSettings.from_env(
        {**ENV, "DAPR_HTTP_PORT": "3501", "MAX_WATTS": "40", "PATH": "/bin"}
    )

    assert settings.app_id == "lamp-svc"
    assert (settings.app_port, settings.dapr_http_port, settings.max_watts) == (8080, 3501, 40)


def test_what_no_variable_says_a_file_may_say(tmp_path: Path) -> None:
    (tmp_path / "APP_API_TOKEN").write_text("by file\n")
    (tmp_path / "DAPR_API_TOKEN").write_text("by file")
    (tmp_path / "APP_ID").write_text("by file")
    (tmp_path / "..data").mkdir()  # As Kubernetes lays out a volume.

    settings = LampSettings.from_env(
        {**ENV, "SECRETS_DIR": str(tmp_path), "DAPR_API_TOKEN": "by variable"}
    )

    assert (settings.app_api_token, settings.dapr_api_token) == ("by file", "by variable")
    assert (settings.app_id, settings.max_watts) == ("lamp-svc", 60)


def test_a_folder_of_secrets_that_is_not_there_is_no_folder_without_secrets() -> None:
    with pytest.raises(FileNotFoundError):
        LampSettings.from_env({**ENV, "SECRETS_DIR": "/nowhere"})


def test_what_is_not_given_has_its_default() -> None:
    settings = LampSettings.from_env(ENV)

    assert (settings.app_host, settings.dapr_http_port) == ("127.0.0.1", 3500)
    assert (settings.environment, settings.log_level) == ("development", "info")
    assert (settings.max_body_bytes, settings.sidecar_deadline_s, settings.drain_s) == (
        65_536,
        5.0,
        15,
    )
    assert (settings.dapr_api_token, settings.max_watts, settings.guard_after_s) == ("", 60, 10.0)


def test_an_empty_variable_is_not_given() -> None:
    assert LampSettings.from_env({**ENV, "LOG_LEVEL": ""}).log_level == "info"


@pytest.mark.parametrize("name", ENV)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(name: str, value: str | None) -> None:
    env = {**ENV, name: value or ""} if value is not None else {**ENV}
    if value is None:
        del env[name]

    with pytest.raises(ValidationError) as caught:
        Settings.from_env(env)

    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_PORT", "many"),
        ("ENVIRONMENT", "staging"),
        ("LOG_LEVEL", "loud"),
        ("MAX_BODY_BYTES", "0"),
        ("SIDECAR_DEADLINE_S", "0"),
        ("DRAIN_S", "-1"),
        ("GUARD_AFTER_S", "0"),
        ("DRAIN_NOTICE_S", "-1"),
        ("MAX_IN_FLIGHT", "0"),
        ("MAX_TURN_MS", "0"),
        ("CALLER_RATE_PER_S", "0"),
        ("CALLER_BURST", "0"),
        ("PAGE_LIMIT", "0"),
        ("JOURNAL_LIMIT", "15"),
        ("LETTER_RETRY_FIRST_S", "0"),
        ("LETTER_RETRY_MOST_S", "0"),
    ],
)
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.from_env({**ENV, name: value})

    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


@pytest.mark.parametrize(
    "given",
    [{}, {"APP_API_TOKEN_PREVIOUS": "of before"}, {"APP_API_TOKEN": "a"}, {"DAPR_API_TOKEN": "d"}],
)
def test_in_production_app_and_sidecar_need_tokens_of_now(given: dict[str, str]) -> None:
    Settings.from_env(ENV | given)

    with pytest.raises(ValidationError, match="APP_API_TOKEN and DAPR_API_TOKEN are needed"):
        Settings.from_env(ENV | given | {"ENVIRONMENT": "production"})


@pytest.mark.parametrize(
    ("now", "before", "tokens"),
    [("", "", ()), ("a", "", ("a",)), ("a", "b", ("a", "b")), ("", "b", ("b",))],
)
def test_a_sidecar_may_show_the_token_of_now_or_of_before(
    now: str, before: str, tokens: tuple[str, ...]
) -> None:
    settings = Settings.from_env({**ENV, "APP_API_TOKEN": now, "APP_API_TOKEN_PREVIOUS": before})

    assert settings.app_api_tokens == tokens


def test_in_production_all_is_well_with_tokens_and_a_real_issuer() -> None:
    assert Settings.from_env(ENV | PRODUCTION).app_api_tokens == ("secret",)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://identity.example",
        "https://identity.lamps.example:9012/realm",
        "https://localhost:9012",
        "https://identity.test",
        "https://identity.invalid",
        "http://identity.example.com",
        "identity.example.com",
    ],
)
def test_production_refuses_the_issuer_of_a_sandbox(issuer: str) -> None:
    Settings.from_env(ENV | {"TOKEN_ISSUER": issuer})

    with pytest.raises(ValidationError, match="TOKEN_ISSUER is a sandbox's"):
        Settings.from_env(ENV | PRODUCTION | {"TOKEN_ISSUER": issuer})


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError):
        Settings.from_env(ENV).__setattr__("app_port", 1)
