"""Where the doctor draws its lines."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from seedpipe.core.checkup import Facts, Health, all_well, examine
from seedpipe.core.probed import ListTraits, traits_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FINE = Facts(
    live=True,
    origin="https://api.example.com",
    has_key=True,
    key_fault=None,
    silence=None,
    balance_usd=Decimal(10),
    balance_silence=None,
    server_skew=timedelta(seconds=2),
    free_bytes=100 * 2**30,
    file_system="ext4",
    on_network=False,
    lock_holder=None,
    has_ledger=True,
    ledger_trouble=None,
    account_faults=0,
    listing=ListTraits(lag_s=3.0),
    catalogue_as_of=NOW - timedelta(days=3),
    now=NOW,
    versions={"seedpipe": "0.1.0"},
)


def test_a_fine_place_is_fine_in_every_line():
    lines = examine(FINE)
    assert {line.health for line in lines} == {Health.OK}
    assert [line.name for line in lines] == [
        "key", "origin", "balance", "clock", "disk", "file system", "lock", "ledger", "catalogue", "versions",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "name", "health"),
    [
        ({"has_key": False, "live": False}, "key", Health.WARN),
        ({"key_fault": "odd characters", "live": False}, "key", Health.FAIL),
        ({"silence": "HTTP 401"}, "origin", Health.FAIL),
        ({"balance_usd": None, "balance_silence": "HTTP 503"}, "balance", Health.WARN),
        ({"balance_usd": Decimal(0)}, "balance", Health.FAIL),
        ({"balance_usd": Decimal(-1)}, "balance", Health.FAIL),
        ({"listing": ListTraits(lag_s=180.0, was_seen=False)}, "list", Health.WARN),
        ({"listing": ListTraits(is_literal=False)}, "list", Health.WARN),
        ({"server_skew": None}, "clock", Health.WARN),
        ({"server_skew": timedelta(seconds=29)}, "clock", Health.OK),
        ({"server_skew": timedelta(seconds=-30)}, "clock", Health.WARN),
        ({"server_skew": timedelta(seconds=300)}, "clock", Health.FAIL),
        ({"server_skew": timedelta(seconds=-301)}, "clock", Health.FAIL),
        ({"free_bytes": None}, "disk", Health.WARN),
        ({"free_bytes": 2**30}, "disk", Health.WARN),
        ({"free_bytes": 2**20}, "disk", Health.FAIL),
        ({"file_system": "nfs4", "on_network": True}, "file system", Health.FAIL),
        ({"file_system": ""}, "file system", Health.OK),
        ({"lock_holder": "pid 7"}, "lock", Health.WARN),
        ({"lock_holder": ""}, "lock", Health.WARN),
        ({"has_ledger": False}, "ledger", Health.OK),
        ({"ledger_trouble": "it is corrupt"}, "ledger", Health.FAIL),
        ({"account_faults": 2}, "ledger", Health.FAIL),
        ({"catalogue_as_of": NOW - timedelta(days=181)}, "catalogue", Health.WARN),
    ],
)
def test_each_trouble_has_its_line_and_what_to_do(change, name, health):
    lines = examine(replace(FINE, **change))
    [line] = [line for line in lines if line.name == name]
    assert line.health is health
    assert bool(line.do) is (health is not Health.OK)
    assert all_well(lines) is (health is not Health.FAIL)


@pytest.mark.parametrize(
    ("said", "traits"),
    [
        ([], ListTraits()),
        ({}, ListTraits()),
        ({"list_lag_s": 70}, ListTraits(lag_s=70.0)),
        ({"list_lag_s": True}, ListTraits()),
        ({"list_lag_s": None, "list_lag_over_s": 179.5}, ListTraits(lag_s=179.5, was_seen=False)),
        ({"list_lag_s": 5.0, "list_lag_over_s": "long"}, ListTraits(lag_s=5.0)),
        ({"list_lag_over_s": 1e9}, ListTraits(lag_s=3600.0, was_seen=False)),
        ({"list_lag_s": float("nan")}, ListTraits()),
        ({"inputs_as_sent": False}, ListTraits(is_literal=False)),
        ({"inputs_as_sent": None}, ListTraits()),
    ],
)
def test_what_a_probe_says_of_the_list(said, traits):
    assert traits_of(said) == traits


def test_what_a_list_is_not_good_for_is_told_with_what_to_do():
    [line] = [
        line
        for line in examine(replace(FINE, listing=ListTraits(lag_s=180.0, was_seen=False)))
        if line.name == "list"
    ]
    assert "not in the list for 180 s" in line.says
    assert "in_doubt: hold" in line.do
