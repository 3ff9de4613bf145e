"""The pages for devices with what they would really be given (see samples)."""

from datetime import datetime, timedelta
from typing import Any

from idp.web.shared.pages import Problem


def device_samples(say: Any, slip: Any, sample: Any, now: datetime) -> list[Any]:
    """Return the pages; ``sample`` is the class of samples."""
    claims = [{"term": say("姓名", "Name"), "value": "张*三", "purpose": ""}]
    asked = {
        "service": slip,
        "person": "张*三",
        "device": "Linux",
        "network": "192.0.2.0/24",
        "asked_at": now - timedelta(minutes=1),
        "basis": "consent",
        "sources": [{"name": say("您的账号资料", "Your account"), "note": "", "claims": claims}],
        "given": [],
        "displayed": "seal",
        "sign_out_url": "/logout",
    }
    endings = [{"value": ending, "label": ending} for ending in ("BDFG", "GHJK", "WXZT")]
    return [
        sample("/device", "device/enter.html"),
        sample("/device/linked", "device/enter.html", {"linked_code": "BCDFGHJK"}),
        sample(
            "/device/unknown",
            "device/enter.html",
            {"problems": [Problem(say("没有设备在等待这个代码，请再看一下设备", "No device is waiting"), "user_code")]},
        ),
        sample("/device/confirm", "device/confirm.html", {**asked, "user_code": "BCDF-GHJK"}),
        sample(
            "/device/confirm/linked",
            "device/confirm.html",
            {
                **asked,
                "endings": endings,
                "problems": [Problem(say("请选择", "Choose how the code on the device ends"), "ending")],
            },
        ),
        *(
            sample(f"/device/{result}", "device/done.html", {"result": result})
            for result in ("allowed", "denied", "gone")
        ),
        sample("/device/wait", "device/wait.html", {"until": now, "retry_url": "/device"}, 429),
        sample("/device/not-admitted", "device/not_admitted.html", {"service": slip, "kind": "staff"}, 403),
    ]
