"""How fast does a server answer? wrk asks it, or a plain client of ours where there is no wrk.

Both are closed loops: each of so many connections asks again once it has its answer. The client
runs on the last core and the server on the first, so that neither takes from the other; on a
machine with one core they share it.
"""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]

_LUA = """
local requests, next_one = {}, 0
function init(args)
  for k = 1, tonumber(args[2]) do
    local file = io.open(args[1] .. "/" .. k, "rb")
    requests[k] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, file:read("*a"))
    file:close()
  end
end
function request()
  if #requests == 0 then return wrk.format("GET") end
  next_one = next_one % #requests + 1
  return requests[next_one]
end
function done(summary, latency)
  local failed = summary.errors
  io.write(string.format('\\n{"n": %d, "seconds": %f, "p50": %f, "p99": %f, "failed": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """What a load met: the milliseconds within which half and 99 % were answered, and the rate."""

    p50_ms: float
    p99_ms: float
    per_second: float
    failed: int


def tool() -> str:
    """What asks: "wrk", or "a Python client" where it is not installed."""
    return "wrk" if shutil.which("wrk") else "a Python client"


def load(url: str, bodies: list[bytes], *, connections: int, seconds: float) -> Speed:
    """Asks for so long over so many connections, each body in turn; GET where there are none."""
    ask = _ask_with_wrk if shutil.which("wrk") else _ask_with_python
    speed = ask(url, bodies, connections, seconds)
    if speed.failed:
        message = f"Every request to {url} must be answered with 2xx, {speed.failed} were not."
        raise RuntimeError(message)
    return speed


def _ask_with_wrk(url: str, bodies: list[bytes], connections: int, seconds: float) -> Speed:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "ask.lua").write_text(_LUA, encoding="utf-8")
        for k, body in enumerate(bodies, start=1):
            (place / str(k)).write_bytes(body)
        command = ["taskset", "-c", str(CLIENT_CORE), "wrk", "-t1", f"-c{connections}"]
        command += [f"-d{seconds:.0f}s", "--timeout", "60s"]
        done = subprocess.run(
            [*command, "-s", str(place / "ask.lua"), url, "--", folder, str(len(bodies))],
            capture_output=True,
            text=True,
            check=True,
        )
    said = json.loads(done.stdout.splitlines()[-1])
    return Speed(said["p50"], said["p99"], said["n"] / said["seconds"], said["failed"])


def _ask_with_python(url: str, bodies: list[bytes], connections: int, seconds: float) -> Speed:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CLIENT_CORE})
    try:
        return asyncio.run(_ask(url, bodies, connections, seconds))
    finally:
        os.sched_setaffinity(0, before)


async def _ask(url: str, bodies: list[bytes], connections: int, seconds: float) -> Speed:
    address = urlsplit(url)
    requests = [_request(address.netloc, address.path, body) for body in bodies or [None]]
    taken: list[float] = []
    failed = 0

    async def ask_on_and_on() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        k = 0
        while time.perf_counter() < until:
            start = time.perf_counter()
            writer.write(requests[k % len(requests)])
            failed += await _status(reader) // 100 != 2
            taken.append(time.perf_counter() - start)
            k += 1
        writer.close()

    start = time.perf_counter()
    until = start + seconds
    await asyncio.gather(*(ask_on_and_on() for _ in range(connections)))
    p50, p99 = 1_000 * np.percentile(taken, [50, 99])
    return Speed(float(p50), float(p99), len(taken) / (time.perf_counter() - start), failed)


def _request(host: str, path: str, body: bytes | None) -> bytes:
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _status(reader: asyncio.StreamReader) -> int:
    """The status of an answer, read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1])
