"""The pages a person sees when signing in or out does not go straight through: what happened, what to do, a reference.

Each page says everything in Chinese and in English, loads nothing, runs no script and shows no text that came with the
request; beside it stands the part in the person's language, for a template of the site. The reference is also in the
site's log, beside the reason. The wording is in ``rp_kit.notices``.
"""

import base64
import hashlib
import html
from urllib.parse import quote

from rp_kit.exchange import HTML, Fragment, Reply
from rp_kit.languages import CHINESE, ENGLISH
from rp_kit.notices import NOTICES, SITE_AT_FAULT

_STYLE = """
:root{color-scheme:light dark}
body{margin:0 auto;max-width:38rem;padding:2rem 1.25rem;font:1.125rem/1.7 "PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC","Noto Sans SC",system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.35;margin:0 0 .75rem}
section+section{margin-top:2rem;padding-top:1.5rem;border-top:1px solid #8899}
.act{display:inline-block;box-sizing:border-box;min-height:3rem;margin:.25rem .75rem .25rem 0;
padding:.55rem 1.25rem;border:2px solid #0d5664;border-radius:.375rem;background:#0d5664;color:#fff;font:inherit;
text-decoration:none;cursor:pointer}
.act.even{background:transparent;color:inherit}
form{display:inline}
.reference{font-size:.9375rem}
:focus-visible{outline:3px solid #ffc61a;outline-offset:2px}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# No form-action: after a sign-out is confirmed, the browser must be free to follow to the provider.
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
_UNAVAILABLE = 503


def notice_page(code: str, language: str, *, reference: str, return_to: str = "/") -> Reply:
    """Return the page for an error code; an unknown code means that the site's registration does not fit."""
    notice = NOTICES.get(code, SITE_AT_FAULT)
    again = f"/login?next={quote(return_to, safe='/')}" if notice.offers_sign_in else None
    said = {
        CHINESE: _fragment(notice.zh, ("登录", "返回首页", "编号："), again, reference),
        ENGLISH: _fragment(notice.en, ("Sign in", "Home page", "Reference: "), again, reference),
    }
    return _page(notice.status, said, language, {"Retry-After": "30"} if notice.status == _UNAVAILABLE else {})


def confirm_sign_out_page(language: str) -> Reply:
    """Return the question whether to sign out: a link must not do it by itself."""
    said = {
        spoken: Fragment(
            question,
            HTML(
                f'<h1>{question}</h1><form method="post" action="/logout"><button class="act">{yes}</button></form>'
                f'<a class="act even" href="/">{no}</a>'
            ),
        )
        for spoken, question, yes, no in (
            (CHINESE, "要退出登录吗？", "退出登录", "返回首页"),
            (ENGLISH, "Do you want to sign out?", "Sign out", "Home page"),
        )
    }
    return _page(200, said, language, {})


def _fragment(text: tuple[str, str], labels: tuple[str, str, str], again: str | None, reference: str) -> Fragment:
    sign_in, home, reference_label = labels
    link = f'<a class="act" href="{html.escape(again)}">{sign_in}</a>' if again else ""
    return Fragment(
        text[0],
        HTML(
            f'<h1>{text[0]}</h1><p>{text[1]}</p><p>{link}<a class="act even" href="/">{home}</a></p>'
            f'<p class="reference">{reference_label}{html.escape(reference)}</p>'
        ),
    )


def _page(status: int, said: dict[str, Fragment], language: str, headers: dict[str, str]) -> Reply:
    sections = "".join(f'<section lang="{spoken}">{part.html}</section>' for spoken, part in said.items())
    body = (
        f'<!doctype html><html lang="{CHINESE}"><head><meta charset="utf-8"><title>{said[CHINESE].title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{sections}</main></body></html>"
    )
    return Reply(status, body, headers={"Content-Security-Policy": _POLICY, **headers}, notice=said[language])
