"""How are engines measured beside each other, and where do the figures go?

Each measurement is a process of its own, which times itself and ends with one line of JSON. The
peak a child reports is never below its parent's at the moment of birth: this process stays small
(worlds are written by a process of their own, columns are compared one at a time).
"""

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

RESULTS = Path(__file__).parent / "results"

ENVIRONMENT = os.environ | {"NUMPY_MADVISE_HUGEPAGE": "0"}
"""Of all engines alike. A virtual machine must first find huge pages, which is dear when another
process has just used its memory: with NumPy's own setting ours needs a second more for ten million
events when it runs after DuckDB, and the same when it runs after itself."""

Figures = dict[str, Any]
"""What a measured process says of itself: seconds, peak_mb, and so on."""


class Row(TypedDict):
    """One comparison; `ratio` is theirs / ours, so that more than 1 means that we are better."""

    work: str
    ours: float
    peer: str | None
    theirs: float | None
    unit: str
    ratio: float | None


def row(
    work: str, ours: float, unit: str, *, peer: str | None = None, theirs: float | None = None
) -> Row:
    """A row with its ratio, which is None without a peer.

    >>> row("count", 2.0, "seconds", peer="abacus", theirs=5.0)["ratio"]
    2.5
    """
    ratio = theirs / ours if theirs is not None and ours else None
    return Row(work=work, ours=ours, peer=peer, theirs=theirs, unit=unit, ratio=ratio)


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def measure(script: object, *options: object, python: Path | str = sys.executable) -> Figures:
    """Runs a script and returns the figures of its last line.

    Raises:
        RuntimeError: it failed, or said nothing.
    """
    command = [str(python), str(script), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    lines, name = done.stdout.splitlines(), Path(str(script)).stem
    if done.returncode or not lines:
        message = f"{name} must end with a line of JSON, and failed:\n{done.stderr[-2000:]}"
        raise RuntimeError(message)
    figures: Figures = json.loads(lines[-1])
    shown = ", ".join(f"{k} {v:.3g}" for k, v in figures.items() if isinstance(v, int | float))
    say(f"  {name}: {shown}")
    return figures


def least(runs: list[Figures]) -> Figures:
    """The figures of several runs, of each number the least."""
    return {
        key: min(run[key] for run in runs) if isinstance(value, int | float) else value
        for key, value in runs[0].items()
    }


def same(a: Path, b: Path, *, rows: list[int] | None = None) -> float:
    """The largest difference of two .npy, features x examples, over max(1, |a|); NaN equals NaN.

    Infinite when the shapes differ, or one has a number where the other has none. Each column is
    mapped by itself, so that no more than one of them is held.

    Args:
        rows: the features to compare; all of them by default.
    """
    if _mapped(a).shape != _mapped(b).shape:
        return float("inf")
    worst = 0.0
    for i in range(len(_mapped(a))) if rows is None else rows:
        x, y = _mapped(a)[i], _mapped(b)[i]
        missing = np.isnan(x)
        if not np.array_equal(missing, np.isnan(y)):
            return float("inf")
        difference = np.abs(x - y) / np.maximum(1.0, np.abs(x))
        worst = max(worst, float(np.max(difference, where=~missing, initial=0.0)))
    return worst


def _mapped(path: Path) -> Any:
    return np.load(path, mmap_mode="r")


def throwaway_python(folder: Path, *requirements: str) -> Path:
    """The Python of a new virtual environment in `folder`, with `requirements` in it.

    Raises:
        RuntimeError: the requirements could not be installed.
    """
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv") or "uv"
    python = folder / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--system-certs", "--python", python, *requirements],
    ):
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            message = f"{', '.join(requirements)} must be installable, and `uv` failed."
            raise RuntimeError(message)
    return python


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": model,
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def write_results(name: str, rows: list[Row]) -> Path:
    """Writes the rows, with the Python and the machine they are of, to `results/NAME.json`."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    record = {"python": platform.python_version(), "machine": machine(), "rows": rows}
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path


def table(rows: list[Row]) -> str:
    """The rows as a table of Markdown."""
    lines = ["| work | ours | peer | theirs | unit | ratio |", "|---|---|---|---|---|---|"]
    for each in rows:
        theirs = "–" if each["theirs"] is None else f"{each['theirs']:.4g}"
        ratio = "–" if each["ratio"] is None else f"{each['ratio']:.3g}"
        cells = [each["work"], f"{each['ours']:.4g}", each["peer"] or "–", theirs, each["unit"]]
        lines.append(f"| {' | '.join([*cells, ratio])} |")
    return "\n".join(lines)
