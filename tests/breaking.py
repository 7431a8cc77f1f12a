"""What befalls the files of a real process: called in it before it starts (`forked.start`).

A module of its own, so that the server of the forks has it loaded, and no process loads pytest with it.
"""

import os
import resource
import signal
from itertools import count
from pathlib import Path

from tests.fakes.disk import Disk


def counts(call, path):
    """Say whether a call is one that may fail here: it changes a file of ours that is not just a log."""
    path = Path(path)
    return call not in {"unlink", "open to read"} and path.name != "said.txt" and "logs" not in path.parts


def break_calls(root, number, fault, lasting):
    """Let the n-th call that changes a file fail, alone or with all that follow."""

    def breaks(made, path):
        if made == number or (lasting and made > number):
            raise OSError(fault, os.strerror(fault), os.fspath(path))

    return at_each_call(root, breaks)


def count_into(root, file):
    """Count the calls and write their number down as they come."""
    real = os.open(file, os.O_WRONLY | os.O_CREAT)
    return at_each_call(root, lambda made, _: os.pwrite(real, str(made).encode(), 0))


def at_each_call(root, happens):
    """Have `happens` called with the number of each call that counts, from 1, and its path."""
    numbers = count(1)

    def gate(call, path):
        if counts(call, path):
            happens(next(numbers), path)

    mounted = Disk(root, gate).mounted()
    mounted.__enter__()
    return mounted


def limit_files(size_bytes):
    """Let no file of this process grow beyond a size; what it says goes nowhere, for that is a file too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))
