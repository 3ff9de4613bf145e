"""Pictures of pages, to be looked at by a person: of the sample pages, or of any running site.

    python -m tests.pages.screenshots                             every sample page, every variant
    python -m tests.pages.screenshots login consent               only these, by the names of their files
    python -m tests.pages.screenshots --base http://localhost:8000 /login /account --cookie idp_session=…

They are written to var/shots, which is outside git.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.browser import serve_from
from tests.pages.sample_app import HTTPS_ISSUER, build_sample_app
from tests.pages.samples import samples
from tests.support.chromium import launch

FOLDER = Path("var/shots")


@dataclass(frozen=True)
class Variant:
    """One way to look at a page."""

    name: str
    width: int
    query: str = ""
    scheme: Literal["light", "dark"] = "light"


VARIANTS = (
    Variant("zh-390", 390, "lang=zh"),
    Variant("zh-1440", 1440, "lang=zh"),
    Variant("zh-320", 320, "lang=zh"),
    Variant("zh-390-dark", 390, "lang=zh", "dark"),
    Variant("zh-390-elder", 390, "lang=zh&size=elder"),
    Variant("zh-390-elder-xl", 390, "lang=zh&size=elder-xl"),
    Variant("zh-1440-elder", 1440, "lang=zh&size=elder"),
    Variant("en-390", 390, "lang=en"),
    Variant("en-1440", 1440, "lang=en"),
    Variant("en-1440-dark", 1440, "lang=en", "dark"),
)


def open_page(browser: Browser, variant: Variant) -> Page:
    context = browser.new_context(
        viewport={"width": variant.width, "height": 800},
        color_scheme=variant.scheme,
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    return context.new_page()


def shoot_samples(browser: Browser, names: Iterable[str], variants: Iterable[Variant]) -> None:
    wanted = set(names)
    app = build_sample_app()
    for variant in variants:
        page = open_page(browser, variant)
        serve_from(page, app, HTTPS_ISSUER)
        for sample in samples("zh-Hans"):
            if not wanted or sample.name in wanted:
                page.goto(f"{HTTPS_ISSUER}{sample.path}?{variant.query}")
                save(page, f"{sample.name}.{variant.name}")
        page.context.close()


def shoot_site(
    browser: Browser, base: str, paths: Iterable[str], cookies: dict[str, str], variants: Iterable[Variant]
) -> None:
    for variant in variants:
        page = open_page(browser, variant)
        page.context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
        for path in paths:
            separator = "&" if urlsplit(path).query else "?"
            page.goto(f"{base}{path}{separator}{variant.query}")
            name = urlsplit(path).path.strip("/").replace("/", "-") or "home"
            save(page, f"{name}.{variant.name}")
        page.context.close()


def save(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", help="names of sample pages, or with --base paths")
    parser.add_argument("--base", help="address of a running site")
    parser.add_argument("--cookie", action="append", default=[], help="name=value, for pages behind a sign-in")
    parser.add_argument("--variant", action="append", default=[], help=", ".join(variant.name for variant in VARIANTS))
    options = parser.parse_args()
    variants = [variant for variant in VARIANTS if not options.variant or variant.name in options.variant]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if options.base:
            cookies = dict(cookie.split("=", 1) for cookie in options.cookie)
            shoot_site(browser, options.base, options.pages or ["/"], cookies, variants)
        else:
            shoot_samples(browser, options.pages, variants)


if __name__ == "__main__":
    main()
