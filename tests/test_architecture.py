"""The shape of the code, held by tests: sizes, names, layers, and the doors of tenants."""

import ast
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from platforms.api import ApiView
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_inlines import ScopedInline
from tests.tenancy.census import patterns
from tools.messages.extraction import parsed

ROOT = Path(__file__).parent.parent
LAYERS = ["bench", "demo", "remosa", "jobs", "devices", "exporters", "platforms"]
OURS = [*LAYERS, "tests", "tools"]
LONGEST = 300
NAMELESS = re.compile(r"(utils?|helpers?|services?|common|misc|shared|base)\.py")
# The two ends of migrate; see platforms/integrity.py.
WITH_SIGNALS = {"platforms/apps.py"}
PURE = (
    *("devices/catalogue", "devices/composition.py", "devices/moves.py", "devices/pace.py"),
    *(f"devices/gateways/{name}.py" for name in ("incoming", "placeholders", "signatures")),
    *("devices/gateways/shape.py", "devices/gateways/forwarded.py", "devices/inbox_identity.py"),
    *("devices/own_templates.py", "devices/parameters.py"),
    *("devices/phones.py", "devices/replies.py", "devices/segments.py", "devices/states.py"),
    *("devices/templates.py", "devices/words.py"),
    *("exporters/kinds", "exporters/labelled.py", "exporters/macs.py", "exporters/metrics.py"),
    "exporters/promql.py",
    *(f"jobs/{name}.py" for name in ("admission", "brake", "ladder", "tracks", "verdicts")),
    *(f"jobs/{name}.py" for name in ("cron", "hours", "schedule_words", "windows")),
    *("jobs/catalogue", "jobs/condition_queries.py", "jobs/condition_words.py"),
    *("jobs/conditions.py", "jobs/names.py", "jobs/raw_promql.py"),
    *(f"platforms/{name}.py" for name in ("notice_timing", "signatures", "wall_time")),
)
DOORS = ("platforms/admin", "platforms/views.py", "exporters/admin", "exporters/api", "devices/api")


def files(*folders: str) -> Iterator[Path]:
    """Yield our Python files, those that makemigrations wrote left out."""
    for folder in folders or OURS:
        path = ROOT / folder
        found = [path] if path.suffix else sorted(path.rglob("*.py"))
        yield from (each for each in found if "migrations" not in each.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {
        name_of(path): len(path.read_text().splitlines()) for path in files(*LAYERS, "tools")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_file_is_named_after_a_thing_or_a_deed() -> None:
    nameless = [name_of(path) for path in files() if NAMELESS.fullmatch(path.name)]
    # Django finds a database backend by this name alone.
    assert nameless == ["remosa/sqlite/base.py"]


def test_every_folder_of_code_has_its_layer() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(OURS)
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert configuration["root_packages"] == LAYERS


def test_nobody_catches_everything_without_saying_why() -> None:
    wide = [
        f"{name_of(path)}:{handler.lineno}"
        for path in files(*LAYERS, "tools")
        for handler in ast.walk(parsed(path.read_text()))
        if isinstance(handler, ast.ExceptHandler)
        and {"Exception", "BaseException"} & _names(handler.type)
        and not isinstance(handler.body[-1], ast.Raise)
        and not _commented(path, handler.lineno, handler.body[0].lineno)
    ]
    assert wide == []


# Celery's are no signals of Django: they are how it is told what to do at its start and its end.
SIGNALS = r"(?<!celery\.)signals import|import signals|django\.dispatch|@receiver"


def test_there_are_no_signals_but_the_two_ends_of_migrate() -> None:
    found = {name_of(path) for path in files(*LAYERS) if re.search(SIGNALS, path.read_text())}
    assert found == WITH_SIGNALS


def test_pure_modules_know_nothing_of_django_but_its_words() -> None:
    known = {
        f"{name_of(path)}: {module}"
        for path in files(*PURE)
        for module in _imports(path)
        if module.startswith(("django", "rest_framework")) and not module.startswith("django.utils")
    }
    assert known == set()


def test_every_admin_class_and_inline_is_scoped() -> None:
    plain = [type(each) for each in admin.site._registry.values()]
    assert [each for each in plain if not issubclass(each, ScopedModelAdmin)] == []
    inlines = [inline for each in admin.site._registry.values() for inline in each.inlines]
    assert [inline for inline in inlines if not issubclass(inline, ScopedInline)] == []


def test_every_view_of_the_api_is_ours() -> None:
    foreign = (SpectacularAPIView, SpectacularSwaggerView)
    views = {
        route: getattr(getattr(view, "__wrapped__", view), "cls", None)
        or getattr(getattr(view, "__wrapped__", view), "view_class", None)
        for route, view in patterns(get_resolver().url_patterns)
        if route.startswith("api/") and not route.endswith("/")
    }
    ours = {route for route, view in views.items() if view and issubclass(view, ApiView)}
    rest = {view for route, view in views.items() if route not in ours}
    assert len(ours) >= 10
    assert rest <= set(foreign)


def test_doors_ask_for_rows_by_for_user_alone() -> None:
    """A reason beside the line (``# unscoped: ...``) lets a query through."""
    loose = [
        f"{name_of(path)}:{line}"
        for path in files(*DOORS)
        for line in _unscoped_queries(path)
        if "unscoped:" not in "\n".join(path.read_text().splitlines()[line - 3 : line])
    ]
    assert loose == []


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_layers_hold() -> None:
    done = _lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("platforms/roles.py", "import exporters.models"),
        ("exporters/promql.py", "from django.db import models"),
        ("exporters/process/runner.py", "import platforms.models"),
        ("exporters/models/exporter.py", "import exporters.enrolment"),
        ("devices/moves.py", "import devices.catalogue"),
        ("platforms/odds_and_ends.py", ""),
    ],
)
def test_a_planted_violation_turns_the_layers_red(tmp_path: Path, file: str, line: str) -> None:
    for name in LAYERS:
        ignored = shutil.ignore_patterns("__pycache__", "static", "templates")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as planted:
        planted.write(f"\n{line}\n")
    done = _lint_imports(tmp_path)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout


def _lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def _names(expression: ast.expr | None) -> set[str]:
    if expression is None:
        return {"BaseException"}
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def _commented(path: Path, first: int, last: int) -> bool:
    with path.open("rb") as source:
        comments = {
            token.start[0]
            for token in tokenize.tokenize(source.readline)
            if token.type == tokenize.COMMENT and not token.string.startswith("# noqa")
        }
    return bool(comments & set(range(first - 1, last + 1)))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _unscoped_queries(path: Path) -> Iterator[int]:
    """Yield the lines of queries that begin at a manager and never say for_user or none."""
    tree = parsed(path.read_text())
    inner = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and node.attr == "objects"):
            continue
        words, outer = set(), inner.get(node)
        while isinstance(outer, ast.Attribute | ast.Call | ast.keyword):
            if isinstance(outer, ast.Attribute):
                words.add(outer.attr)
            elif isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name):
                words.add(outer.func.id)
            outer = inner.get(outer)
        if isinstance(outer, ast.Assign) and isinstance(outer.targets[0], ast.Name):
            words.add(f"{outer.targets[0].id} =")
        # What the scoped field and the scoped views start from, they narrow themselves.
        if not words & {"for_user", "none", "ScopedRelatedField", "rows ="}:
            yield node.lineno


def test_the_page_on_architecture_names_every_module_and_no_other() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named: set[str] = set()
    folder = ""
    for line in page.splitlines():
        if heading := re.match(r"### (\S+)/:", line):
            folder = heading[1]
        elif row := re.match(r"\| `([^`]+\.py)` \|", line):
            named.add(f"{folder}/{row[1]}")
    modules = {
        name_of(path) for path in files(*LAYERS, "tools", "docker") if path.name != "__init__.py"
    }
    assert modules <= named, "say there what these are for"
    assert all((ROOT / name).is_file() for name in named), "these are gone"
