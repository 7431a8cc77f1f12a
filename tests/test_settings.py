"""Where the key may go: to the service's own address, and to one that the user has named."""

import pytest

from seedpipe.core.errors import InputError
from seedpipe.core.model import SANDBOX_ORIGIN
from seedpipe.settings import SERVICE_ORIGIN, Settings, World

OURS = "https://proxy.example.com"
KEY = {"WAVESPEED_API_KEY": "k"}


@pytest.mark.parametrize(
    ("origin", "base_url", "variable"),
    [
        (SERVICE_ORIGIN, None, None),
        (SERVICE_ORIGIN, None, OURS),
        (SERVICE_ORIGIN, SERVICE_ORIGIN, None),
        (OURS, OURS, None),
        (OURS, None, OURS),
        (OURS, f"{OURS}/", None),
    ],
)
def test_a_ledgers_service_is_asked_if_it_is_the_real_one_or_was_named(origin, base_url, variable):
    settings = Settings.of_ledger(KEY | {"SEEDPIPE_BASE_URL": variable or ""}, origin, base_url=base_url)
    assert (settings.world, settings.origin) == (World.LIVE, origin)
    assert settings.required_key().reveal() == "k"


@pytest.mark.parametrize(
    ("origin", "base_url", "variable"),
    [
        (OURS, None, None),
        (OURS, None, "https://other.example.com"),
        (OURS, "https://other.example.com", None),
        (OURS, "https://other.example.com", OURS),
        (SERVICE_ORIGIN, OURS, None),
        ("http://evil.example.com", None, None),
        ("live", None, None),
    ],
)
def test_an_address_that_only_a_ledger_names_gets_no_key(origin, base_url, variable):
    environment = KEY | {"SEEDPIPE_BASE_URL": variable or ""}
    with pytest.raises(InputError, match="only a file names") as refused:
        Settings.of_ledger(environment, origin, base_url=base_url)
    assert f"--base-url {origin}" in refused.value.hint


def test_a_ledger_of_proofs_has_no_key_and_no_address():
    settings = Settings.of_ledger(KEY | {"SEEDPIPE_BASE_URL": OURS}, SANDBOX_ORIGIN)
    assert (settings.world, settings.origin, settings.api_key) == (World.PROOF, SANDBOX_ORIGIN, None)
    with pytest.raises(InputError, match="needs --live"):
        Settings.of_ledger(KEY, SANDBOX_ORIGIN, base_url=OURS)
