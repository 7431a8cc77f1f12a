"""Which address of a service may be sent the key."""

import pytest

from seedpipe.core.errors import InputError
from seedpipe.core.hosts import checked_origin


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://api.example.com", "https://api.example.com"),
        (" https://API.Example.com/ ", "https://api.example.com"),
        ("https://api.example.com:443", "https://api.example.com"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(address, origin):
    assert checked_origin(address) == origin
    assert checked_origin(origin) == origin


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "not an http"),
        ("api.example.com", "not an http"),
        ("ftp://example.com", "not an http"),
        ("https://", "not an http"),
        ("https://api.example.com:port", "no valid host and port"),
        ("https://[::1", "no valid host and port"),
        ("https://user:word@example.com", "more than scheme"),
        ("https://@example.com", "more than scheme"),
        ("https://example.com/api/v3", "more than scheme"),
        ("https://example.com?x=1", "more than scheme"),
        ("https://example.com#x", "more than scheme"),
        ("https://bad host", "not the name of a host"),
        ("https://münchen.example", "not the name of a host"),
        ("http://example.com", "unencrypted"),
        ("http://127.0.0.1.evil.test", "unencrypted"),
        ("http://[::2]", "unencrypted"),
    ],
)
def test_addresses_that_get_no_key(address, words):
    with pytest.raises(InputError, match=words) as refused:
        checked_origin(address)
    assert "word" not in str(refused.value)
