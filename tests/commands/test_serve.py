"""``idp serve`` as a process: it answers, shows operators its numbers, replaces dead workers and ends in good order."""

import json
import os
import re
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families

from idp.audit.tallies import CALLS
from tests.commands.conftest import Run
from tests.support.certificates import make_certificate
from tests.support.receiver import NAME
from tests.support.serving import BackgroundProcess, IDPCommand, free_port
from tests.support.workers import wait_for

pytestmark = pytest.mark.server
DASHBOARD = Path(__file__).parents[2] / "docs" / "operations" / "dashboard.json"


def get(url: str, **options: Any) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10, **options) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def children_of(process: BackgroundProcess) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process.process.pid)], check=False, capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


class TestWithOperations:
    @pytest.fixture
    def operations(self) -> str:
        return f"127.0.0.1:{free_port()}"

    @pytest.fixture
    def setting_changes(self, operations: str) -> dict[str, str]:
        return {"IDP_OPS_BIND": operations}

    def test_operators_see_numbers_and_details_that_the_public_does_not(
        self, idp_server: BackgroundProcess, issuer: str, operations: str
    ):
        """Rule O4."""
        assert idp_server.process.poll() is None
        for _ in range(3):
            get(f"{issuer}/healthz")
        assert get(f"{issuer}/metrics")[0] == 404
        assert get(f"{issuer}/readyz") == (200, '{"status":"degraded"}\n')
        assert '"name":"worker","state":"degraded"' in get(f"http://{operations}/readyz")[1]
        numbers = get(f"http://{operations}/metrics")[1]
        counted = next(
            line for line in numbers.splitlines() if line.startswith('idp_requests_total{endpoint="healthz"')
        )
        assert float(counted.split()[-1]) >= 3
        assert 'idp_check{check="database"} 1.0' in numbers
        assert 'idp_check{check="lists"} 1.0' in numbers

    def test_doctor_knows_how_old_the_lists_are_that_the_server_holds(
        self, idp: Run, idp_server: BackgroundProcess, operations: str
    ):
        """Decision 0022: only the server's own processes can tell."""
        assert "ok       lists: the lists in memory, of blocks and banners, were read " in idp("doctor").stdout
        worker, *_ = children_of(idp_server)
        os.kill(worker, signal.SIGSTOP)
        try:
            wait_for(lambda: get(f"http://{operations}/readyz")[0] == 503, 30)
            assert "FAILED   lists: the lists in memory" in idp("doctor").stdout
        finally:
            os.kill(worker, signal.SIGCONT)
        wait_for(lambda: get(f"http://{operations}/readyz")[0] == 200, 10)
        idp_server.stop()
        assert f"WARNING  serve: idp serve does not answer at IDP_OPS_BIND={operations}" in idp("doctor").stdout

    def test_every_number_of_the_dashboard_is_there(self, idp_server: BackgroundProcess, operations: str):
        """The file that operators import into Grafana speaks of what is served here, and of nothing else."""
        assert idp_server.process.poll() is None
        dashboard = json.loads(DASHBOARD.read_text())
        asked = {
            name
            for panel in dashboard["panels"]
            for target in panel.get("targets", ())
            for name in re.findall(r"\bidp_[a-z_]+", target["expr"])
        }
        assert len(asked) > 15
        families = text_string_to_metric_families(get(f"http://{operations}/metrics")[1])
        served = {sample.name for family in families for sample in family.samples}
        assert asked <= served


@pytest.mark.only_on("sqlite")
def test_server_ends_when_it_is_asked_to_and_leaves_no_worker(idp_server: BackgroundProcess):
    workers = children_of(idp_server)
    assert workers
    assert idp_server.stop() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_calls_that_were_counted_are_recorded_when_the_server_ends(
    services: Any, registration_factory: Any, idp_server: BackgroundProcess, issuer: str
):
    """Rule A3: only a crash loses them."""
    method = {"token_endpoint_auth_method": "client_secret_post", "grant_types": ["client_credentials"]}
    site = registration_factory("robot", redirect_uris=None, scope=None, **method)
    form = {"grant_type": "client_credentials", "client_id": site.client_id, "client_secret": site.client_secret}
    assert get(f"{issuer}/token", data=urlencode(form).encode())[0] == 200
    assert not counted_calls(services)
    assert idp_server.stop() == 0
    assert counted_calls(services) == {("robot", "client_credentials"): 1}


def test_sign_ins_that_were_stopped_are_recorded_when_the_server_ends(
    idp: Run, services: Any, request: pytest.FixtureRequest, issuer: str
):
    """Rule A3: only a crash loses their number."""
    assert idp("block", "add", "network", "127.0.0.0/16", "--hours", "1", "--reason", "drill").status == 0
    server: BackgroundProcess = request.getfixturevalue("idp_server")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"{issuer}/login").read().decode()
    field = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert field is not None
    form = {"csrf_token": field[1], "username": "somebody", "password": "something"}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        browser.open(f"{issuer}/login", urlencode(form).encode())
    assert server.stop() == 0
    stopped = [record.detail["count"] for record in services.audit.export() if record.action == "block.refused"]
    assert stopped == [1]


def counted_calls(services: Any) -> dict[tuple[str, str], int]:
    details = [(record.client_id, record.detail) for record in services.audit.export() if record.action == CALLS]
    return {(client_id, detail["call"]): detail["count"] for client_id, detail in details}


@pytest.mark.only_on("sqlite")
def test_killed_worker_is_replaced(idp_server: BackgroundProcess, issuer: str):
    before = children_of(idp_server)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 60
    while not set(children_of(idp_server)) - set(before) and time.monotonic() < end:
        time.sleep(0.1)
    idp_server.wait_until_answering(f"{issuer}/healthz")


@pytest.mark.only_on("sqlite")
def test_workers_end_when_their_supervisor_is_killed(
    idp_server: BackgroundProcess, idp_command: IDPCommand, issuer: str
):
    """Else they would serve the version of then for ever, and keep the port from whoever comes after them."""
    workers = children_of(idp_server)
    idp_server.process.kill()
    idp_server.process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers), 15)
    again = idp_command.start("serve", "--bind", f"127.0.0.1:{issuer.rsplit(':', 1)[1]}")
    again.wait_until_answering(f"{issuer}/healthz")
    assert again.stop() == 0


@pytest.mark.only_on("sqlite")
def test_second_server_on_the_same_port_is_refused(idp_server: BackgroundProcess, issuer: str, idp: Run):
    assert idp_server.process.poll() is None
    ended = idp("serve", "--bind", f"127.0.0.1:{issuer.rsplit(':', 1)[1]}")
    assert (ended.status, "Address already in use" in ended.complaint) == (1, True)


class TestTLS:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> tuple[Path, Path]:
        return make_certificate(tmp_path, NAME)

    @pytest.fixture
    def served(
        self, idp_command: IDPCommand, certificate: tuple[Path, Path]
    ) -> Iterator[tuple[BackgroundProcess, int]]:
        port = free_port()
        cert, key = certificate
        process = idp_command.start("serve", "--bind", f"127.0.0.1:{port}", "--cert", str(cert), "--key", str(key))
        yield process, port
        process.stop()

    @pytest.mark.only_on("sqlite")
    def test_server_speaks_tls_itself(self, served: tuple[BackgroundProcess, int], certificate: tuple[Path, Path]):
        process, port = served
        context = ssl.create_default_context(cafile=str(certificate[0]))
        context.check_hostname = False
        end = time.monotonic() + 60
        status = 0
        while status == 0:
            assert process.process.poll() is None, process.output()
            assert time.monotonic() < end, process.output()
            try:
                status = get(f"https://127.0.0.1:{port}/healthz", context=context)[0]
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        assert status == 200


@pytest.mark.unit
def test_certificate_for_the_tests_names_its_host(tmp_path: Path):
    assert (
        NAME
        in subprocess.run(
            ["openssl", "x509", "-in", str(make_certificate(tmp_path, NAME)[0]), "-noout", "-text"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )


def test_wrong_certificate_is_refused_in_words(idp: Run, tmp_path: Path):
    (tmp_path / "cert.pem").write_text("nothing")
    ended = idp("serve", "--cert", "cert.pem", "--key", "cert.pem")
    assert (ended.status, "not a certificate chain and its key" in ended.complaint) == (1, True)
    assert idp("serve", "--cert", "cert.pem").status == 2


def test_database_without_tables_is_refused_in_words(idp: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("IDP_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    ended = idp("serve", "--bind", f"127.0.0.1:{free_port()}")
    assert (ended.status, "idp db upgrade" in ended.complaint) == (1, True)


def test_occupied_operations_port_is_refused_in_words(idp: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IDP_OPS_BIND", "127.0.0.1:notaport")
    ended = idp("serve", "--bind", f"127.0.0.1:{free_port()}")
    assert (ended.status, "IDP_OPS_BIND" in ended.complaint) == (1, True)
