"""Real processes: the command line as a user starts it, and the sandbox as a server beside it."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
QUICKSTART = REPOSITORY / "examples" / "pipelines" / "quickstart"
PLAIN = "plain_pictures=true"  # most tests count pictures and do not look at them: a scene costs a second
HANG_S = 120  # a generous bound: no run of these tests takes a tenth of it


class CommandLine:
    """`seedpipe` in a project folder of its own; its sandboxes draw plain pictures."""

    def __init__(self, project, environment):
        environment.setdefault("SEEDPIPE_SANDBOX", PLAIN)
        self.project = project
        self.environment = environment

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

    def run(self, *arguments, code=0):
        """Run a command to its end and return it; the exit code must be `code`."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=HANG_S)
        assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in out + err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @contextmanager
    def sandbox(self, *arguments):
        """Run `seedpipe sandbox serve` on a free port; yield its address."""
        process = self.start("sandbox", "serve", "--port", "0", "--switch", PLAIN, *arguments)
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.communicate(timeout=HANG_S)
