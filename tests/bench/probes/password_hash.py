"""What one Argon2id hash with our parameters costs on the server's core, alone.

A full sign-in cannot cost less, so its target is this plus what the rest may take.
"""

import os
import statistics
import time

from argon2 import PasswordHasher

from idp.foundation.settings import Settings
from tests.bench.accounting import Cores
from tests.bench.load.people import PASSWORD

ROUNDS = 15


def hash_cpu_milliseconds(cores: Cores) -> float:
    """Return the median CPU time of one hash. Moves to the server's core for about a third of a second."""
    hasher = PasswordHasher(
        time_cost=Settings.model_fields["password_iterations"].default,
        memory_cost=Settings.model_fields["password_memory_kib"].default,
        parallelism=1,
    )
    home = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores.server})
    try:
        return round(statistics.median(one_hash(hasher) for _ in range(ROUNDS)), 2)
    finally:
        os.sched_setaffinity(0, home)


def one_hash(hasher: PasswordHasher) -> float:
    """Return the CPU milliseconds of one hash."""
    started = time.process_time()
    hasher.hash(PASSWORD)
    return (time.process_time() - started) * 1000
