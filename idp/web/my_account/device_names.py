"""What people call the device and the browser behind a user agent string. A guess, and only ever shown as one."""

from dataclasses import dataclass
from typing import Final

from idp.foundation.translation import marked
from idp.web.shared.locale import gettext

_UNKNOWN: Final = marked("Unknown device")
# The first match counts: names that pretend to be others stand before those.
_DEVICES: Final = (
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_BROWSERS: Final = (
    ("MicroMessenger/", "WeChat"),
    ("AlipayClient/", "Alipay"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("VivoBrowser/", "vivo Browser"),
    ("HeyTapBrowser/", "HeyTap Browser"),
    ("UCBrowser/", "UC Browser"),
    ("MQQBrowser/", "QQ Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


@dataclass(frozen=True, slots=True)
class DeviceName:
    """``browser`` is empty when it cannot be told."""

    device: str
    browser: str


def device_name(user_agent: str | None) -> DeviceName:
    """Return the names for a user agent string."""
    text = user_agent or ""
    device = next((name for sign, name in _DEVICES if sign in text), None)
    browser = next((name for sign, name in _BROWSERS if sign in text), "")
    return DeviceName(device or gettext(_UNKNOWN), browser)
