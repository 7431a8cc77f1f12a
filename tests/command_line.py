"""Real processes: the command line as a user starts it, and the sandbox as a server beside it."""

import os
import pty
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from seedpipe.cli.main import EXIT_BUG
from tests import forked

REPOSITORY = Path(__file__).parents[1]
QUICKSTART = REPOSITORY / "examples" / "pipelines" / "quickstart"
PLAIN = "plain_pictures=true"  # most tests count pictures and do not look at them: a scene costs a second
HANG_S = 120  # a generous bound: no run of these tests takes a tenth of it


class Started:
    """A command on its way, as `subprocess.Popen` tells of one."""

    def __init__(self, process, out, err):
        self._process = process
        self._out = out
        self._err = err

    def send_signal(self, number):
        """Send a signal; one that has ended by itself does not mind."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    def communicate(self, timeout):
        """Wait for its end; return what it said on its two streams."""
        self._process.join(timeout)
        assert self._process.exitcode is not None, f"it hangs\n{self._err.read_text()}"
        return self._out.read_text(), self._err.read_text()

    @property
    def returncode(self):
        """How it ended, negative by a signal; None before."""
        return self._process.exitcode


class CommandLine:
    """`seedpipe` in a project folder of its own; its sandboxes draw plain pictures.

    Its runs write no reports unless `reports` is set: the small pictures in a gallery take longer than all
    the rest of a run.
    """

    def __init__(self, project, environment, *, reports=False):
        environment.setdefault("SEEDPIPE_SANDBOX", PLAIN)
        self.project = project
        self.environment = environment
        self.reports = reports

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [sys.executable, "-m", "seedpipe", *map(str, arguments)],
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            **options,
        )

    def run(self, *arguments, code=0, anew=False):
        """Run a command to its end and return it; the exit code must be `code`, None for whatever is no bug.

        It is forked from a server that has loaded seedpipe, for to start Python costs more than most of these
        runs; `anew` starts Python all the same, where what it loads is what matters.
        """
        if arguments[:1] == ("run",) and not self.reports and "--no-report" not in arguments:
            arguments += ("--no-report",)
        done = self._run_anew(*arguments) if anew else self._run_forked(*arguments)
        as_meant = done.returncode != EXIT_BUG if code is None else done.returncode == code
        assert as_meant, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def _run_anew(self, *arguments):
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=HANG_S)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def _run_forked(self, *arguments):
        with self._forked(*arguments) as (process, out, err):
            process.join(HANG_S)
            return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())

    @contextmanager
    def started(self, *arguments):
        """Start a command, forked as those of `run`; yield it, to be sent signals and to be waited for.

        `start` is for those that are to be a Python of their own: what they leave to the system at their end.
        """
        with self._forked(*arguments) as (process, out, err):
            yield Started(process, out, err)

    def converse(self, *arguments, answer):
        """Run a command on a terminal and answer its question; return its exit code and all it said there."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "seedpipe", *arguments],
            cwd=self.project,
            env=self.environment | {"COLUMNS": "200"},
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.write(ours, answer + b"\n")
        said = b""
        try:
            while chunk := os.read(ours, 4096):
                said += chunk
        except OSError:
            pass  # Linux says that the other side has gone by an error
        os.close(ours)
        return process.wait(timeout=HANG_S), said.decode()

    @contextmanager
    def sandbox(self, *arguments):
        """Run `seedpipe sandbox serve` on a free port; yield its address."""
        served = ("sandbox", "serve", "--port", "0", "--switch", PLAIN, *arguments)
        with self._forked(*served) as (process, out, err):
            until = time.monotonic() + HANG_S
            while "\n" not in (told := out.read_text()):
                assert process.is_alive(), err.read_text()
                assert time.monotonic() < until, err.read_text()
                time.sleep(0.01)
            yield told.partition("\n")[0]
            process.terminate()
            process.join(HANG_S)

    @contextmanager
    def _forked(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            out.touch()
            process = forked.start(
                arguments, project=self.project, environment=self.environment, said=(str(out), str(err))
            )
            try:
                yield process, out, err
            finally:
                process.kill()
                process.join()
                process.close()
