"""The tax office's site (税务局网上办税), on Flask. Between the two marks is everything it needs to sign people in."""

import logging

from flask import Flask, Response, render_template

# sign-in: begin
from rp_kit import AAL2
from rp_kit.flask import SignIn

app = Flask(__name__)
sign_in = SignIn(app, client_id="tax", scope="openid profile phone", notice_template="notice.html")
# sign-in: end
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@app.get("/")
def home() -> str:
    return render_template("home.html")


@app.get("/returns")
@sign_in.required()
def returns() -> str:
    return render_template("returns.html")


@app.get("/certificate")
@sign_in.required(acr=AAL2)
def certificate() -> str:
    return render_template("certificate.html")


@app.get("/privacy")
def privacy() -> str:
    return render_template("privacy.html")


@app.context_processor
def words() -> dict[str, object]:
    """Templates write each text in both languages."""
    english = sign_in.language == "en"
    return {"english": english, "say": lambda chinese, in_english: in_english if english else chinese}


@app.after_request
def without_anything_foreign(response: Response) -> Response:
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    )
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
