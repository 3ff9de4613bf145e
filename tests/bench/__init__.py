"""The speed and memory bench: `make bench`, which is `python -m tests.bench`.

It starts a private PostgreSQL cluster, our provider and a peer on one core, drives both in turn from another, and
prints the ratio of rates and of CPU per operation. It never runs as part of the test suite: timed tests lie.
"""
