"""What a person's browser has to load before the first sign-in page is complete: requests and compressed bytes.

Follows the client's redirect as a browser would and loads whatever the page names: styles, scripts, images, icons.
Where the server sends a body as it is, its size under gzip counts, because a proxy in front would compress it.
"""

import gzip
import re
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urljoin, urlsplit

from tests.bench.load.flows import SCOPE, authorization_url, new_request
from tests.bench.load.people import address_of_network
from tests.bench.load.subject import CLIENT_ID, Subject

LOADED_RELATIONS = frozenset({"stylesheet", "icon", "preload", "modulepreload", "manifest", "apple-touch-icon"})
STYLE_ADDRESS = re.compile(r"""(?:@import\s+|url\()\s*["']?([^"')]+)""")
TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Loaded:
    """One thing the browser loaded. `as_sent` is its size on the wire."""

    path: str
    as_sent: int
    compressed: int


class ResourceReader(HTMLParser):
    """Collects what a page makes the browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of a style, script, picture or icon."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "link" and LOADED_RELATIONS & set(attributes.get("rel", "").lower().split()):
            self.addresses.append(attributes.get("href", ""))
        elif tag in {"script", "img", "source"}:
            self.addresses.append(attributes.get("src", ""))


def weigh_sign_in_page(subject: Subject) -> list[Loaded]:
    """Load the first sign-in page the way somebody new arrives. The page itself comes first."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    asked = new_request(subject, CLIENT_ID, SCOPE)
    page, url, body = load(opener, authorization_url(subject, asked.parameters))
    reader = ResourceReader()
    reader.feed(body.decode("utf-8", "replace"))
    loaded, waiting, seen = [page], [urljoin(url, address) for address in reader.addresses if address], set[str]()
    while waiting:
        address = waiting.pop(0)
        if address in seen or not address.startswith(subject.issuer):
            continue
        seen.add(address)
        resource, _, body = load(opener, address)
        loaded.append(resource)
        if ".css" in address:
            waiting.extend(urljoin(address, found) for found in STYLE_ADDRESS.findall(body.decode("utf-8", "replace")))
    return loaded


def load(opener: urllib.request.OpenerDirector, url: str) -> tuple[Loaded, str, bytes]:
    """Load one address. Returns what it weighs, where it ended and its body, unpacked."""
    headers = {"Accept-Encoding": "gzip", "Accept": "text/html,*/*", "X-Forwarded-For": address_of_network(60_000)}
    with opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_SECONDS) as answer:
        sent = answer.read()
        is_compressed = answer.headers.get("Content-Encoding") == "gzip"
        final = answer.url
    body = gzip.decompress(sent) if is_compressed else sent
    compressed = len(sent) if is_compressed else min(len(sent), len(gzip.compress(body, 6)))
    return Loaded(urlsplit(final).path, len(sent), compressed), final, body
