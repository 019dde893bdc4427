"""What does scoring over HTTP cost, beside MLflow's server and the least an app can do?

`python benchmarks/serving_speed.py` trains a model of some two hundred features on a simulated
company (once, kept in benchmarks/worlds), then loads in turn, each with one worker on one core:
`mlflow models serve` and a bare FastAPI route, both on ready-made features and with the same trees;
an empty route; and `leadml serve`, which gets raw events and answers with probability, interval and
stage. It prints what was promised and reached and where leadml's time goes, writes
`results/serving.json`, and fails where a promise is not kept.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from asked import (
    Company,
    feature_table,
    lead_bodies,
    named_bodies,
    numbers,
    open_company,
    split_bodies,
)
from companies import company
from harness import RESULTS, Figures, machine, measure, say
from load import SERVER_CORE, Speed, load, tool
from servers import ENVIRONMENT, Server, running

from leadml.config import Config

WINDOWS = "windows_days = [3, 7, 14, 30, 90, 180]"
"""Of the features, for some two hundred of them."""

HERE = Path(__file__).parent
BODIES, BATCH = 64, 1_000
WARM_UP_SECONDS, SECONDS = 1.0, 6.0
STARTS = 3

MLFLOW = "mlflow models serve, the registered model, ready features"
PLAIN_MLFLOW = "mlflow models serve, the bare trees, ready features"
BARE, EMPTY = "bare route, the bare trees, ready features", "empty route"
ONE, WHY = "leadml, one lead", "leadml, one lead, 5 reasons"
MANY, MANY_WHY = "leadml, 1,000 leads", "leadml, 1,000 leads, 3 reasons"

Speeds = dict[tuple[str, int], Speed]
"""By what was asked, and over how many connections."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure and the limit that was promised, where one was."""

    work: str
    measured: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the figure is within its limit."""
        enough = self.least is None or self.measured >= self.least
        return enough and (self.most is None or self.measured <= self.most)

    @property
    def limit(self) -> str:
        """What was promised, in words."""
        if self.least is not None:
            return f"at least {self.least:,g}"
        return "–" if self.most is None else f"at most {self.most:,g}"


def main() -> int:
    """Measures everything in turn; 1 where a promise is not kept."""
    say(f"asking with {tool()}; servers have core {SERVER_CORE}")
    config = trained()
    model = champion(config) / "data" / "model"
    own = open_company(config, model)
    with tempfile.TemporaryDirectory() as folder:
        speeds, promises = measured(config, own, Path(folder))
    stages = measure(HERE / "stages.py", config.folder / "leadml.toml", model)
    print(speed_table(speeds), promise_table(promises), stage_table(stages, speeds), sep="\n")
    record = {
        "machine": machine(),
        "tool": tool(),
        "features": len(own.catalog.features),
        "speeds": [{"work": name, "connections": c} | asdict(s) for (name, c), s in speeds.items()],
        "promises": [asdict(each) | {"kept": each.kept} for each in promises],
        "stages_ms": stages,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "serving.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return 0 if all(each.kept for each in promises) else 1


def trained() -> Config:
    """The company, with a champion trained where there is none yet."""
    config = company("serving", leads=6_000, months=30, seed=1)
    settings = config.folder / "leadml.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f"{text}\n[features]\n{WINDOWS}\n", encoding="utf-8")
    if not _model_folders(config):
        say("training (once) …")
        command = [sys.executable, "-m", "leadml.cli", "train", "-c", str(settings)]
        subprocess.run(command, check=True, stdout=sys.stderr, env=ENVIRONMENT)
    return config


def champion(config: Config) -> Path:
    """The folder in which MLflow keeps the only model of the company."""
    return _model_folders(config)[0]


def _model_folders(config: Config) -> list[Path]:
    kept = config.path(config.registry.folder)
    return sorted(path.parent for path in kept.glob("artifacts/models/*/artifacts/MLmodel"))


def measured(config: Config, own: Company, scratch: Path) -> tuple[Speeds, list[Promise]]:
    """Loads all servers in turn, and says what came of what was promised."""
    speeds: Speeds = {}
    table = feature_table(own, rows=BODIES)
    plain = numbers(table)
    trees = champion(config) / "data" / "model" / "trees.txt"
    with running(mlflow_command(champion(config)), ready="/ping", log=scratch / "mlflow") as server:
        speeds |= _load_singly(server, MLFLOW, "/invocations", split_bodies(table))
    flavour = [sys.executable, str(HERE / "peers" / "lightgbm_flavour.py"), str(trees)]
    subprocess.run([*flavour, str(scratch / "flavour")], check=True, env=ENVIRONMENT)
    with running(
        mlflow_command(scratch / "flavour"), ready="/ping", log=scratch / "mlflow"
    ) as server:
        speeds |= _load_singly(server, PLAIN_MLFLOW, "/invocations", split_bodies(plain))
    with running(bare_command(trees), ready="/empty", log=scratch / "bare") as server:
        speeds |= _load_singly(server, BARE, "/score", named_bodies(plain))
        speeds |= _load_singly(server, EMPTY, "/empty", [])
    pauses = scratch / "pauses"
    with running(leadml_command(config, pauses), ready="/readyz", log=scratch / "leadml") as server:
        began = time.perf_counter()
        speeds |= load_leadml(server, own)
        memory = server.memory_mb()
    paused = [taken for when, taken in json.loads(pauses.read_text()) if when > began]
    ready = median(_ready_seconds(config, scratch) for _ in range(STARTS))
    shutil.rmtree(config.path(config.registry.folder) / "serving")
    first = _ready_seconds(config, scratch)
    return speeds, [
        *speed_promises(speeds),
        Promise("start to ready", ready, "seconds", most=4),
        Promise("the very first start, nothing fetched yet", first, "seconds"),
        Promise("resident memory of a worker after all of this", memory, "MB", most=400),
        Promise("longest pause for garbage", max(paused, default=0.0), "ms", most=20),
    ]


def load_leadml(server: Server, own: Company) -> Speeds:
    """Everything that is asked of leadml; each body once beforehand, to see it answered whole."""
    one, why = (lead_bodies(own, bodies=BODIES, leads=1, explain=most) for most in (0, 5))
    many, many_why = (lead_bodies(own, bodies=2, leads=BATCH, explain=most) for most in (0, 3))
    for body in (*one, *why, *many, *many_why):
        check_answer(server, body)
    speeds = {
        **_load_singly(server, ONE, "/v1/score", one),
        **_load_singly(server, WHY, "/v1/score", why),
    }
    for work, bodies in ((MANY, many), (MANY_WHY, many_why)):
        speeds[work, 1] = _load(server, work, "/v1/score", bodies, connections=1)
    return speeds


def check_answer(server: Server, body: bytes) -> None:
    """Raises where a lead got no probability, or reasons that were not asked for, or none."""
    asked = json.loads(body)
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/v1/score", body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            scores = json.load(answer)["scores"]
    except urllib.error.HTTPError as error:
        message = f"A request must be answered with 200, got {error.read().decode()}"
        raise RuntimeError(message) from error
    if len(scores) != len(asked["leads"]):
        message = f"{len(asked['leads'])} leads must be answered, got {len(scores)} scores"
        raise RuntimeError(message)
    for score in scores:
        if score["probability"] is None or bool(score["reasons"]) != bool(asked["explain"]):
            message = f"A lead must be scored as asked, got {score}"
            raise RuntimeError(message)


def speed_promises(speeds: Speeds) -> list[Promise]:
    """What was promised of the speeds, and how they compare with all peers."""
    one, why = speeds[ONE, 1], speeds[WHY, 1]
    return [
        Promise("one lead of 50 events: median", one.p50_ms, "ms", most=1.5),
        Promise("one lead of 50 events: 99 in 100 within", one.p99_ms, "ms", most=5),
        *_times(speeds, MLFLOW, least=20),
        *_times(speeds, PLAIN_MLFLOW),
        *_times(speeds, BARE),
        *_times(speeds, EMPTY),
        Promise("the same with 5 reasons: median", why.p50_ms, "ms", most=2.5),
        _batch(speeds, MANY, least=5_000),
        _batch(speeds, MANY_WHY, least=1_500),
    ]


def _times(speeds: Speeds, peer: str, *, least: float | None = None) -> list[Promise]:
    """Requests a second of one lead, as so many times a peer's."""
    return [
        Promise(
            f"requests/s, {c} at once, as times those of: {peer}",
            speeds[ONE, c].per_second / speeds[peer, c].per_second,
            "times",
            least=least,
        )
        for c in (1, 16)
    ]


def _batch(speeds: Speeds, work: str, *, least: float) -> Promise:
    return Promise(work, BATCH * speeds[work, 1].per_second, "leads/s", least=least)


def mlflow_command(model: Path) -> list[str]:
    """MLflow's own server, on the registered model."""
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "models", "serve", "-m", str(model)]
    return [*command, "--env-manager", "local", "-h", "127.0.0.1", "-p", "{port}", "-w", "1"]


def bare_command(trees: Path) -> list[str]:
    """The bare app, on the trees of the same model."""
    return [sys.executable, str(HERE / "peers" / "bare_app.py"), str(trees), "{port}"]


def leadml_command(config: Config, pauses: Path) -> list[str]:
    """`leadml serve`, its garbage collector watched."""
    command = [sys.executable, str(HERE / "watched.py"), str(pauses), "serve", "--workers", "1"]
    return [*command, "-c", str(config.folder / "leadml.toml"), "--port", "{port}"]


def _ready_seconds(config: Config, scratch: Path) -> float:
    """From the command to the first 200 of ``/readyz``."""
    command = [sys.executable, "-m", "leadml.cli", "serve", "--port", "{port}"]
    command += ["-c", str(config.folder / "leadml.toml")]
    with running(command, ready="/readyz", log=scratch / "start") as server:
        return server.ready_seconds


def _load_singly(server: Server, work: str, path: str, bodies: list[bytes]) -> Speeds:
    """One row or lead at a time, over 1 and over 16 connections."""
    return {(work, c): _load(server, work, path, bodies, connections=c) for c in (1, 16)}


def _load(server: Server, work: str, path: str, bodies: list[bytes], *, connections: int) -> Speed:
    load(server.url + path, bodies, connections=connections, seconds=WARM_UP_SECONDS)
    speed = load(server.url + path, bodies, connections=connections, seconds=SECONDS)
    say(f"  {work}, {connections} at once: {speed.p50_ms:.2f} ms, {speed.per_second:,.1f}/s")
    return speed


def speed_table(speeds: Speeds) -> str:
    """Every load as a row of Markdown."""
    lines = ["", "| asked | at once | median ms | 99 % ms | a second |", "|---|---|---|---|---|"]
    for (work, connections), speed in speeds.items():
        rate = speed.per_second * (BATCH if work in {MANY, MANY_WHY} else 1)
        cells = [work, f"{connections}", f"{speed.p50_ms:.3g}", f"{speed.p99_ms:.3g}"]
        lines.append(f"| {' | '.join([*cells, f'{rate:,.0f}'])} |")
    return "\n".join(lines)


def promise_table(promises: list[Promise]) -> str:
    """What was promised and what was measured, as Markdown."""
    lines = ["", "| | measured | promised | |", "|---|---|---|---|"]
    for each in promises:
        verdict = "" if each.limit == "–" else "kept" if each.kept else "MISSED"
        cells = [each.work, f"{each.measured:,.3g} {each.unit}", each.limit, verdict]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def stage_table(stages: Figures, speeds: Speeds) -> str:
    """Where the time of one request goes; what the client waits for beyond it is HTTP."""
    within = sum(stages.values())
    rows = {**stages, "HTTP, guard and network": speeds[ONE, 1].p50_ms - within}
    lines = ["", "| one lead, no reasons | ms |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {ms:.3f} |" for name, ms in rows.items())])


if __name__ == "__main__":
    sys.exit(main())
