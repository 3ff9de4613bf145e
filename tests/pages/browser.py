"""Shows the sample pages in a browser without any network: the application itself answers every request."""

from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Page, Route


def serve_from(page: Page, app: Flask, origin: str) -> list[str]:
    """Answer what the page asks of ``origin`` from the application and refuse all else; return what was asked."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        request = route.request
        asked.append(request.url)
        if not request.url.startswith(origin):
            route.abort()
            return
        parts = urlsplit(request.url)
        headers = {name: value for name, value in request.all_headers().items() if not name.startswith(":")}
        response = app.test_client(use_cookies=False).open(
            parts.path,
            method=request.method,
            base_url=origin,
            query_string=parts.query,
            headers={**headers, "Accept-Encoding": "identity"},
            data=request.post_data_buffer,
        )
        route.fulfill(status=response.status_code, headers=dict(response.headers), body=response.get_data())

    page.route("**/*", answer)
    return asked
