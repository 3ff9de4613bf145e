"""Passkeys in Chromium, with its virtual authenticator: enrolled, used alone and as second factor, removed."""

import pytest
from playwright.sync_api import expect

from tests.support.chromium import violations


class Device:
    """An authenticator that Chromium pretends to have, for one page."""

    def __init__(self, page, **options):
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable", {"enableUI": False})
        usual = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": usual | options})
        self._id = added["authenticatorId"]

    @property
    def credentials(self):
        return self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"]

    def is_present(self, value):
        """Let the person touch the device, or not."""
        self._session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self._id, "enabled": value})

    def verifies(self, value):
        """Let the device recognise its holder, or not."""
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": value})


@pytest.fixture
def complaints(page):
    heard = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.fixture
def device(page, serve):  # noqa: ARG001 - the provider answers
    return Device(page)


def sign_in(page, issuer, person):
    page.goto(f"{issuer}/login")
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", person.password)
    page.click("#login-submit")


def sign_out(page, issuer):
    page.goto(f"{issuer}/logout")
    page.click("#logout-confirm")
    page.wait_for_load_state()


def enrol(page, issuer, label="我的手机"):
    page.goto(f"{issuer}/account/passkeys/new")
    page.fill("#label", label)
    page.click("#passkey-create")
    page.wait_for_url(f"{issuer}/account/methods")


@pytest.fixture
def person(page, issuer, device, account_factory):
    """Somebody with a passkey on this page's device, signed out."""
    person = account_factory()
    sign_in(page, issuer, person)
    enrol(page, issuer)
    sign_out(page, issuer)
    device.is_present(False)
    return person


def without_autofill(page):
    """Be a browser that offers no passkeys in fields, so that only the button asks."""
    page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")


def sign_in_by_passkey(page, issuer, device):
    without_autofill(page)
    device.is_present(True)
    page.goto(f"{issuer}/login")
    page.click("#login-passkey")
    page.wait_for_url(f"{issuer}/account")


@pytest.mark.usefixtures("person")
def test_passkey_is_enrolled_and_signs_in_alone(page, issuer, device, complaints):
    """NIST-63B-2.2.2-aal2: a phishing-resistant way is there for everybody."""
    (credential,) = device.credentials
    assert (credential["isResidentCredential"], credential["rpId"]) == (True, "localhost")
    sign_in_by_passkey(page, issuer, device)
    page.goto(f"{issuer}/account/methods")
    expect(page.locator("main")).to_contain_text("我的手机")
    assert violations(page) == []
    assert complaints == []


@pytest.mark.usefixtures("person")
def test_passkey_is_offered_in_the_name_field(page, issuer, device, complaints):
    """Conditional mediation: nothing is pressed."""
    device.is_present(True)
    page.goto(f"{issuer}/login", wait_until="commit")
    page.wait_for_url(f"{issuer}/account")
    assert complaints == []


def test_passkey_is_the_second_factor_after_the_password(page, issuer, device, person, complaints):
    sign_in(page, issuer, person)
    page.wait_for_url(f"{issuer}/login/passkey?**")
    assert violations(page) == []
    device.is_present(True)
    page.click("#login-passkey")
    page.wait_for_url(f"{issuer}/account")
    assert complaints == []


def test_device_that_does_not_know_its_holder_signs_nobody_in(page, issuer, device, person):
    sign_in(page, issuer, person)
    page.wait_for_url(f"{issuer}/login/passkey?**")
    device.is_present(True)
    device.verifies(False)
    page.click("#login-passkey")
    status = page.locator("form[data-passkey] [role=status]")
    expect(status).to_have_text("没有提交任何内容，可以再试一次。")
    device.verifies(True)
    page.click("#login-passkey")
    page.wait_for_url(f"{issuer}/account")


@pytest.mark.usefixtures("person")
def test_same_device_is_not_enrolled_twice(page, issuer, device):
    sign_in_by_passkey(page, issuer, device)
    page.goto(f"{issuer}/account/passkeys/new")
    assert violations(page) == []
    page.click("#passkey-create")
    expect(page.locator("form[data-passkey] [role=status]")).to_have_text("这台设备上已有这个账号的通行密钥。")
    assert len(device.credentials) == 1


def test_removed_passkey_is_not_accepted_any_more(page, issuer, device, person):
    sign_in_by_passkey(page, issuer, device)
    page.goto(f"{issuer}/account/methods")
    page.get_by_role("button", name="删除").click()
    expect(page.locator("main")).to_contain_text("请在设备上也删除它")
    assert violations(page) == []
    page.get_by_role("button", name="删除").click()
    expect(page.locator("main")).to_contain_text("通行密钥已删除")
    sign_out(page, issuer)
    page.goto(f"{issuer}/login")
    page.click("#login-passkey")
    expect(page.locator(".errors")).to_contain_text("通行密钥未通过验证")
    # The password alone is enough again.
    sign_in(page, issuer, person)
    page.wait_for_url(f"{issuer}/account")


@pytest.mark.usefixtures("person")
def test_passkey_works_by_keyboard_alone(page, issuer, device):
    without_autofill(page)
    device.is_present(True)
    page.goto(f"{issuer}/login")
    page.focus("#login-submit")
    page.keyboard.press("Tab")
    expect(page.locator("#login-passkey")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{issuer}/account")


@pytest.mark.usefixtures("device")
def test_staff_cannot_enrol_a_device_that_nobody_vouches_for(page, issuer, account_factory, clock):
    person = account_factory(kind="staff")
    sign_in(page, issuer, person)
    page.fill("[name=code]", person.code(clock))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{issuer}/account")
    page.goto(f"{issuer}/account/passkeys/new")
    page.click("#passkey-create")
    expect(page.locator(".errors")).to_contain_text("这个密钥不在工作人员可用的名单中")


@pytest.mark.usefixtures("serve")
def test_without_script_no_passkey_is_offered(browser_context, issuer):
    page = browser_context(java_script_enabled=False).new_page()
    page.goto(f"{issuer}/login")
    assert page.locator("button:visible").all_inner_texts() == ["登录"]
    page.goto(f"{issuer}/login/passkey")
    expect(page.locator("main")).to_contain_text("这个浏览器不能使用通行密钥")
    expect(page.locator("main a")).to_contain_text(["使用账号和密码"])
