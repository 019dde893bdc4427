"""Prints how fast the features are, beside DuckDB, Polars and featuretools, and how they grow.

`python benchmarks/feature_speed.py` asks all engines the question of `peers/question.py` about the
same worlds, each engine a process of its own, in turn, the peers with two threads; it takes the
least of two or three runs, holds the answers against each other, and writes
`results/features.json`. `--quick` does so in a minute, on a small world. Worlds are kept in
`benchmarks/worlds/`. It is not called `features.py`, which would hide the package from the scripts
beside it.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import (
    Figures,
    Row,
    least,
    measure,
    row,
    same,
    say,
    table,
    throwaway_python,
    write_results,
)
from peers.question import feature_names

HERE = Path(__file__).parent
WORLDS = HERE / "worlds"
OURS = HERE / "ours_features.py"
LATENCY = HERE / "ours_latency.py"
PEERS = {
    "duckdb, conditional aggregates": ("duckdb", "filter"),
    "duckdb, running totals and ASOF joins": ("duckdb", "asof"),
    "duckdb, tuned by hand": ("duckdb", "grouped"),
    "polars, conditional aggregates": ("polars", "wide"),
    "polars, tuned by hand": ("polars", "grouped"),
}
"""Each peer's ways to put the question: as a person would, and the fastest that was found."""

FEATURETOOLS = HERE / "peers" / "featuretools_features.py"
FEATURETOOLS_NEEDS = ("featuretools==1.31.0", "setuptools<81", "pandas<3", "pyarrow")

IN_BLOCKS = ("--blocks",)
"""How ours is asked at the sizes it grows to."""

TOLERANCE = 1e-9
"""The largest difference allowed, relative to max(1, |x|)."""

LARGE = 10_000_000
"""Worlds of more events are measured twice, others three times."""


@dataclass(frozen=True, slots=True)
class World:
    """How large a world is."""

    events: int
    leads: int
    each: int = 4
    """Examples per lead."""

    @property
    def repetitions(self) -> int:
        """How often a run on it is repeated."""
        return 2 if self.events > LARGE else 3

    def __str__(self) -> str:
        return f"{self.events:,} events, {self.leads:,} leads, {self.leads * self.each:,} examples"


def made(world: World) -> list[str]:
    """The options that name the files of a world, which is made by another process when missing."""
    folder = WORLDS / f"{world.events}_{world.leads}_{world.each}"
    if not (folder / "done").exists():
        say(f"Making a world of {world} …")
        options = ("--events", world.events, "--leads", world.leads)
        measure(HERE / "worlds.py", folder, *options, "--examples-per-lead", world.each)
        (folder / "done").touch()
    files = {"--events": folder / "events.parquet", "--examples": folder / "examples.parquet"}
    return [str(part) for option in files.items() for part in option]


def against_peers(world: World) -> list[Row]:
    """Seconds and memory beside each peer, in turn, and the difference of the answers."""
    files = made(world)
    say(f"Ours and peers: {world}")
    scripts: dict[str, tuple[object, ...]] = {"ours": (OURS,)}
    for name, (engine, form) in PEERS.items():
        scripts[name] = (HERE / "peers" / f"{engine}_features.py", "--form", form)
    runs: dict[str, list[Figures]] = {name: [] for name in scripts}
    with tempfile.TemporaryDirectory(dir=WORLDS) as out:
        for repetition in range(world.repetitions):
            for name, (script, *form) in scripts.items():
                wanted = () if repetition else ("--out", Path(out) / name)
                runs[name].append(measure(script, *form, *files, *wanted))
        answers = {name: Path(out) / name / "features.npy" for name in runs}
        apart = {name: same(answers[name], answers["ours"]) for name in PEERS}
    rows = []
    ours = least(runs["ours"])
    for name in PEERS:
        theirs = least(runs[name])
        peer = f"{name} ({theirs['version']})"
        for key, unit in (("seconds", "seconds"), ("peak_mb", "MB")):
            work = f"93 features: {world}" + (", peak memory" if unit == "MB" else "")
            rows.append(row(work, ours[key], unit, peer=peer, theirs=theirs[key]))
        rows.append(row("largest difference of the answers", apart[name], "relative", peer=peer))
    return rows


def ours_alone(world: World, *options: str) -> Figures:
    """The least of the figures of ours."""
    files = made(world)
    say(f"Ours: {world}")
    return least([measure(OURS, *files, *options) for _ in range(world.repetitions)])


def by_examples(world: World) -> list[Row]:
    """What four times as many examples per lead cost."""
    few, many = ours_alone(world), ours_alone(World(world.events, world.leads, 4 * world.each))
    work = f"growth: {4 * world.each} examples a lead against {world.each}, the same events"
    peer = f"ours, {world.each} examples a lead"
    return [row(work, many["seconds"], "seconds", peer=peer, theirs=few["seconds"])]


def by_events(worlds: list[World]) -> list[Row]:
    """How the time per event and the memory grow with the log, read in blocks."""
    figures = [ours_alone(world, *IN_BLOCKS) for world in worlds]
    each = [1e6 * f["seconds"] / w.events for f, w in zip(figures, worlds, strict=True)]
    rows = []
    for world, found, cost in zip(worlds, figures, each, strict=True):
        before = worlds.index(world) - 1
        first = before < 0
        compared = {} if first else {"peer": f"ours, {worlds[before].events:,} events"}
        theirs = None if first else each[before]
        work = f"growth: time per event, {world}, in blocks"
        rows.append(row(work, cost, "µs/event", **compared, theirs=theirs))
        theirs = None if first else figures[before]["peak_mb"]
        work = f"growth: peak memory, {world}, in blocks"
        rows.append(row(work, found["peak_mb"], "MB", **compared, theirs=theirs))
    return rows


def latency() -> list[Row]:
    """How long one lead takes."""
    say("Ours: one lead")
    figures = least([measure(LATENCY) for _ in range(3)])
    work = "one lead with 200 events, 93 features"
    return [row(f"{work}, {key[:-3]}", figures[key], "ms") for key in ("median_ms", "p99_ms")]


def against_featuretools(seconds: float) -> list[Row]:
    """The largest world that featuretools answers in about so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            python = throwaway_python(Path(folder) / "venv", *FEATURETOOLS_NEEDS)
        except RuntimeError as error:
            say(f"featuretools is left out: {error}")
            return []
        trial = World(500, 10)
        say(f"featuretools: {trial}")
        pace = measure(FEATURETOOLS, *made(trial), python=python)["seconds"] / trial.leads
        leads = max(10, round(seconds / pace, -1))
        world = World(50 * int(leads), int(leads))
        say(f"featuretools: {world}")
        out = Path(folder)
        theirs = measure(FEATURETOOLS, *made(world), "--out", out / "theirs", python=python)
        ours = measure(OURS, *made(world), "--out", out / "ours")
        said = [i for i, name in enumerate(feature_names()) if not name.endswith("decayed_14d")]
        apart = same(*(out / who / "features.npy" for who in ("theirs", "ours")), rows=said)
    peer = f"featuretools {theirs['version']} (one process, {len(said)} of the 93)"
    work = f"features: {world}"
    return [
        row(work, ours["seconds"], "seconds", peer=peer, theirs=theirs["seconds"]),
        row("largest difference of the answers", apart, "relative", peer=peer),
    ]


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Measures the features beside other engines.")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--featuretools", type=float, metavar="SECONDS", default=30.0)
    parser.add_argument("--quick", action="store_true", help="a small world of 200,000 events")
    args = parser.parse_args()
    if args.quick:
        args.events, args.leads, args.featuretools = 200_000, 4_000, min(args.featuretools, 15.0)
    return args


def main() -> None:
    """Measures, writes the results, prints the table; fails when the answers differ."""
    args = arguments()
    WORLDS.mkdir(exist_ok=True)
    world = World(args.events, args.leads)
    sizes = [World(int(args.events * s), int(args.leads * s)) for s in (0.1, 1, 5)]
    rows = against_peers(world) + by_examples(world) + by_events(sizes) + latency()
    if args.featuretools:
        rows += against_featuretools(args.featuretools)
    say(f"Written to {write_results('features', rows)}")
    print(table(rows))
    if any(r["unit"] == "relative" and not r["ours"] <= TOLERANCE for r in rows):
        message = f"The answers must agree to {TOLERANCE}, and do not: see the table."
        raise SystemExit(message)


if __name__ == "__main__":
    main()
