"""Do the notebooks run, quickly and quietly, and do they show the public API only?"""

import ast
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_output

FOLDER = Path(__file__).parents[1] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in PATHS]

ROOMS = {"leadml", "features", "training", "serving"}
OTHERS = {"altair", "dataclasses", "numpy", "pandas", "pathlib", "tempfile", "warnings"}

LONGEST_S = 60.0
"""Of one core's work, which does not depend on what else the machine does."""

STRIP = (
    "jupyter nbconvert --inplace --clear-output --ClearMetadataPreprocessor.enabled=True "
    "--ClearMetadataPreprocessor.clear_notebook_metadata=False notebooks/*.ipynb"
)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def cells(path: Path, kind: str) -> Iterator[str]:
    yield from (cell.source for cell in read(path).cells if cell.cell_type == kind)


def nodes(path: Path) -> Iterator[ast.AST]:
    for source in cells(path, "code"):
        yield from ast.walk(ast.parse(source))


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Every module that is imported, with what is taken from it."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def test_the_notebooks_are_found() -> None:
    assert NAMES == [
        "01_first_model",
        "02_quarterly_retrain",
        "03_reading_a_score",
        "04_adding_a_feature",
        "05_policy_and_capacity",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_it_runs_in_a_minute_and_complains_of_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    notebook, before = read(path), children_s()
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    took_s = children_s() - before
    said = list(outputs(notebook))
    assert not [one.text for one in said if one.get("name") == "stderr"]
    assert [one for one in said if "image/svg+xml" in one.get("data", {})], "no picture is drawn"
    assert 1 < took_s < LONGEST_S


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_its_outputs_are_stripped(path: Path) -> None:
    notebook = read(path)
    assert not list(outputs(notebook)), f"strip them: {STRIP}"
    counted = [cell.id for cell in notebook.cells if cell.get("execution_count") is not None]
    assert not counted, f"strip them: {STRIP}"
    assert not [cell.id for cell in notebook.cells if cell.metadata], f"strip them: {STRIP}"
    nbformat.validate(notebook)


def test_stripping_an_executed_one_gives_the_one_in_git_back(tmp_path: Path) -> None:
    executed, kept = read(PATHS[0]), read(PATHS[0])
    for count, cell in enumerate(executed.cells):
        if cell.cell_type == "code":
            cell.metadata["execution"] = {"iopub.status.busy": "2026-07-01T00:00:00Z"}
            cell.execution_count = count
            cell.outputs = [new_output("stream", text="L000001\n")]
    path = tmp_path / PATHS[0].name
    nbformat.write(executed, path)
    command = STRIP.replace("notebooks/*.ipynb", str(path)).split()
    run = [sys.executable, "-m", *command]
    subprocess.run(run, check=True, capture_output=True, env={**os.environ, "HOME": str(tmp_path)})
    assert read(path) == kept


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_it_takes_public_names_from_the_rooms(path: Path) -> None:
    taken = list(imported(path))
    assert {module.partition(".")[0] for module, _ in taken} <= ROOMS | OTHERS
    assert not [module for module, _ in taken if module.startswith("leadml.cli")]
    private = [name for pair in taken for name in pair if re.search(r"(^|\.)_", name)]
    private += [
        node.attr
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_")
    ]
    assert not private


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_it_defines_nothing(path: Path) -> None:
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    assert not [node.name for node in nodes(path) if isinstance(node, defined)]


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_every_number_is_computed_in_a_cell(path: Path) -> None:
    for text in cells(path, "markdown"):
        prose = re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)", "", text)
        assert not re.search(r"\d", prose), prose


@pytest.mark.parametrize("path", [*PATHS, FOLDER / "README.md"], ids=[*NAMES, "README"])
def test_every_link_leads_to_a_file(path: Path) -> None:
    texts = [path.read_text(encoding="utf-8")] if path.suffix == ".md" else cells(path, "markdown")
    targets = {target for text in texts for target in re.findall(r"\]\(([^)#]+)\)", text)}
    assert not [target for target in targets if not (FOLDER / target).exists()]


def test_the_readme_lists_them_all_and_says_how_to_strip() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(\1\.ipynb\)", readme, flags=re.MULTILINE) == NAMES
    assert STRIP in readme
