"""Memory in large pages (madvise(2), MADV_HUGEPAGE) for a thread that goes back and forth through much of it: far fewer
of its addresses have to be looked up. Where the system has none, nothing happens.
"""

import ctypes
import mmap
import sys
from typing import Final

_ADVICE: Final = getattr(mmap, "MADV_HUGEPAGE", None)


def ask_for_large_pages(block: int) -> None:
    """Let the blocks of up to so many bytes that this thread allocates from now on, one at a time, be in large pages.

    The C library (glibc) maps the first large block by itself; once that is freed, it keeps memory for the next of its
    size, and hands out the same place again and again. So the second block shows the place, which is marked and given
    back.
    """
    if sys.platform != "linux" or _ADVICE is None:
        return
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = (ctypes.c_void_p,)
    library.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    library.free(library.malloc(ctypes.c_size_t(block)))
    place = library.malloc(ctypes.c_size_t(block))
    if place is None:
        return
    begins = -(-place // mmap.PAGESIZE) * mmap.PAGESIZE
    pages = (place + block - begins) // mmap.PAGESIZE
    # A kernel without large pages refuses, and nothing is lost.
    library.madvise(begins, pages * mmap.PAGESIZE, _ADVICE)
    library.free(place)
