"""What the kit's pages say, by error code: OAuth and OpenID Connect codes from the provider, and the kit's own.

Each says what happened, whether anything was done, and what to do next, in Chinese and in English.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A heading and a text in both languages, the status, and whether signing in again can help."""

    status: int
    zh: tuple[str, str]
    en: tuple[str, str]
    offers_sign_in: bool = True


_START_AGAIN = Notice(
    400,
    ("请重新登录", "这次登录是在另一个浏览器里开始的，或者等待时间过长，已经失效。请重新登录。"),
    ("Please sign in again", "This sign-in was started in another browser, or took too long. Please start again."),
)
_NOT_PROVEN = Notice(
    400,
    ("登录未完成", "登录结果没有通过安全检查，您没有登录。请重新登录；如果再次出现，请把下面的编号告诉本网站。"),
    (
        "You are not signed in",
        """The result of the sign-in did not pass our security checks. Please sign in again.
        If this happens again, tell this site the reference below.""",
    ),
)
_BUSY = Notice(
    503,
    ("登录服务暂时无法使用", "暂时联系不上统一身份认证平台。请等几分钟再试，您不需要做其他操作。"),
    (
        "Signing in is not possible right now",
        "The identity provider cannot be reached. Please try again in a few minutes.",
    ),
)
_NOT_SIGNED_IN = Notice(
    401,
    ("请先登录", "您还没有登录，登录已经结束，或者这项操作需要重新登录。刚才的操作没有办理，请登录后再试。"),
    (
        "Please sign in first",
        """You are not signed in, your sign-in has ended, or this step needs a new one. Nothing was done.
        Please sign in and try again.""",
    ),
)
_INTERACTION_NEEDED = Notice(
    400,
    ("请登录", "需要您本人在统一身份认证平台上操作一次。请点击登录。"),
    ("Please sign in", "The identity provider needs you to do this step yourself. Please choose Sign in."),
)
_DENIED = Notice(
    403,
    (
        "您没有登录",
        "您没有同意提供信息，或者您的账号类型不能使用本网站。您的信息没有提供给本网站。您可以换一个账号登录，或者返回首页。",
    ),
    (
        "You are not signed in",
        """You did not agree, or your kind of account cannot use this site. Nothing was shared.
        You can sign in with another account, or go back.""",
    ),
)
_TOO_WEAK = Notice(
    403,
    (
        "需要更安全的登录方式",
        "这项业务要求更安全的登录方式，您的账号还没有设置。请先在统一身份认证平台设置动态口令，再重新登录。",
    ),
    (
        "A stronger sign-in is needed",
        """This service asks for a stronger sign-in than your account can give.
        Add an authenticator app at the identity provider, then sign in again.""",
    ),
)
_ENDED = Notice(
    400,
    ("您已退出登录", "登录过程中您的登录被结束了。如果要继续，请重新登录。"),
    ("You have been signed out", "Your sign-in was ended while it was under way. To go on, sign in again."),
)
_SIGNED_OUT_HERE_ONLY = Notice(
    503,
    ("您已退出本网站", "暂时联系不上统一身份认证平台，您在其他网站可能仍是登录状态。如果是公用电脑，请关闭浏览器。"),
    (
        "You are signed out of this site",
        """The identity provider cannot be reached, so you may still be signed in to other sites.
        On a shared computer, close the browser.""",
    ),
    offers_sign_in=False,
)
_OTHER_SITE = Notice(
    403,
    ("没有办理", "这个请求来自其他网站，为了您的安全没有办理。请返回首页操作。"),
    (
        "Nothing was done",
        "This request came from another site and was refused for your safety. Please use the home page.",
    ),
    offers_sign_in=False,
)
SITE_AT_FAULT = Notice(
    502,
    ("登录未完成", "本网站的登录设置有问题，这不是您的错。请把下面的编号告诉本网站。"),
    (
        "You are not signed in",
        "This site's sign-in is not set up correctly. It is not your fault. Please tell the site.",
    ),
)
"""For codes that only a wrong registration or setting can cause, and for codes nobody knows."""

NOTICES: dict[str, Notice] = {
    "unknown_state": _START_AGAIN,
    "invalid_grant": _START_AGAIN,
    "invalid_response": _NOT_PROVEN,
    "wrong_issuer": _NOT_PROVEN,
    "token_refused": _NOT_PROVEN,
    "provider_unreachable": _BUSY,
    "temporarily_unavailable": _BUSY,
    "server_error": _BUSY,
    "login_required": _INTERACTION_NEEDED,
    "interaction_required": _INTERACTION_NEEDED,
    "consent_required": _INTERACTION_NEEDED,
    "account_selection_required": _INTERACTION_NEEDED,
    "sign_in_needed": _NOT_SIGNED_IN,
    "access_denied": _DENIED,
    "unmet_authentication_requirements": _TOO_WEAK,
    "ended_meanwhile": _ENDED,
    "signed_out_here_only": _SIGNED_OUT_HERE_ONLY,
    "other_site": _OTHER_SITE,
}
