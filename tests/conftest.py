"""Guards on every test: no socket but loopback, no key or proxy in the environment, a HOME of its own."""

import ipaddress
import os
import socket

import pytest

_FORBIDDEN_VARIABLES = ("WAVESPEED_API_KEY", "SEEDPIPE_BASE_URL", "CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


def _is_local(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a path of a Unix socket
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] == "localhost"


@pytest.fixture(autouse=True)
def guards(monkeypatch, tmp_path_factory):
    connect = socket.socket.connect

    def guarded_connect(self, address):
        assert _is_local(address), f"a test tried to reach {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    for name in list(os.environ):
        if name in _FORBIDDEN_VARIABLES or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
