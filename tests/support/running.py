"""How a run of the suite behaves: which databases, who starts PostgreSQL, what "not run" means. A pytest plugin.

``--database sqlite|postgresql|both`` chooses; both is the default, because the product promises the same on both. With
xdist the controller starts one PostgreSQL for all workers; without, it is started when the first test asks for it.
"""

import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support.availability import NOT_RUN, is_ci
from tests.support.postgresql import CLUSTER, Cluster

DATABASES = ("sqlite", "postgresql")
_BROWSER_FIXTURES = {"chromium", "browser_context", "page", "phone_page"}
_PROCESS_FIXTURES = {"idp_command", "idp_server"}
_SLOW_FOLDERS = {"bench", "commands", "journeys", "packaging"}
# Races and kills are repeated many times over on purpose; a file about them has the word in its name.
_SLOW_FILES = ("races", "killed")

hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=[*DATABASES, "both"],
        default="both",
        help="which databases the tests that use one run on (default: both)",
    )


def pytest_configure(config: pytest.Config) -> None:
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None and "postgresql" in workerinput:
        config.stash[CLUSTER] = Cluster(**workerinput["postgresql"])
    elif workerinput is None and getattr(config.option, "tx", None) and config.getoption("--database") != "sqlite":
        config.stash[CLUSTER] = Cluster.start()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker, on the controller's side, where PostgreSQL is."""
    if CLUSTER in node.config.stash:
        node.workerinput["postgresql"] = node.config.stash[CLUSTER].reference


def pytest_unconfigure(config: pytest.Config) -> None:
    if CLUSTER in config.stash:
        config.stash[CLUSTER].stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--database")
    only = metafunc.definition.get_closest_marker("only_on")
    kinds = [
        pytest.param(kind, marks=getattr(pytest.mark, kind))
        for kind in DATABASES
        if chosen in {kind, "both"} and (only is None or kind in only.args)
    ]
    metafunc.parametrize("database_kind", kinds, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test by what it needs, and leave out those about a database that was not chosen."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        _mark(item)
        only = item.get_closest_marker("only_on")
        chosen = config.getoption("--database")
        wanted = only is None or chosen == "both" or chosen in only.args
        (kept if wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _mark(item: pytest.Item) -> None:
    fixtures = set(getattr(item, "fixturenames", ()))
    if fixtures & _BROWSER_FIXTURES:
        item.add_marker(pytest.mark.browser)
    if fixtures & _PROCESS_FIXTURES:
        item.add_marker(pytest.mark.server)
    folders = set(Path(item.path).relative_to(item.config.rootpath).parts)
    needs = {mark.name for mark in item.iter_markers()}
    is_slow = folders & _SLOW_FOLDERS or any(word in item.path.stem for word in _SLOW_FILES)
    if not needs & {"browser", "server", *DATABASES} and not is_slow:
        item.add_marker(pytest.mark.unit)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:  # noqa: ARG001
    """Turn every skip into a failure where all that a test may need was promised: CI=true."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and is_ci():
        report.outcome = "failed"
        report.longrepr = f"CI=true, and this test could not run: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if not reasons:
        return
    terminalreporter.section(f"{reasons.total()} tests were not run")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:5}  {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ").removeprefix(NOT_RUN)
