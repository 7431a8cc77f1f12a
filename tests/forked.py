"""Real processes that are cheap to start: forked from a server that has loaded seedpipe and nothing else.

Each is a whole process with its own locks, files and connections, and can be killed as such. The server holds
no ledger and no socket of a test, so that a child's death frees what the child had.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys

from PIL import Image

from seedpipe.cli.main import exit_code_of
from seedpipe.providers.wire import trusted

_LOADED = [
    "tests.breaking",
    "tests.forked",
    "tests.rehearsed",
    "seedpipe.app",
    "seedpipe.accounts",
    "seedpipe.cli.views.planning",
    "seedpipe.cli.views.prices",
    "seedpipe.cli.views.reporting",
    "seedpipe.cli.views.running",
    "seedpipe.cli.progress",
    "seedpipe.cli.consent",
    "seedpipe.engines",
    "seedpipe.providers",
    "seedpipe.reports",
    "seedpipe.sandbox.server",
    # What these load when they are first used.
    "anyio._backends._asyncio",
    "anyio.streams.tls",
    "encodings.idna",
    "encodings.utf_8_sig",
    "rich._emoji_codes",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.h11_impl",
]
trusted()  # reading the authorities takes longer than most of these runs; a fork has them
Image.preinit()
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(_LOADED)


def start(arguments, *, project, environment, first=None, said=("said.txt", "said.txt")):
    """Start `seedpipe` in a folder; its two streams go to the files `said` there. Return the process.

    `first` is called in the process before anything else; what it returns is kept until the end.
    """
    words = [str(argument) for argument in arguments]
    process = _FORKS.Process(target=_live, args=(words, str(project), environment, first, said))
    process.start()
    return process


def _live(arguments, project, environment, first, said):
    gc.freeze()  # what the server has loaded stays as it is: nothing to look through, and no page to copy
    os.chdir(project)
    os.environ.clear()
    os.environ.update(environment)
    for stream, name in enumerate(said, start=1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), stream)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    kept = first() if first else None
    code = exit_code_of(arguments)
    del kept
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
