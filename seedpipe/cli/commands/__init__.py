"""The commands by the work they are for; each takes its options, calls one use case and shows the value."""

from seedpipe.cli.commands.books import audit, spend
from seedpipe.cli.commands.care import doctor, sandbox
from seedpipe.cli.commands.looking import show, status
from seedpipe.cli.commands.planning import explain, keep, plan, validate
from seedpipe.cli.commands.prices import balance, models, sizes
from seedpipe.cli.commands.reporting import report
from seedpipe.cli.commands.reviewing import approve, publish, reject, review
from seedpipe.cli.commands.running import adopt, reconcile, resume, run
from seedpipe.cli.commands.starting import init, schema

COMMANDS = {
    "Start": (init, validate),
    "Plan": (plan, explain, models, sizes),
    "Run": (run, resume, status, show, report, reconcile, adopt),
    "Review": (review, approve, reject, keep, publish),
    "Money": (spend, balance, audit),
    "Tools": (doctor, schema, sandbox),
}

__all__ = ["COMMANDS"]
