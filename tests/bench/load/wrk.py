"""Sends requests that never change with `wrk`, where it is installed, because it is four times cheaper than Python.

Every virtual user keeps its own request (its own token, its own forwarded address); a small Lua script takes turns.
"""

import re
import resource
import shutil
import string
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.errors import BenchError
from tests.bench.load.measurement import Traffic

MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
DURATION = re.compile(r"([\d.]+)(us|ms|s|m)$")
PLAIN = frozenset(string.ascii_letters.encode() + string.digits.encode())
SCRIPT = """local requests = {{ {requests} }}
local turn = 0
request = function() turn = turn % #requests + 1; return requests[turn] end
"""


def is_available() -> bool:
    """Say whether wrk is installed."""
    return shutil.which("wrk") is not None


def drive_with_wrk(address: tuple[str, int], requests: Sequence[bytes], connections: int, seconds: float) -> Traffic:
    """Repeat the requests in turn over so many connections. Whole seconds only."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.format(requests=",".join(map(lua_string, requests))))
        script.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = run(Path(script.name), address, connections, max(1, round(seconds)))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return read_report(output, used)


def run(script: Path, address: tuple[str, int], connections: int, seconds: int) -> str:
    """Run wrk and return its report."""
    url = f"http://{address[0]}:{address[1]}/"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"wrk failed: {done.stdout}{done.stderr}")
    return done.stdout


def lua_string(data: bytes) -> str:
    """Return a Lua string literal of these bytes."""
    return '"' + "".join(chr(byte) if byte in PLAIN else f"\\{byte:03d}" for byte in data) + '"'


def read_report(output: str, generator_cpu_seconds: float) -> Traffic:
    """Read the report wrk prints."""
    failures = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", output))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    failures += int(refused.group(1)) if refused else 0
    return Traffic(
        operations=int(piece(output, r"(\d+) requests in")) - failures,
        late=0,
        seconds=milliseconds(piece(output, r"requests in ([\d.]+\w+)")) / 1000,
        p50_ms=milliseconds(piece(output, r"^\s+50%\s+(\S+)")),
        p99_ms=milliseconds(piece(output, r"^\s+99%\s+(\S+)")),
        generator_cpu_seconds=generator_cpu_seconds,
        failures={"reported by wrk": failures} if failures else {},
    )


def piece(output: str, pattern: str) -> str:
    """Return the first group of a pattern that must be in the report."""
    found = re.search(pattern, output, re.MULTILINE)
    if found is None:
        raise BenchError(f"wrk's report is not understood: {output}")
    return found.group(1)


def milliseconds(text: str) -> float:
    """Return what wrk's `1.25ms`, `980us` or `2.00s` mean."""
    found = DURATION.match(text)
    if found is None:
        raise BenchError(f"wrk's report has an unknown duration: {text}")
    return float(found.group(1)) * MILLISECONDS[found.group(2)]
