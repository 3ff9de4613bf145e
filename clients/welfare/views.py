"""Pages and addresses of the social welfare site. Between the marks is what it needs to sign people in."""

from collections.abc import Callable

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

# sign-in: begin
from rp_kit.django import language, required

# sign-in: end


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@required()
def benefits(request: HttpRequest) -> HttpResponse:
    return render(request, "benefits.html")


def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy.html")


def stylesheet(_: HttpRequest) -> FileResponse:
    return FileResponse((settings.FOLDER / "static" / "site.css").open("rb"), content_type="text/css; charset=utf-8")


def words(request: HttpRequest) -> dict[str, object]:
    """Templates know the language and who is signed in."""
    return {"english": language(request) == "en", "person": request.person}


def without_anything_foreign(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
        )
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return answer


urlpatterns = [
    path("", home),
    path("benefits", benefits),
    path("privacy", privacy),
    path("static/site.css", stylesheet),
    # sign-in: begin
    path("", include("rp_kit.django")),
    # sign-in: end
]
