"""A doubt that an earlier run has left is paid a second time only with consent, and at the planned price."""

import json

import pytest

from tests.cards import charges, write_cards
from tests.e2e.test_doubts import forget_submits

ABSENT = 2


@pytest.fixture
def doubtful(seedpipe):
    """A project whose last run was killed between intent and bytes; starts its service, at some prices."""
    write_cards(seedpipe, ABSENT)
    seedpipe.environment["SEEDPIPE_SETTLE_S"] = "1"
    with seedpipe.sandbox() as address:
        seedpipe.run("run", "campaign.yaml", "--live", "--base-url", address, "--yes")
    (ledger,) = (seedpipe.project / ".seedpipe").glob("live-*/ledger.sqlite3")
    seedpipe.run("plan", "campaign.yaml", "-o", "saved.jsonl")
    forget_submits(ledger, seedpipe.project)
    port = address.rpartition(":")[2]
    return seedpipe, address, lambda *switches: seedpipe.sandbox("--port", port, *switches)


COMMANDS = {
    "run": ("run", "campaign.yaml", "--live"),
    "saved": ("run", "saved.jsonl", "--live"),
    "resume": ("resume", "--live"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_without_consent_a_doubt_is_looked_up_and_not_paid_again(doubtful, command):
    project, address, service = doubtful
    asked = (*COMMANDS[command], "--base-url", address)
    with service():
        shown = json.loads(project.run("plan", "campaign.yaml", "--base-url", address, "--json").stdout)
        assert (shown["to_buy"]["jobs"], shown["to_resend"]) == (
            0,
            {"jobs": ABSENT, "images": ABSENT, "cost_usd": "0.054"},
        )
        for flags in ((), ("--budget", "5")):
            refused = project.run(*asked, *flags, code=4)
            assert "2 jobs in doubt may be sent again: $0.054" in refused.stderr
            assert "to pay for them, add --yes --budget 0.06" in refused.stderr
            assert "0 submitted" in refused.stdout
        assert charges(project) == []
        project.run(*asked, "--yes", "--budget", "0.06")
    assert len(charges(project)) == ABSENT


def test_dearer_than_planned_a_doubt_is_not_sent_again_whatever_was_agreed_to(doubtful):
    project, address, service = doubtful
    asked = ("run", "campaign.yaml", "--live", "--base-url", address, "--yes", "--budget", "5")
    with service("--switch", "price_percent=300"):
        refused = project.run(*asked, code=4)
        assert "costs $0.081, planned at $0.027 (2 jobs)" in refused.stderr
        assert charges(project) == []
        write_cards(project, ABSENT + 1)
        assert "nothing was sent" in project.run(*asked, code=2).stderr
    assert charges(project) == []


def test_new_jobs_and_doubts_are_agreed_to_together(doubtful):
    project, address, service = doubtful
    write_cards(project, ABSENT + 1)
    asked = ("run", "campaign.yaml", "--live", "--base-url", address)
    with service():
        assert "--yes --budget 0.09" in project.run(*asked, code=2).stderr
        assert charges(project) == []
        project.run(*asked, "--yes")  # up to the campaign's own budget
    assert len(charges(project)) == ABSENT + 1


def test_on_a_terminal_no_is_no_error_where_nothing_is_new(doubtful):
    project, address, service = doubtful
    asked = ("run", "campaign.yaml", "--live", "--base-url", address)
    with service("--switch", "balance_usd=12.5"):
        code, said = project.converse(*asked, answer=b"n")
        assert code == 4, said
        assert "2 in doubt again for $0.054 if the service does not show them, $12.50 on the account?" in said
        assert charges(project) == []
        code, said = project.converse(*asked, answer=b"y")
        assert code == 0, said
    assert len(charges(project)) == ABSENT
