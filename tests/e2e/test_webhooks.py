"""A run that listens for webhooks, against a sandbox that sends them; and what the flags refuse."""

import json

import pytest


def test_a_proof_that_hears_webhooks_is_done(quickstart):
    result = quickstart.run("run", "campaign.yaml", "--webhook-listen", "127.0.0.1:0", "--json")
    assert json.loads(result.stdout)["phases"]["done"]["jobs"] == 9


def test_a_live_run_asks_when_it_is_told_to(quickstart):
    quickstart.environment["WAVESPEED_API_KEY"] = "k"
    with quickstart.sandbox("--switch", "webhook_deliveries=3", "--switch", "task_latency_s=1") as address:
        live = ("--live", "--yes", "--budget", "5", "--base-url", address)
        quickstart.run("run", "campaign.yaml", *live, "--webhook-listen", "127.0.0.1:0")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--webhook-listen", "9000"), "HOST:PORT"),
        (("--webhook-listen", "127.0.0.1:70000"), "HOST:PORT"),
        (("--webhook-url", "https://ci.example.com/"), "needs --webhook-listen"),
        (("--webhook-listen", "127.0.0.1:0", "--webhook-url", "http://ci.example.com/"), "https"),
    ],
)
def test_addresses_that_make_no_sense_are_refused(quickstart, flags, words):
    assert words in quickstart.run("run", "campaign.yaml", *flags, code=2).stderr
