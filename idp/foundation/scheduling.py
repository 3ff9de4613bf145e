"""How many cores there are, and how a thread that computes for long lets the others go first (Linux; elsewhere it does
nothing).

Two things are asked of the kernel. A nice value ten above the process's own: the thread may take what is left of the
core, and a tenth of it when there is nothing left, so that it never starves. And a long time slice (``sched_setattr``,
Linux 6.12 and later): the scheduler lets a thread that wants the core for a moment interrupt one that has asked to keep
it for long, while at equal slices it would have to wait until the slice is over. Not SCHED_IDLE, which gets nothing at
all on a busy machine and is not left again without privileges.
"""

import ctypes
import os
import platform
import struct
import sys
import threading
from contextlib import suppress
from typing import Final

_NICER: Final = 10
_NICEST: Final = 19
# The longest slice that the kernel grants, in nanoseconds.
_SLICE: Final = 100_000_000
# sched_setattr(2) has no function in the C library before glibc 2.41.
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
# struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period.
_ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")
_SCHED_OTHER: Final = 0


def usable_cores() -> int:
    """Return how many cores this process may use; where the system does not tell, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def give_way() -> None:
    """Let the other threads of the process go before this one."""
    if sys.platform != "linux":
        return
    niceness = min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + _NICER, _NICEST)
    if not _set_attributes(niceness):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def _set_attributes(niceness: int) -> bool:
    """Set nice value and slice of this thread; tell whether the kernel took them."""
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None:
        return False
    wish = _ATTRIBUTES.pack(_ATTRIBUTES.size, _SCHED_OTHER, 0, niceness, 0, _SLICE, 0, 0)
    try:
        return int(ctypes.CDLL(None).syscall(number, 0, ctypes.create_string_buffer(wish, len(wish)), 0)) == 0
    except (OSError, AttributeError):
        return False
