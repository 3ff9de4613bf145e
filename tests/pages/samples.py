"""Every page with what it would really be given: the cases that the page tests and the screenshots share.

A sample is built for one language, because views hand over names and sentences in the language of the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup

from idp.web.shared.pages import Problem, ServiceSlip
from tests.pages.device_samples import device_samples
from tests.pages.logout_samples import logout_samples
from tests.pages.methods_samples import ASKED, methods_samples
from tests.pages.renewal_samples import renewal_samples

# 2 March 2026, 15:22 in Shanghai.
NOW = datetime(2026, 3, 2, 7, 22, 8, tzinfo=UTC)
_KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_URI = f"otpauth://totp/Unified%20Identity:zhang?secret={_KEY}&issuer=Unified%20Identity"


@dataclass(frozen=True)
class Sample:
    """One page: the address it stands at, its template and its context."""

    path: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200

    @property
    def name(self) -> str:
        return self.path.strip("/").replace("/", "-") or "home"


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


def samples(locale: str) -> list[Sample]:
    def say(zh: str, en: str) -> str:
        return zh if locale == "zh-Hans" else en

    tax = say("税务局网上办税", "Online Tax Office")
    slip = ServiceSlip(tax, say("示例省税务局", "Example Province Tax Service"), "https://tax.example.gov.cn/")
    return [
        *_sign_in(say, slip),
        *_consent(say, slip),
        *device_samples(say, slip, Sample, NOW),
        *(Sample(*sample) for sample in logout_samples(say, slip, tax, ago)),
        *methods_samples(say, slip, Sample, NOW),
        *(Sample(*sample) for sample in renewal_samples(say, slip, NOW)),
        *_account(say, tax),
        *_errors(slip),
        Sample("/", "home.html", {"services": [_service(say, tax)]}),
        Sample("/signed-in", "home.html", {"person": "张*三"}),
        Sample(
            "/authorize/form-post",
            "protocol/form_post.html",
            {
                "service": slip,
                "action": "https://tax.example.gov.cn/callback",
                "fields": [("code", "c0de"), ("state", "xyz")],
                "form_targets": ["https://tax.example.gov.cn/callback"],
            },
        ),
    ]


def _service(say, tax):
    return {
        "name": tax,
        "agency": say("示例省税务局", "Example Province Tax Service"),
        "home_url": "https://tax.example.gov.cn/",
    }


def _sign_in(say, slip):
    wrong = [Problem(say("账号或密码不正确", "The account or the password is not right"), "password")]
    code = [Problem(say("动态口令不正确，还可再试3次", "That code is not right. You can try 3 more times"), "code")]
    choose = [Problem(say("请选择一个单位", "Choose an organization"), "organization")]
    totp = {
        "service": slip,
        "step": 2,
        "steps": 2,
        "can_remember": True,
        "remember_days": 30,
        "recovery_url": "/login/recovery-code?i=sealed",
    }
    enrol = {"service": slip, "key": _KEY, "uri": _URI}
    options = [
        {"value": "1", "label": say("海州贸易有限公司", "Haizhou Trading Co."), "hint": "91350211M000100Y43"},
        {"value": "2", "label": say("临江物流有限公司", "Linjiang Logistics Co."), "hint": "91350100M000100Y4X"},
    ]
    factors = [
        {
            "value": "totp",
            "label": say("动态口令", "Authenticator code"),
            "hint": say("上次用的方式", "What you used last"),
        },
        {"value": "recovery_code", "label": say("恢复码", "Recovery code")},
    ]
    codes = [f"K7QM-4XWB-{n}TRP-9HGC" for n in range(10)]
    return [
        Sample("/login", "sign_in/login.html", {"service": slip, "passkey_options": ASKED}),
        Sample("/login/device", "sign_in/login.html", {"reason": "device", "passkey_options": ASKED}),
        Sample("/login/failed", "sign_in/login.html", {"service": slip, "problems": wrong, "username": "13800005678"}),
        Sample(
            "/login/full",
            "sign_in/login.html",
            {
                "service": slip,
                "reason": "recent",
                "passkey_options": ASKED,
                "kinds": [
                    {"href": "/login", "label": say("个人", "Person"), "is_current": True},
                    {"href": "/login?kind=organization", "label": say("法人", "Organization")},
                ],
                "other_ways": [{"href": "/login/sms", "title": say("短信验证码", "Security code by SMS")}],
                "recover_url": "/recover",
                "sign_up_url": "/sign-up",
                "help_url": "/help/assisted",
            },
        ),
        Sample("/login/totp", "sign_in/totp.html", totp),
        Sample("/login/totp-failed", "sign_in/totp.html", {**totp, "problems": code}),
        Sample("/login/step-up", "sign_in/totp.html", {"service": slip, "reason": "stronger"}),
        Sample(
            "/login/recovery-code", "sign_in/recovery_code.html", {"service": slip, "back_url": "/login/totp?i=sealed"}
        ),
        Sample("/login/factor", "sign_in/choose_factor.html", {"service": slip, "options": factors}),
        Sample("/login/account", "sign_in/choose_account.html", {"service": slip, "person": "张*三", "displayed": "s"}),
        Sample(
            "/login/organization",
            "sign_in/organization.html",
            {"service": slip, "options": options, "sign_out_url": "/logout"},
        ),
        Sample(
            "/login/organization-failed",
            "sign_in/organization.html",
            {"service": slip, "options": options, "problems": choose, "sign_out_url": "/logout"},
        ),
        Sample(
            "/login/wait",
            "sign_in/wait.html",
            {"service": slip, "until": NOW + timedelta(minutes=15), "retry_url": "/login?i=sealed"},
            429,
        ),
        Sample(
            "/login/wait-work",
            "sign_in/wait.html",
            {
                "service": slip,
                "until": NOW + timedelta(minutes=1),
                "retry_url": "/login?i=sealed",
                "username": "13800005678",
                "work": {"challenge": "0" * 64, "salt": "salt", "most": 1, "signature": "signature"},
            },
            429,
        ),
        Sample(
            "/login/after-work", "sign_in/login.html", {"service": slip, "username": "13800005678", "proof": "e30="}
        ),
        Sample("/login/enrol-start", "sign_in/enrol_start.html", {"service": slip}),
        Sample("/login/enrol", "sign_in/enrol_totp.html", enrol),
        Sample("/login/codes", "sign_in/recovery_codes.html", {"service": slip, "codes": codes}),
        Sample("/login/expired", "sign_in/expired.html", {"service": slip, "continue_url": "/login?i=sealed"}),
        Sample("/login/restart", "sign_in/restart.html", {}),
        Sample(
            "/login/not-admitted",
            "sign_in/not_admitted.html",
            {
                "service": slip,
                "kind": "staff",
                "admitted": ["citizen", "enterprise"],
                "switch_url": "/logout",
                "return_url": "/authorize/resume?i=sealed",
            },
            403,
        ),
        Sample("/account/totp/start", "my_account/totp_start.html"),
        Sample("/account/totp/new", "my_account/totp_new.html", {**enrol, "service": None}),
        Sample("/account/recovery-codes", "my_account/recovery_codes.html", {"replaces": True}),
        Sample("/account/recovery-codes-made", "my_account/recovery_codes.html", {"codes": codes}),
    ]


def _consent(say, slip):
    sources = [
        {
            "name": say("国家人口基础信息库", "National Population Register"),
            "note": say("由公安部门登记", "Recorded by the public security authority"),
            "claims": [
                {
                    "term": say("姓名", "Name"),
                    "value": "张*三",
                    "purpose": say("用于核对纳税人身份", "To check who the taxpayer is"),
                },
                {
                    "term": say("身份证号", "ID number"),
                    "value": "110***********001X",
                    "purpose": say("用于关联您的税务登记", "To find your tax record"),
                },
            ],
        },
        {
            "name": say("您的账号资料", "Your account"),
            "note": say("由您填写并验证", "Entered by you and verified"),
            "claims": [
                {
                    "term": say("手机号", "Phone"),
                    "value": "138****5678",
                    "purpose": say("用于发送办税结果", "To text you the result"),
                }
            ],
        },
    ]
    optional = [
        {
            "value": "email",
            "label": say("电子邮箱：z***@example.cn", "E-mail: z***@example.cn"),
            "hint": say("用于发送电子发票", "To send electronic invoices"),
        },
        {"value": "address", "label": say("联系地址：示例市****", "Postal address: Example City ****")},
    ]
    common = {
        "service": slip,
        "person": "张*三",
        "displayed": "c2VhbA",
        "privacy_url": "https://tax.example.gov.cn/privacy",
        "form_targets": ["https://tax.example.gov.cn/callback"],
        "sign_out_url": "/logout",
    }
    return [
        Sample(
            "/consent",
            "consent/consent.html",
            {**common, "sources": sources, "optional": optional, "days": 365, "offline": True},
        ),
        Sample(
            "/consent/more",
            "consent/consent.html",
            {**common, "sources": sources[1:], "given": sources[:1], "only_new": True, "days": 365},
        ),
        Sample(
            "/consent/details",
            "consent/consent.html",
            {
                **common,
                "sources": sources[:1],
                "authorization_details": [_records(say)],
                "acts_at": [say("社会保险经办服务", "Social Insurance Services")],
                "days": 365,
            },
        ),
        Sample(
            "/consent/statutory",
            "consent/statutory.html",
            {
                **common,
                "sources": sources,
                "legal_basis": say(
                    "《中华人民共和国税收征收管理法》第六条", "Tax Collection Administration Law, article 6"
                ),
            },
        ),
    ]


def _records(say):
    return {
        "template": "consent/authorization_details/read_records.html",
        "places": [say("海州市人力资源和社会保障局", "Haizhou Human Resources and Social Security Bureau")],
        "records": ["Social insurance contributions", "Tax payments"],
        "start": datetime(2023, 1, 1, tzinfo=UTC),
        "end": datetime(2025, 12, 31, tzinfo=UTC),
        "purpose": say("审核您的住房贷款申请", "To decide on your housing loan"),
    }


def _account(say, tax):
    welfare = say("社保查询", "Social Insurance")
    place = say("示例省海州市", "Haizhou, Example Province")
    devices = [
        {
            "id": "1",
            "name": say("小米手机", "Xiaomi phone"),
            "browser": say("系统浏览器", "System browser"),
            "place": place,
            "services": [tax],
            "first_seen": ago(days=90),
            "last_seen": ago(seconds=20),
            "is_current": True,
        },
        {
            "id": "2",
            "name": say("华为手机", "Huawei phone"),
            "browser": say("华为浏览器", "Huawei browser"),
            "network": "203.0.113.0/24",
            "services": [tax, welfare],
            "first_seen": ago(hours=6, minutes=8),
            "last_seen": ago(hours=6),
            "is_new": True,
        },
        {
            "id": "3",
            "name": say("Windows电脑", "Windows computer"),
            "browser": "Edge",
            "services": [],
            "first_seen": ago(days=1),
            "last_seen": ago(days=1),
        },
    ]
    services = [
        {
            "id": "tax",
            "name": tax,
            "agency": say("示例省税务局", "Example Province Tax Service"),
            "since": ago(days=30),
            "last_used": ago(hours=1),
            "until": NOW + timedelta(days=335),
            "claims": [say("姓名", "Name"), say("手机号", "Phone")],
        },
        {
            "id": "welfare",
            "name": welfare,
            "since": ago(days=3),
            "claims": [say("姓名", "Name")],
            "statutory": True,
            "legal_basis": say("《社会保险法》第七十四条", "Social Insurance Law, article 74"),
        },
    ]
    events = [
        {
            "what": say("登录", "Sign-in"),
            "at": ago(hours=1),
            "device": say("小米手机", "Xiaomi phone"),
            "place": place,
        },
        {"what": say("更改密码", "Password changed"), "at": ago(days=9), "device": "Edge", "place": place},
    ]
    ended = [{"name": "iPad", "place": place, "at": ago(hours=5)}]
    weak = [Problem(say("这个密码太常见", "This password is too common"), "new_password")]
    signed_out = Markup(say("<strong>已退出iPad。</strong>", "<strong>iPad has been signed out.</strong>"))  # noqa: S704 - fixed text
    return [
        Sample(
            "/account",
            "my_account/overview.html",
            {
                "person": "张*三",
                "username": "zhangsan",
                "phone": "138****5678",
                "email": "z***@example.cn",
                "level": {"text": "3", "is_checked": True},
                "last_sign_in": {
                    "at": ago(hours=19),
                    "place": place,
                    "methods": say("密码和动态口令", "password and authenticator code"),
                },
                "alert": {"at": ago(hours=6), "device": say("华为手机", "Huawei phone"), "place": place},
                "organizations": [
                    {"name": say("海州贸易有限公司", "Haizhou Trading Co."), "role": say("法定代表人", "Director")}
                ],
                "needs_totp": True,
                "needs_recovery_codes": True,
            },
        ),
        Sample(
            "/account/password", "my_account/change_password.html", {"username": "zhangsan", "minimum": 8, "others": 2}
        ),
        Sample(
            "/account/password/failed",
            "my_account/change_password.html",
            {"username": "zhangsan", "minimum": 8, "others": 2, "problems": weak},
        ),
        Sample(
            "/account/devices",
            "my_account/devices.html",
            {"devices": devices, "ended": ended, "notice": signed_out, "remembered": 2},
        ),
        Sample("/account/services", "my_account/services.html", {"services": services}),
        Sample("/account/services/none", "my_account/services.html", {"services": []}),
        Sample("/account/services/stop", "my_account/withdraw_service.html", {"item": services[0]}),
        Sample("/account/activity", "my_account/activity.html", {"events": events, "next": "?page=2"}),
        Sample("/account/activity/none", "my_account/activity.html", {"events": []}),
    ]


def _errors(slip):
    kinds = ["400", "403", "404", "405", "413", "429", "500", "busy", "stale_form", "unsafe_return", "unknown_service"]
    pages = [Sample(f"/errors/{kind}", f"errors/{kind}.html", {"retry_seconds": 600}, 400) for kind in kinds]
    detail = "invalid_request: redirect_uri is missing"
    return [
        *pages,
        Sample("/errors/suspended", "errors/suspended_service.html", {"service": slip}, 400),
        Sample("/errors/detail", "errors/error.html", {"detail": detail}, 400),
    ]
