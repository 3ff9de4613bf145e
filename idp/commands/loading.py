"""Loading the house quickly. What is imported stays to the end of the process; looking for garbage in it again and
again would take a fifth of the start.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import without collections, and exempt what was imported from later ones."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
