"""Do the rooms keep to their doors? What DESIGN.md says of imports, clocks and effects.

The sources are parsed, not run; what an import does is tried in fresh interpreters.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("leadml", "features", "training", "serving")
FRONT_DOOR = "leadml/cli/"

MAY_IMPORT = {
    "leadml": {"leadml"},
    "features": {"leadml", "features"},
    "training": {"leadml", "features", "training"},
    "serving": {"leadml", "features", "serving"},
}
"""leadml <- features <- {training, serving}; only the front door knows all rooms."""

ONLY_IN = {
    "mlflow": {
        "training/registry/local.py",
        "training/registry/place.py",
        "training/registry/tracking.py",
        "training/registry/versions.py",
        "serving/models/loading.py",
    },
    "fastapi": {"serving/"},
    "starlette": {"serving/"},
    "pydantic": {"serving/"},
    "uvicorn": {"serving/web/server.py"},
    "prometheus_client": {
        "leadml/cli/workers.py",
        "serving/watching/metrics.py",
        "serving/web/metrics_route.py",
    },
    "opentelemetry": {"serving/web/tracing.py"},
    "typer": {FRONT_DOOR},
    "altair": {"training/report/"},
    "shap": {"training/"},
    "sklearn": {"training/", "leadml/points.py"},
    "scipy": {"training/"},
    "duckdb": {"leadml/sources.py", "leadml/rows/duck.py", "serving/bulk/sinks.py"},
    "pickle": set(),
    "cPickle": set(),
    "dill": set(),
    "cloudpickle": set(),
    "joblib": set(),
    "shelve": set(),
    "marshal": set(),
}
"""Libraries that have one place each, and those that have none."""

CLOCKS = {"leadml/cli/rooms.py", "serving/web/deps.py"}
"""Where a person or a request enters, and the clock with them."""


@dataclass(frozen=True)
class Import:
    """One imported module, and where it is imported."""

    file: str
    line: int
    module: str
    at_import: bool
    """Whether it runs when the file is imported: not inside a function, not for types only."""

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


@cache
def sources() -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*.py")
    )


@cache
def parse(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def imports_of(file: str) -> Iterator[Import]:
    yield from _imports(file, parse(file), at_import=True)


def _imports(file: str, node: ast.AST, *, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, alias.name, at_import)
        elif isinstance(child, ast.ImportFrom):
            yield Import(file, child.lineno, "." * child.level + (child.module or ""), at_import)
        else:
            runs = at_import and not isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
            )
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                runs = False
            yield from _imports(file, child, at_import=runs)


@cache
def all_imports() -> list[Import]:
    return [found for file in sources() for found in imports_of(file)]


def said(broken: list[Import]) -> str:
    return "\n".join(map(str, broken))


def calls(file: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


# --- directions -----------------------------------------------------------------------------------


def test_the_sources_are_found() -> None:
    files = sources()
    assert {file.partition("/")[0] for file in files} == set(ROOMS)
    assert {
        "leadml/cli/main.py",
        "features/history.py",
        "training/train.py",
        "serving/web/app.py",
    } <= set(files)
    assert len(all_imports()) > 200


def test_imports_between_rooms_run_one_way() -> None:
    broken = [
        found
        for found in all_imports()
        if found.top in ROOMS
        and not found.file.startswith(FRONT_DOOR)
        and found.top not in MAY_IMPORT[found.file.partition("/")[0]]
    ]
    assert not broken, said(broken)


def test_the_front_door_opens_other_rooms_inside_its_commands_only() -> None:
    inside = [found for found in all_imports() if found.file.startswith(FRONT_DOOR)]
    early = [
        found
        for found in inside
        if found.at_import and found.top not in {"leadml", "typer", *sys.stdlib_module_names}
    ]
    assert not early, said(early)
    opened = {found.top for found in inside}
    assert {"features", "training", "serving"} <= opened


def test_nobody_imports_the_front_door() -> None:
    broken = [
        found
        for found in all_imports()
        if f"{found.module}.".startswith("leadml.cli.") and not found.file.startswith(FRONT_DOOR)
    ]
    assert not broken, said(broken)


def test_imports_are_absolute_and_name_what_they_take() -> None:
    relative = [found for found in all_imports() if found.module.startswith(".")]
    assert not relative, said(relative)
    for file in sources():
        stars = [
            node.lineno
            for node in ast.walk(parse(file))
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        ]
        assert not stars, f"{file}:{stars}"


def test_a_room_re_exports_nothing() -> None:
    """A function `train` in `training/__init__.py` would hide the module `training.train`."""
    for file in sources():
        if file.endswith("__init__.py"):
            assert not list(imports_of(file)), file


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_each_library_keeps_to_its_place(library: str) -> None:
    places = ONLY_IN[library]
    broken = [
        found
        for found in all_imports()
        if found.top == library
        and not any(
            found.file == place or (place.endswith("/") and found.file.startswith(place))
            for place in places
        )
    ]
    assert not broken, said(broken)


@pytest.mark.parametrize("library", ["mlflow", "shap"])
def test_libraries_that_are_slow_to_import_wait_until_they_are_needed(library: str) -> None:
    early = [found for found in all_imports() if found.top == library and found.at_import]
    assert not early, said(early)


# --- clocks, prints, environment ------------------------------------------------------------------


def test_the_clock_is_read_only_where_a_person_or_a_request_enters() -> None:
    clocks = {"now", "utcnow", "today", "time_ns", "localtime", "gmtime"}
    read = {
        file: [(line, name) for line, name in calls(file) if _is_clock(name, clocks)]
        for file in sources()
    }
    assert {file for file, found in read.items() if found} <= CLOCKS, read
    assert all(len(read[file]) == 1 for file in CLOCKS), read


def _is_clock(name: str, clocks: set[str]) -> bool:
    *_, owner, word = ["", *name.split(".")]
    return (word in clocks and bool(owner)) or name == "time.time"


def test_only_the_front_door_speaks_to_the_terminal() -> None:
    printed = [
        f"{file}:{line}"
        for file in sources()
        if not file.startswith(FRONT_DOOR)
        for line, name in calls(file)
        if name in {"print", "typer.echo", "sys.stdout.write", "sys.stderr.write"}
    ]
    assert not printed


def test_nothing_stored_is_ever_run() -> None:
    run = {"eval", "exec", "pd.read_pickle", "numpy.load", "np.load", "yaml.load", "__import__"}
    found = [(file, line, name) for file in sources() for line, name in calls(file) if name in run]
    assert not found
    pickled = [file for file in sources() if any(n.endswith("to_pickle") for _, n in calls(file))]
    assert not pickled


def test_input_is_never_checked_by_assert() -> None:
    found = [
        f"{file}:{node.lineno}"
        for file in sources()
        for node in ast.walk(parse(file))
        if isinstance(node, ast.Assert)
    ]
    assert not found


def test_no_package_hides_among_the_tests() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


# --- what an import does --------------------------------------------------------------------------

IMPORT_EVERYTHING = """
import importlib, json, logging, os, sys

opened, reached = [], []
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

def watch(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & writing:
        opened.append(str(args[0]))
    if event in {"socket.connect", "subprocess.Popen", "os.system"}:
        reached.append(event)

sys.addaudithook(watch)
environ = dict(os.environ)
for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
with_serving = set(sys.modules)
for module in json.loads(sys.argv[2]):
    importlib.import_module(module)
changed = {k for k in environ.keys() | os.environ.keys() if environ.get(k) != os.environ.get(k)}
print(json.dumps({
    "opened": opened,
    "reached": reached,
    "environ": sorted(changed),
    "handlers": len(logging.root.handlers),
    "level": logging.root.level,
    "levels": [n for n in logging.root.manager.loggerDict
               if n.split(".")[0] in {"leadml", "features", "training", "serving"}
               and logging.getLogger(n).level],
    "with_serving": sorted(with_serving & {"training", "shap", "altair", "mlflow"}),
    "at_all": sorted(set(sys.modules) & {"shap", "mlflow"}),
}))
"""


def fresh_python(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs code in a new interpreter that writes no bytecode and inherits no environment.

    What the imports of this process left in `os.environ` would hide what they do to it.
    """
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
    return subprocess.run(
        [sys.executable, "-B", "-c", program, *arguments],
        cwd=cwd,
        env={"PATH": os.defpath, "HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def module_names(*rooms: str) -> list[str]:
    files = [file for file in sources() if file.partition("/")[0] in rooms]
    return [file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files]


@pytest.fixture(scope="module")
def effects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What importing every module did to a fresh interpreter: serving's path first, then all."""
    folder = tmp_path_factory.mktemp("empty")
    ours, others = module_names("features", "serving"), module_names("leadml", "training")
    ran = fresh_python(IMPORT_EVERYTHING, json.dumps(ours), json.dumps(others), cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr
    return json.loads(ran.stdout) | {"left": [path.name for path in folder.iterdir()]}


def test_importing_every_module_touches_no_disk_and_no_network(effects: dict[str, Any]) -> None:
    assert effects["opened"] == []
    assert effects["left"] == []
    assert effects["reached"] == []


def test_importing_every_module_leaves_logging_as_it_was(effects: dict[str, Any]) -> None:
    assert (effects["handlers"], effects["level"], effects["levels"]) == (0, 30, [])


def test_importing_every_module_leaves_the_environment_as_it_was(effects: dict[str, Any]) -> None:
    """But for two switches of OpenMP that scikit-learn sets for itself."""
    assert [name for name in effects["environ"] if not name.startswith("KMP_")] == []


def test_serving_loads_nothing_of_training(effects: dict[str, Any]) -> None:
    assert effects["with_serving"] == []
    assert effects["at_all"] == []


def test_help_loads_no_heavy_library(tmp_path: Path) -> None:
    code = (
        "import json, atexit\n"
        "heavy = ['pandas', 'numpy', 'mlflow', 'lightgbm', 'sklearn', 'fastapi', 'pyarrow']\n"
        "from leadml.cli.main import app\n"
        "sys.argv = ['leadml', '--help']\n"
        "try:\n    app()\n"
        "except SystemExit as done:\n    status = done.code\n"
        "print('LOADED', json.dumps([m for m in heavy if m in sys.modules]), status)"
    )
    ran = fresh_python(code, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "Usage" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "LOADED [] 0"
