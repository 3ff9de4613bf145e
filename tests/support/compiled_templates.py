"""Templates compiled once a worker: each test makes its own application, and compiling was most of a page's time."""

from collections import defaultdict
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from idp.web.shared.state import EXTENSION


class CompiledTemplates:
    """Keeps compiled templates in memory, for each language."""

    def __init__(self) -> None:
        self._caches: defaultdict[str, _OfOneLanguage] = defaultdict(_OfOneLanguage)

    def serve(self, app: Flask) -> None:
        """Let an application that has not shown a page yet take its templates from here."""
        for locale, environment in app.extensions[EXTENSION].templates.items():
            environment.bytecode_cache = self._caches[locale]


class _OfOneLanguage(BytecodeCache):
    """A bucket holds its source's checksum, so that a changed one is compiled anew."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code
