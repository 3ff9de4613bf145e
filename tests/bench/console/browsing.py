"""An officer's browser at the console: signs in through the pages, then asks for one address after the other."""

import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.bench.errors import BenchError
from tests.bench.load.engine import Engine
from tests.bench.load.flows import MOST_FORMS, origin
from tests.bench.load.forms import FormReader, answer
from tests.bench.load.people import Authenticators, Person
from tests.bench.load.responses import Response
from tests.bench.load.subject import Subject
from tests.bench.load.virtual_user import BROWSER, Page, Script, VirtualUser


@dataclass(frozen=True, slots=True)
class Look:
    """One request of an officer: an address, and what is posted there, if anything."""

    path: str
    form: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back, and after how many milliseconds."""

    response: Response
    milliseconds: float


class Officer:
    """Signed in from the first look on."""

    def __init__(self, subject: Subject, person: Person, engine: Engine, authenticators: Authenticators) -> None:
        self._user = VirtualUser(subject, person)
        self._console = subject.issuer
        self._engine = engine
        self._authenticators = authenticators
        # What the search form carries against forgery.
        self._hidden: dict[str, str] = {}
        engine.each([self._user], self._sign_in)

    def _sign_in(self, user: VirtualUser) -> Script[None]:
        place = yield from user.browse("GET", f"{self._console}/console")
        for _ in range(MOST_FORMS):
            if not isinstance(place, Page) or place.response.status >= 400:
                break
            if urlsplit(place.url).path.startswith("/console"):
                reader = FormReader()
                reader.feed(place.response.body.decode())
                self._hidden = next(form.fields for form in reader.forms if "q" in form.fields)
                return
            submitted = yield from answer(place, user.person, self._authenticators)
            headers = (*BROWSER, f"Origin: {origin(place.url)}", f"Referer: {place.url}")
            place = yield from user.browse(submitted.method, submitted.url, submitted.body, headers)
        raise BenchError(f"the officer did not get into the console: {place}")

    def see(self, look: Look) -> Seen:
        """Ask once. Raises BenchError for anything but a page, a redirect within the console, or nothing found."""
        found: list[Seen] = []

        def script(user: VirtualUser) -> Script[None]:
            body = urlencode(self._hidden | dict(look.form)) if look.form else None
            headers = (*BROWSER, f"Origin: {self._console}") if body else BROWSER
            request = user.build("POST" if body else "GET", self._console + look.path, body, headers, with_cookies=True)
            started = time.perf_counter()
            response = yield from user.ask(request)
            found.append(Seen(response, (time.perf_counter() - started) * 1000))

        self._engine.each([self._user], script)
        seen = found[0]
        if not is_fine(seen.response, has_form=bool(look.form)):
            raise BenchError(f"{look.path} answered {seen.response.status}: {seen.response.text()}")
        return seen


def is_fine(response: Response, *, has_form: bool) -> bool:
    """Tell whether the console answered as it should; a search that finds nothing says 404."""
    if response.status in {301, 302, 303}:
        return has_form and "/console" in response.location
    return response.status == 200 or (has_form and response.status == 404)
