"""The house keeps its promises: quick help, whole packages, true docs, examples that run."""

import ast
import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

import pytest

from seedpipe.core.lifecycle import TRANSITIONS
from seedpipe.sandbox import Switches
from tests.command_line import HANG_S, PLAIN, QUICKSTART, REPOSITORY, CommandLine
from tests.command_reference import command_reference

HEAVY = {
    "asyncio",
    "httpx",
    "jinja2",
    "jsonschema",
    "numpy",
    "PIL",
    "rich",
    "sqlite3",
    "starlette",
    "uvicorn",
    "yaml",
}
SCHEMAS = {
    "brand.schema.json",
    "campaign.schema.json",
    "decision-line.schema.json",
    "comparison.schema.json",
    "decisions.schema.json",
    "explanation.schema.json",
    "job.schema.json",
    "lock.schema.json",
    "model.schema.json",
    "plan.schema.json",
    "published.schema.json",
    "run.schema.json",
    "saved-plan.schema.json",
    "status.schema.json",
}
DOCS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def python(*arguments, **options):
    result = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=HANG_S, check=False, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_help_imports_nothing_heavy():
    probe = (
        "import sys; from seedpipe.cli.main import exit_code_of; code = exit_code_of(['--help']); "
        "print('MODULES', *sorted(sys.modules)); sys.exit(code)"
    )
    modules = python("-c", probe).partition("MODULES ")[2].split()
    assert "click" in modules
    assert not HEAVY & set(modules)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what git would hand to a stranger, so that building leaves no trace here."""
    copy = tmp_path_factory.mktemp("source") / "seedpipe"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", ".*_cache", "__pycache__", "out", ".seedpipe", "dist", ".hypothesis"
    )
    shutil.copytree(REPOSITORY, copy, symlinks=True, ignore=ignored)
    return copy


@pytest.fixture(scope="module")
def distributions(source):
    """Folders with a wheel each: one built from the tree, one from the sdist."""
    build = ("-m", "build", "--no-isolation")
    python(*build, "--wheel", "--outdir", str(source / "dist" / "wheel"), str(source))
    python(*build, "--outdir", str(source / "dist" / "wheel-from-sdist"), str(source))
    return source / "dist"


def editable_wheel(source):
    build = "import sys, hatchling.build as b; print(b.build_editable(sys.argv[1]))"
    name = python("-c", build, str(source), cwd=source).split()[-1]
    return source / name


KINDS = ["wheel", "wheel-from-sdist"]


@pytest.mark.parametrize("kind", [*KINDS, "editable"])
def test_an_installed_seedpipe_has_its_schemas_and_runs(kind, source, distributions, tmp_path):
    package = editable_wheel(source) if kind == "editable" else next((distributions / kind).glob("*.whl"))
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    interpreter = tmp_path / "venv" / "bin" / "python"
    python(
        "-m",
        "pip",
        "--python",
        str(interpreter),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(package),
    )
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {**os.environ, "PYTHONPATH": libraries, "PYTHONDONTWRITEBYTECODE": "1"}
    probe = "import os, seedpipe.schemas as s; print(s.__file__, *os.listdir(os.path.dirname(s.__file__)))"
    told = subprocess.run(
        [interpreter, "-c", probe], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    home, *names = told.stdout.split()
    assert Path(home).is_relative_to(source if kind == "editable" else tmp_path / "venv")
    assert set(names) >= SCHEMAS
    script = tmp_path / "venv" / "bin" / "seedpipe"
    checked = subprocess.run(
        [script, "validate", QUICKSTART / "campaign.yaml"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "valid, 9 cells" in checked.stdout, checked.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_wheel_carries_its_data_files(kind, distributions):
    with zipfile.ZipFile(next((distributions / kind).glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    package = {
        str(path.relative_to(REPOSITORY))
        for path in (REPOSITORY / "seedpipe").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package <= names


def test_the_schemas_at_the_top_are_those_of_the_package():
    top = REPOSITORY / "schemas"
    assert {path.name for path in top.glob("*.json")} == SCHEMAS
    assert top.resolve() == REPOSITORY / "seedpipe" / "schemas"


def lifecycle_diagram():
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> planned"]
    edges = {}
    for (phase, event), following in TRANSITIONS.items():
        edges.setdefault((phase, following), []).append(event.value)
    lines += [f"    {a.value} --> {b.value}: {', '.join(events)}" for (a, b), events in edges.items()]
    return "\n".join([*lines, "```"])


def switches_table():
    rows = ["| switch | default |", "|---|---|"]
    rows += [f"| `{field.name}` | `{_spelt(field.default)}` |" for field in dataclasses.fields(Switches)]
    return "\n".join(rows)


def _spelt(default):
    return str(default).lower() if isinstance(default, bool) else str(default) or "none"


def first_session():
    """Return what a reader's first plan and proof print, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        _printed(home, "init lamps")
        shown = [_printed(home / "lamps", command) for command in ("plan", "run --limit 1")]
    text = "\n\n".join(shown).replace(str(home), "/home/you")
    return f"```text\n{text}\n```"


def _printed(folder, command):
    """Return a command and what it prints, stdout and stderr as a terminal shows them, in one stream."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "SEEDPIPE_SANDBOX": PLAIN, "TERM": "dumb"}
    result = subprocess.run(
        [sys.executable, "-u", "-m", "seedpipe", *command.split()],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    return "\n".join([f"$ seedpipe {command}", *lines]).rstrip()


@pytest.mark.parametrize(
    ("page", "part", "drawn"),
    [
        ("ARCHITECTURE.md", "lifecycle", lifecycle_diagram),
        ("commands.md", "commands", command_reference),
        ("sandbox.md", "switches", switches_table),
        ("first-campaign.md", "session", first_session),
    ],
)
def test_what_the_docs_draw_is_drawn_from_the_code(page, part, drawn):
    path = REPOSITORY / "docs" / page
    begin, end = f"<!-- {part}:begin -->\n", f"\n<!-- {part}:end -->"
    head, _, rest = path.read_text().replace(begin + end[1:], begin + end).partition(begin)
    stands, _, tail = rest.partition(end)
    if os.environ.get("SEEDPIPE_UPDATE_GOLDENS"):
        path.write_text(head + begin + drawn() + end + tail)
    else:
        assert stands == drawn(), "`make docs` brings it up to date"


def commands():
    for page in DOCS:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                command = line.split("  #")[0].strip()
                if command.startswith("seedpipe "):
                    yield pytest.param(command, id=f"{page.name}: {command}")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Somebody who follows the docs, in a copy of the examples, with a sandbox for the service."""
    project = tmp_path_factory.mktemp("reader")
    shutil.copytree(REPOSITORY / "examples", project / "examples")
    shutil.copytree(QUICKSTART, project, dirs_exist_ok=True)
    campaign = project / "campaign.yaml"
    campaign.write_text(re.sub('size: ".*"', 'size: "1024*1024"', campaign.read_text()))  # quick to draw
    (project / ".seedpipe").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "WAVESPEED_API_KEY": "any", "TERM": "dumb"}
    seedpipe = CommandLine(project, environment)
    with seedpipe.sandbox() as address:
        environment["SEEDPIPE_BASE_URL"] = address
        # So that commands about the last run, and about a decision, work in any order.
        seedpipe.run("run", "campaign.yaml")
        seedpipe.run("reject", "campaign.yaml", "hero/AUR-01/de", "--image", "2", "--by", "Mara van Dyk")
        for folder in ("autumn", "lamps"):  # projects that the docs begin and then go on with
            seedpipe.run("init", folder)
        yield seedpipe


@pytest.mark.parametrize("command", list(commands()))
def test_commands_in_the_docs_run(reader, command):
    arguments = shlex.split(command)[1:]
    if arguments[:2] == ["sandbox", "serve"]:
        port = arguments.index("--port")
        with reader.sandbox(*arguments[2:port], *arguments[port + 2 :]) as address:
            assert address.startswith("http://127.0.0.1:")
        return
    if arguments[0] == "init":
        arguments[-1] = f"begun/{arguments[-1]}"
    # Off a terminal nobody can be asked, and then a live run without consent must refuse.
    refused = "--live" in arguments and "--yes" not in arguments
    reader.run(*arguments, code=2 if refused else 0)


def test_the_first_campaign_of_the_docs_is_what_they_say(reader):
    page = (REPOSITORY / "docs" / "first-campaign.md").read_text()
    blocks = re.findall(r"```(?:csv|yaml)\n(.*?)```", page, re.DOTALL)
    names = ["data/products.csv", "data/copy.csv", "campaign.yaml"]
    reader.run("init", "tutorial")
    for name, text in zip(names, blocks, strict=True):
        (reader.project / "tutorial" / name).write_text(text)
    assert "valid, 20 cells, 6 jobs" in reader.run("validate", "tutorial/campaign.yaml").stdout


def test_the_campaign_in_the_readme_is_valid_without_a_warning(reader):
    block = re.search(
        r"^```yaml\n(seedpipe: 1\n.*?)```", (REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (reader.project / "readme.yaml").write_text(block[1])
    told = reader.run("validate", "readme.yaml")
    assert "readme.yaml: valid, 6 cells, 6 jobs" in told.stdout
    assert "warning" not in told.stdout + told.stderr


@pytest.mark.parametrize(
    "campaign", sorted((REPOSITORY / "examples").rglob("campaign.yaml")), ids=lambda path: path.parent.name
)
def test_every_example_is_valid_without_a_warning_and_makes_a_proof(reader, campaign):
    told = reader.run("validate", campaign)
    assert "warning" not in told.stdout + told.stderr
    inside = reader.project / campaign.relative_to(REPOSITORY)
    assert re.search(r"done:? 1 job,", reader.run("run", inside, "--limit", "1").stdout)


def test_links_in_the_docs_lead_somewhere():
    pages = [*DOCS, *(REPOSITORY / "docs").glob("*/*.md"), REPOSITORY / "CHANGELOG.md"]
    for page in pages:
        for target in re.findall(r"\]\((?!https?://)([^)]+)\)", page.read_text()):
            name, _, heading = target.partition("#")
            there = page.parent / name if name else page
            assert there.exists(), f"{page.name} links to {target}"
            assert not heading or heading in anchors(there), f"{page.name} links to {target}"


def anchors(page):
    """Return what the headings of a page are called in links, as GitHub makes it from their words."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_page_has_the_marks_of_a_merge():
    pages = [*DOCS, *(REPOSITORY / "docs").glob("*/*.md"), REPOSITORY / "CHANGELOG.md"]
    assert [page.name for page in pages if re.search(r"^>{7} ", page.read_text(), re.MULTILINE)] == []


def program():
    """Return the text of every module of the program."""
    return {path: path.read_text() for path in (REPOSITORY / "seedpipe").rglob("*.py")}


def test_every_variable_that_the_program_reads_has_its_place_in_the_docs():
    page = (REPOSITORY / "docs" / "environment.md").read_text()
    named = re.compile(r"\b(?:SEEDPIPE|WAVESPEED|GITHUB|SSL_CERT)_[A-Z_]*[A-Z]\b")
    read = {name for text in program().values() for name in named.findall(text)} - {"GITHUB_OUTPUT"}
    assert {"SEEDPIPE_LEVEL", "WAVESPEED_API_KEY", "GITHUB_ACTIONS"} < read
    assert {name for name in read if f"`{name}`" not in page} == set()


def test_the_messages_in_troubleshooting_are_those_of_the_program():
    said = "\n".join(words for text in program().values() for words in constants(text))
    page = (REPOSITORY / "docs" / "troubleshooting.md").read_text()
    tables = re.findall(r"^\| message \|.*\n\|---.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    quoted = [
        one
        for rows in tables
        for row in rows.splitlines()
        for one in re.findall("`([^`]+)`", row.split(" | ")[0])
    ]
    assert len(quoted) > 15
    assert [one for one in quoted if one not in said] == []


def constants(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
