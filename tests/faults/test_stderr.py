"""What a failing disk has swallowed reaches people: on stderr, whatever stdout is for."""

from pathlib import Path

import pytest

from seedpipe.app import RunResult
from seedpipe.cli.console import Screen
from seedpipe.cli.views.running import show_result
from seedpipe.core.manifest import RunManifest
from seedpipe.core.records import PhaseTotal, RunEnd, RunRecord, StopReason
from tests.contracts.ledger_plans import AT, a_header, a_run

SAID = "the service accepted hero/1 as prediction 0123abcd, but that could not be recorded"


def a_result(stop):
    end = RunEnd(run_id="run-1", finished_at=AT, exit_code=3, stop=stop, message=SAID)
    run = RunRecord(start=a_run(), end=end)
    manifest = RunManifest(
        world="live",
        origin="https://api.test",
        header=a_header(),
        run=run,
        tally={},
        billed=PhaseTotal(),
        run_billed=PhaseTotal(),
        environment={},
    )
    return RunResult(
        manifest=manifest,
        campaign=Path("campaign.yaml"),
        out=Path("out"),
        exit_code=3,
        submitted=1,
        adopted=0,
        doubts_found=0,
        asides=(),
        asides_folder=Path("asides"),
    )


@pytest.mark.parametrize("flags", [{}, {"as_json": True}, {"quiet": True}])
@pytest.mark.parametrize("stop", [StopReason.DISK, StopReason.FAILURE])
def test_what_could_not_be_recorded_is_said_on_stderr(stop, flags, capsys):
    named = {"runs": "c.yaml", "campaign": "c.yaml", "again": "seedpipe run c.yaml --live"}
    show_result(a_result(stop), Screen(**flags), **named)
    assert SAID in capsys.readouterr().err.replace("\n", " ")
    show_result(a_result(StopReason.PURSE), Screen(**flags), **named)
    assert SAID not in capsys.readouterr().err.replace("\n", " ")
