"""The commands, a module a kind; each takes its options, calls one use case and hands the value to a view."""

from seedpipe.cli.commands.books import audit, spend
from seedpipe.cli.commands.care import doctor, sandbox
from seedpipe.cli.commands.looking import show, status
from seedpipe.cli.commands.planning import explain, keep, plan, validate
from seedpipe.cli.commands.prices import balance, models, sizes
from seedpipe.cli.commands.reporting import report
from seedpipe.cli.commands.reviewing import approve, publish, reject, review
from seedpipe.cli.commands.running import adopt, reconcile, resume, run
from seedpipe.cli.commands.starting import init, schema

COMMANDS = (
    *(
        init,
        validate,
        plan,
        explain,
        keep,
        run,
        resume,
        status,
        show,
        report,
        review,
        approve,
        reject,
        publish,
    ),
    *(reconcile, adopt, spend, audit, doctor, models, sizes, balance, schema, sandbox),
)

__all__ = ["COMMANDS"]
