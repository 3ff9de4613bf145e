"""The folder of keys: who may read it, whose it is, and what is said when it is not whole (rules O1, P7)."""

import shutil
import stat

import pytest

from idp.foundation.errors import ConfigurationError
from idp.keyring.service import Keyring
from tests.keyring.nodes import Deployment, states

PRIVATE_WORDS = (b"PRIVATE KEY", b"BEGIN EC", b"BEGIN RSA")


def test_every_file_is_private(deployment: Deployment, node: Keyring):
    node.new_master_key()
    node.rotate(emergency=True)
    paths = [deployment.keys, *deployment.keys.rglob("*")]
    modes = {path.relative_to(deployment.keys).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert {name for name, mode in modes.items() if mode == 0o700} == {".", "master", "signing"}
    assert {mode for name, mode in modes.items() if name not in {".", "master", "signing"}} == {0o600}


def test_private_keys_are_not_readable_without_the_master_key(deployment: Deployment, node: Keyring):
    for path in deployment.keys.glob("signing/*.pem"):
        assert not any(word in path.read_bytes() for word in PRIVATE_WORDS)
    for path in deployment.keys.glob("master/*.key"):
        path.write_text("A" * 43 + "\n", encoding="ascii")
    with pytest.raises(ConfigurationError, match="damaged, or its master key is missing"):
        node.sign({}, typ="JWT")


def test_production_refuses_keys_made_in_development(deployment: Deployment, node: Keyring):
    """Rule O1."""
    assert node.sign({}, typ="JWT")
    with pytest.raises(ConfigurationError, match="made in development"):
        deployment.node(is_production=True)


def test_production_makes_and_opens_its_own_keys(deployment: Deployment):
    token = deployment.node(is_production=True).sign({"a": 1}, typ="JWT")
    assert not (deployment.keys / "DEVELOPMENT").exists()
    assert deployment.node(is_production=True).verify(token, typ="JWT") == {"a": 1}


@pytest.mark.parametrize("name", ["master/current", "index.key", "master", "."])
def test_production_refuses_what_others_may_read(deployment: Deployment, name):
    deployment.node(is_production=True)
    path = deployment.keys / name
    path.chmod(0o755 if path.is_dir() else 0o640)
    with pytest.raises(
        ConfigurationError, match=rf"is open to other users of this machine. Run: chmod (6|7)00 .*{path.name}"
    ):
        deployment.node(is_production=True)


def test_development_key_folder_is_marked_before_it_holds_a_key(deployment: Deployment):
    deployment.node()
    made = {path.name: path.stat().st_mtime_ns for path in deployment.keys.rglob("*") if path.is_file()}
    assert made["DEVELOPMENT"] <= made["index.key"]


@pytest.mark.usefixtures("node")
def test_empty_folder_for_a_used_database_is_refused(deployment: Deployment, tmp_path):
    """New keys could read nothing of what is there, and would be made without a word."""
    deployment.keys = tmp_path / "elsewhere"
    with pytest.raises(ConfigurationError, match="has no keys, but the database was used"):
        deployment.node()
    assert not deployment.keys.exists(), "nothing is begun in a folder that is refused"


@pytest.mark.usefixtures("node")
def test_name_that_no_folder_can_have_is_refused_in_words(deployment: Deployment, tmp_path):
    deployment.keys = tmp_path / ("x" * 300)
    with pytest.raises(ConfigurationError, match=r"cannot look at .*: File name too long"):
        deployment.node()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("index.key", None, "index.key is missing"),
        ("index.key", "short\n", "index.key is damaged"),
        ("master/current", "../../etc\n", "names no master key"),
        ("master/current", "", "names no master key"),
        ("master/current", "ffffffff\n", "names no master key"),
    ],
)
@pytest.mark.usefixtures("node")
def test_folder_that_is_not_whole_is_named(deployment: Deployment, name, content, message):
    path = deployment.keys / name
    path.unlink() if content is None else path.write_text(content, encoding="ascii")
    with pytest.raises(ConfigurationError, match=message):
        deployment.node()


def test_interrupted_first_run_is_finished_by_the_next(deployment: Deployment):
    node = deployment.node()
    index = node.index("phone", "1")
    # As if it had stopped before the current master key was named, and before any row was written.
    with deployment.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM signing_key")
    (deployment.keys / "master" / "current").unlink()
    again = deployment.node()
    assert again.index("phone", "1") == index
    assert again.verify(again.sign({"a": 1}, typ="JWT"), typ="JWT") == {"a": 1}


def test_missing_private_key_is_reported_and_found_again_without_a_restart(
    deployment: Deployment, node: Keyring, tmp_path
):
    assert node.problems() == ()
    kid = states(node)["active"].kid
    file = deployment.keys / "signing" / f"{kid}.pem"
    shutil.move(file, tmp_path / "backup")
    late = deployment.node()
    assert [kid in sentence for sentence in late.problems()] == [True]
    with pytest.raises(ConfigurationError, match="rotate --emergency"):
        late.sign({}, typ="JWT")
    assert late.verify(node.sign({"a": 1}, typ="JWT"), typ="JWT") == {"a": 1}
    shutil.move(tmp_path / "backup", file)
    assert late.verify(late.sign({"a": 1}, typ="JWT"), typ="JWT") == {"a": 1}


def test_lost_private_key_is_replaced_by_an_emergency_rotation(deployment: Deployment, node: Keyring):
    (deployment.keys / "signing" / f"{states(node)['active'].kid}.pem").unlink()
    late = deployment.node()
    late.rotate(emergency=True)
    assert late.verify(late.sign({"a": 1}, typ="JWT"), typ="JWT") == {"a": 1}
    assert late.problems() == ()


def test_damaged_waiting_key_does_not_stop_the_signing_one(deployment: Deployment, node: Keyring):
    (deployment.keys / "signing" / f"{states(node)['pending'].kid}.pem").write_text("rubbish", encoding="ascii")
    late = deployment.node()
    assert late.verify(late.sign({"a": 1}, typ="JWT"), typ="JWT") == {"a": 1}
    assert ["damaged" in sentence for sentence in late.problems()] == [True]


def test_database_without_tables_is_named(deployment: Deployment):
    with deployment.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE key_set_version RENAME TO hidden")
    try:
        with pytest.raises(ConfigurationError, match="idp db upgrade"):
            deployment.node()
    finally:
        with deployment.database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE hidden RENAME TO key_set_version")


def test_folder_that_cannot_be_made_is_named(deployment: Deployment, tmp_path):
    (tmp_path / "file").write_text("", encoding="ascii")
    deployment.keys = tmp_path / "file" / "keys"
    with pytest.raises(ConfigurationError, match="IDP_KEYS_DIR: cannot make"):
        deployment.node()
