"""The pages on ways to sign in, and those for passkeys, with what they would really be given (see samples)."""

from datetime import datetime, timedelta
from typing import Any

# As long as a real one: what a browser is asked for a passkey.
ASKED = (
    '{"challenge": "' + "JBSWY3DPEHPK3PXP" * 4 + 'ABCDEFGHIJKL", "timeout": 300000, "rpId": "id.example.gov.cn", '
    '"allowCredentials": [], "userVerification": "required"}'
)


def methods_samples(say: Any, slip: Any, sample: Any, now: datetime) -> list[Any]:
    """Return the pages; ``sample`` is the class of samples."""

    def ago(**duration: float) -> datetime:
        return now - timedelta(**duration)

    other = {"href": "/login/totp?i=sealed", "title": say("使用动态口令", "Use the authenticator code")}
    second = {"service": slip, "step": 2, "steps": 2, "options": ASKED, "other_ways": [other]}
    phone, old = [
        {
            "id": "a1",
            "is_named": True,
            "label": say("我的手机", "My phone"),
            "created_at": ago(days=200),
            "last_used_at": ago(hours=20),
        },
        {"id": "a2", "label": say("旧手机", "Old phone"), "created_at": ago(days=400), "last_used_at": None},
    ]
    methods = {
        "password": {"changed_at": ago(days=40), "last_used_at": ago(hours=1)},
        "passkeys": [{**phone, "is_backed_up": True}],
        "can_remove_passkey": True,
        "authenticators": [phone, old],
        "can_remove": True,
        "recovery": {"left": 7, "created_at": ago(days=200)},
    }
    remove = "my_account/remove_method.html"
    codes = "my_account/recovery_codes.html"
    return [
        sample("/login/passkey", "sign_in/passkey.html", second),
        sample("/login/unsaved", "sign_in/login.html", {"reason": "unsaved", "passkey_options": ASKED}),
        sample("/login/codes-again", "sign_in/recovery_codes.html", {"service": slip, "waiting": True}),
        sample("/login/set-up", "sign_in/recovery_codes.html", {"service": slip}),
        sample("/account/recovery-codes-again", codes, {"replaces": True, "waiting": True}),
        sample("/account/recovery-codes-useless", codes, {"is_useless": True}),
        sample("/account/passkeys/new", "my_account/passkey_new.html", {"options": ASKED, "attested": True}),
        sample("/account/methods", "my_account/methods.html", methods),
        sample("/account/methods/none", "my_account/methods.html", {"blocked_until": now + timedelta(hours=20)}),
        sample("/account/methods/remove", remove, {"item": phone, "kind": "totp"}),
        sample("/account/methods/remove-passkey", remove, {"item": phone, "kind": "passkey"}),
        sample(
            "/account/methods/remove-last", remove, {"item": old, "kind": "totp", "is_last": True, "ends_codes": True}
        ),
    ]
