"""What clients pay when answers get lost: jobs, charges and deliveries, side by side.

A server accepts and charges every submit, and in one case of five cuts the connection in the middle of its
answer. Each client gets a server of its own and the same jobs; the server's book says what was charged, and
only whole images on disk count as delivered.

Usage: `make bench-paid`, or `python bench/paid.py [--jobs 100] [--lose-every 5] [--node DIR]`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image

from seedpipe.sandbox import SandboxServer, Switches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MODEL = "bytedance/seedream-v4"
SIZE = "1024*1024"
AT_A_TIME = 8
HANG_S = 300  # a client that takes longer for one job is stuck
KEY = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A way to run jobs: its name, and a function of (base URL, prompts, folder for the images)."""

    name: str
    run: Callable[[str, list[str], Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one client's jobs came to."""

    name: str
    jobs: int
    charges: int
    delivered: int
    usd: Decimal
    seconds: float


def main() -> None:
    """Run every client that this machine has and print the table."""
    options = _options()
    prompts = [f"Poster number {number} in #E4572E and #2E3A59" for number in range(1, options.jobs + 1)]
    outcomes = [_measure(client, prompts, options.lose_every) for client in _clients(options.node)]
    print(_table(outcomes, options.lose_every))
    ours = outcomes[0]
    if (ours.charges, ours.delivered) != (options.jobs, options.jobs):
        sys.exit("seedpipe did not keep its promise")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--lose-every", type=int, default=5)
    parser.add_argument("--node", type=Path, help="folder where @wavespeed/cli is installed")
    return parser.parse_args()


def _clients(node: Path | None) -> Iterable[Client]:
    yield Client(name="seedpipe run --live", run=_seedpipe)
    yield Client(name=f"official Python SDK {version('wavespeed')}, {AT_A_TIME} threads", run=_python_sdk)
    command = node / "node_modules" / ".bin" / "wavespeed" if node else None
    if command and command.exists():
        package = json.loads((node / "node_modules/@wavespeed/cli/package.json").read_text())
        yield Client(name=f"official npm command {package['version']}", run=partial(_npm_command, command))
    if shutil.which("curl"):
        yield Client(name="curl --retry 5 --retry-all-errors", run=_curl)


def _measure(client: Client, prompts: list[str], lose_every: int) -> Outcome:
    switches = Switches(lose_every=lose_every)
    with tempfile.TemporaryDirectory() as folder, SandboxServer(switches=switches) as server:
        began = time.monotonic()
        client.run(server.base_url, prompts, Path(folder))
        seconds = time.monotonic() - began
        charges = server.book.charges()
        return Outcome(
            name=client.name,
            jobs=len(prompts),
            charges=len(charges),
            delivered=_delivered(Path(folder)),
            usd=sum((charge.usd for charge in charges), Decimal(0)),
            seconds=seconds,
        )


def _delivered(folder: Path) -> int:
    """Count the jobs with a whole image: one file a job, named after it."""
    whole = set()
    for path in folder.rglob("job-*.jpg"):
        with Image.open(path) as image:
            image.load()
        whole.add(path.name)
    return len(whole)


def _seedpipe(base_url: str, prompts: list[str], folder: Path) -> None:
    rows = "".join(f"job-{number:04d};{prompt}\n" for number, prompt in enumerate(prompts, 1))
    (folder / "jobs.csv").write_text("name;prompt\n" + rows)
    (folder / "campaign.yaml").write_text(
        f"seedpipe: 1\nname: bench\nmodel: {MODEL}\n"
        "matrix:\n  job: {file: jobs.csv, key: name}\n"
        f"series:\n  poster:\n    prompt: '{{{{ job.prompt }}}}'\n    input: {{size: {SIZE}}}\n"
        "    output: '{{ job }}'\nbudget: {usd: 100, max_jobs: 100000}\n"
    )
    command = [sys.executable, "-m", "seedpipe", "run", "campaign.yaml", "--live", "--yes", "--quiet"]
    environment = {**os.environ, "WAVESPEED_API_KEY": KEY, "SEEDPIPE_BASE_URL": base_url}
    subprocess.run(
        [*command, "-j", str(AT_A_TIME)], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False
    )


def _python_sdk(base_url: str, prompts: list[str], folder: Path) -> None:
    from wavespeed import Client as Service

    service = Service(api_key=KEY, base_url=base_url)

    def job(number: int, prompt: str) -> None:
        result = service.run(MODEL, {"prompt": prompt, "size": SIZE}, poll_interval=0.2, timeout=HANG_S)
        _save(result["outputs"][0], folder / f"job-{number:04d}.jpg")

    _in_threads(job, prompts)


def _npm_command(command: Path, base_url: str, prompts: list[str], folder: Path) -> None:
    config = folder / "config" / "wavespeed-nodejs"
    config.mkdir(parents=True)
    (config / "config.json").write_text(json.dumps({"baseUrl": base_url}))
    environment = {**os.environ, "WAVESPEED_API_KEY": KEY, "XDG_CONFIG_HOME": str(folder / "config")}

    def job(number: int, prompt: str) -> None:
        image = folder / f"job-{number:04d}.jpg"
        subprocess.run(
            [command, "run", MODEL, "-p", prompt, "-i", f"size={SIZE}", "--json", "--download", image],
            env=environment,
            capture_output=True,
            timeout=HANG_S,
            check=True,
        )

    _in_threads(job, prompts)


def _curl(base_url: str, prompts: list[str], folder: Path) -> None:
    curl = ["curl", "--silent", "--fail", "--retry", "5", "--retry-all-errors", "--retry-delay", "1"]
    key = ["--header", f"Authorization: Bearer {KEY}"]

    def job(number: int, prompt: str) -> None:
        answer = folder / f"answer-{number:04d}.json"  # a file: curl cuts it back before it tries again

        def ask(*arguments: str) -> dict[str, Any]:
            subprocess.run([*curl, *key, "--output", answer, *arguments], timeout=HANG_S, check=True)
            return json.loads(answer.read_text())["data"]

        body = json.dumps({"prompt": prompt, "size": SIZE})
        task = ask("--header", "Content-Type: application/json", "--data", body, f"{base_url}/api/v3/{MODEL}")
        while task["status"] != "completed":
            time.sleep(0.2)
            task = ask(f"{base_url}/api/v3/predictions/{task['id']}/result")
        image = folder / f"job-{number:04d}.jpg"
        subprocess.run([*curl, "--output", image, task["outputs"][0]], timeout=HANG_S, check=True)

    _in_threads(job, prompts)


def _in_threads(job: Callable[[int, str], None], prompts: list[str]) -> None:
    """Run the jobs as a script would: some at a time, and one that fails does not stop the others."""

    def attempt(numbered: tuple[int, str]) -> None:
        try:
            job(*numbered)
        except Exception as error:  # noqa: BLE001 - whatever a client throws is a job not delivered
            print(f"  job {numbered[0]}: {type(error).__name__}", file=sys.stderr)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(attempt, enumerate(prompts, 1)))


def _save(url: str, path: Path) -> None:
    answer = httpx.get(url, timeout=60)
    answer.raise_for_status()
    path.write_bytes(answer.content)


def _table(outcomes: list[Outcome], lose_every: int) -> str:
    told = f"One accepted answer in {lose_every} is cut off.\n"
    head = "| client | jobs | charges | delivered | paid | seconds |"
    rows = [
        f"| {row.name} | {row.jobs} | {row.charges} | {row.delivered} | ${row.usd} | {row.seconds:.0f} |"
        for row in outcomes
    ]
    return "\n".join([told, head, "|---|--:|--:|--:|--:|--:|", *rows])


if __name__ == "__main__":
    main()
