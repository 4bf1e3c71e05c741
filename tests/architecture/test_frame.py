"""The house keeps its shape: migrations, pure modules, locks, and nothing of one machine in the tree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.core.management import call_command
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())
PURE = next(
    contract["source_modules"]
    for contract in PROJECT["tool"]["importlinter"]["contracts"]
    if contract["name"].startswith("pure modules")
)
FRAMEWORKS = {"django", "celery", "rest_framework", "pymodbus", "redis", "psycopg2", "kombu"}


def tracked() -> list[Path]:
    """The files of the project: what git knows and what it would add, or all but the ignored folders."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(asked, cwd=TOP, capture_output=True, text=True)
    if listing.returncode == 0:
        return [path for name in listing.stdout.splitlines() if (path := TOP / name).is_file()]
    ignored = re.compile(r"(?:^|/)(?:\.venv|var|\.git|__pycache__|\.\w+_cache|\.hypothesis)/")
    return [
        path for path in TOP.rglob("*") if path.is_file() and not ignored.search(f"{path.relative_to(TOP)}")
    ]


def files_of(module: str) -> list[Path]:
    path = TOP.joinpath(*module.split("."))
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_imports_no_framework(module: str) -> None:
    for path in files_of(module):
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not FRAMEWORKS & {name.split(".")[0] for name in names}, f"{path}:{node.lineno}"


def test_pure_modules_load_without_django() -> None:
    """Not only their own lines: nothing they pull in brings a framework along."""
    modules = [
        ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")
        for module in PURE
        for path in files_of(module)
    ]
    program = (
        f"import sys\nfor name in {modules!r}: __import__(name)\nprint(*{FRAMEWORKS!r} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr


def test_a_start_loads_nothing_that_few_processes_need() -> None:
    """Each command, worker and watcher of a plant is a start: the compiler, SSH and PDF come with their first use."""
    few = {"numba", "paramiko", "reportlab"}
    program = f"import django, sys; django.setup(); print(*{few!r} & set(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=TOP,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "sequencer.settings"},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr


MACHINE = re.compile(r"(?<![\w/.-])/(?:work|home|Users|root|tmp/w)/\w+|\.pyenv\b")
REGISTRY = re.compile(
    r"https?://[^\s\"'<>)]*(?:pypi|pythonhosted|/simple\b|npmjs|artifactory|nexus)[^\s\"'<>)]*", re.I
)


@pytest.mark.parametrize(
    ("what", "pattern"), [("machine path", MACHINE), ("registry address", REGISTRY)], ids=["path", "registry"]
)
def test_no_tracked_file_names(what: str, pattern: re.Pattern[str]) -> None:
    found = []
    for path in tracked():
        if path == Path(__file__):
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(TOP)}: {match.group()}" for match in pattern.finditer(text)]
    assert not found, f"{what} in {found}"


@pytest.mark.parametrize(
    "text", ["open('/home/ann/x')", "see /work/main/Makefile", "index-url = https://pypi.org/simple"]
)
def test_the_patterns_above_can_fail(text: str) -> None:
    assert MACHINE.search(text) or REGISTRY.search(text)


NAMED = re.compile(r"<th[^>]*aria-label[^>]*></th>")
LOCKS = {"dependencies": ["requirements.lock"]} | {
    extra: ["requirements.lock", f"requirements-{extra}.lock"] for extra in ("exact", "test", "lint")
}


def locked(names: list[str]) -> dict[str, str]:
    lines = [
        line for name in names for line in (TOP / name).read_text().splitlines() if not line.startswith("#")
    ]
    pins = [re.fullmatch(r"([\w.-]+)==([\w.]+)(?:; .+)?", line) for line in lines]
    assert all(pins), "a lock holds plain name==version lines"
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


@pytest.mark.parametrize("group", LOCKS)
def test_the_lock_fits_the_ranges(group: str) -> None:
    project = PROJECT["project"]
    ranges = project["dependencies"] if group == "dependencies" else project["optional-dependencies"][group]
    pins = locked(LOCKS[group])
    for requirement in map(Requirement, ranges):
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not locked; run make lock"
        assert requirement.specifier.contains(pins[name]), (
            f"{name} {pins[name]} is outside {requirement.specifier}"
        )


def test_every_range_has_a_floor_and_its_reason_is_written_down() -> None:
    page = (TOP / "docs" / "decisions" / "dependencies.md").read_text()
    project = PROJECT["project"]
    every = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    for requirement in map(Requirement, every):
        assert any(part.operator in {">=", "=="} for part in requirement.specifier), requirement
        assert f"| {requirement.name} |" in page, (
            f"{requirement.name} has no line in docs/decisions/dependencies.md"
        )


def test_every_column_of_a_table_has_a_name() -> None:
    """A screen reader says the column with each cell; a column of buttons has no words of its own."""
    pages = (TOP / "templates").rglob("*.html")
    assert [
        page.name for page in pages if re.search(r"<th[^>]*>\s*</th>", NAMED.sub("", page.read_text()))
    ] == []
