"""What the bench must show, workload by workload, and whether a result shows it."""

from dataclasses import dataclass

from tests.bench.load.measurement import Summary

SIGN_IN_EXTRA_MS = 8.0
COLD_START_SECONDS = 1.5
IDLE_MEGABYTES = 130.0
LOADED_MEGABYTES = 160.0
FLAT_GROWTH_MEGABYTES = 3.0
FLOOD_RATIO = 2.0
PAGE_KILOBYTES = 14.0
PAGE_REQUESTS = 3

LEAST_RATIO = {"W3": 1.0, "W4": 1.3, "W5": 1.4, "W6": 0.85, "W7": 1.0, "W9": 1.3}
LEAST_RATE = {"W1": 10_000.0, "W2": 10_000.0}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target in words and whether it was reached; None when what it compares with was not measured."""

    target: str
    is_reached: bool | None

    @property
    def word(self) -> str:
        """Return the verdict for a table."""
        return {True: "reached", False: "MISSED", None: "not judged"}[self.is_reached]


def judge(workload: str, ours: Summary, peer: Summary | None, hash_ms: float | None) -> Verdict:
    """Return the verdict on one workload."""
    if workload in LEAST_RATE:
        least = LEAST_RATE[workload]
        return Verdict(f"≥ {least:,.0f}/s", ours.rate >= least)
    if workload in LEAST_RATIO:
        ratio = LEAST_RATIO[workload]
        return Verdict(f"≥ {ratio:.2f} × peer", None if peer is None else ours.rate >= ratio * peer.rate)
    if hash_ms is None:
        return Verdict(f"CPU ≤ hash + {SIGN_IN_EXTRA_MS:.0f} ms", None)
    most = hash_ms + SIGN_IN_EXTRA_MS
    return Verdict(f"CPU ≤ {hash_ms:.1f} + {SIGN_IN_EXTRA_MS:.0f} ms", ours.cpu_ms <= most)


def at_most(value: float, most: float, unit: str) -> Verdict:
    """Return the verdict on a value that has an upper bound."""
    return Verdict(f"≤ {most:g} {unit}".rstrip(), value <= most)
