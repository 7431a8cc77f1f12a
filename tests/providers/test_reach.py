"""Which hosts and addresses an output may be fetched from."""

import pytest

from seedpipe.providers.reach import address_fault, host_fault

INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # a cloud's metadata
    "127.0.0.1",
    "127.8.9.10",
    "168.63.129.16",  # a cloud's host agent
    "169.254.169.254",  # most clouds' metadata
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # a cloud's metadata
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
]
OUTSIDE = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_reached(address):
    assert address_fault(address, near=False)
    assert host_fault(address, near=False)


@pytest.mark.parametrize("address", OUTSIDE)
@pytest.mark.parametrize("near", [False, True])
def test_what_is_public_is_reached(address, near):
    assert address_fault(address, near=near) is None
    assert host_fault(address, near=near) is None


@pytest.mark.parametrize("address", INSIDE)
def test_a_service_on_this_machine_opens_this_machine_and_nothing_else(address):
    loopback = address in {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}
    assert (address_fault(address, near=True) is None) is loopback


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "cdn.localhost",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "0x7f.0x0.0x0.0x1",
        "10.0.0.1.",
        "1.2.3.4.5",
        "metadata",
        "metadata.google.internal",
        "router.local",
        "nas.lan",
        "box.home.arpa",
        "cdn..example.com",
        ".example.com",
        "cdn example.com",
        "cdn.example.com\x00",
        "",
        "a" * 64 + ".example.com",
    ],
)
def test_names_that_are_not_even_looked_up(host):
    assert host_fault(host, near=False)


@pytest.mark.parametrize(
    "host",
    [
        "cdn.example.com",
        "CDN.Example.com.",
        "d1-x_y.cdn.net",
        "xn--bcher-kva.example",
        "3.example.com",
        "1.2.3.4.example.com",
    ],
)
def test_names_that_are_looked_up(host):
    assert host_fault(host, near=False) is None


def test_localhost_is_for_a_service_on_this_machine():
    assert host_fault("localhost", near=True) is None
    assert host_fault("cdn.localhost", near=True)
