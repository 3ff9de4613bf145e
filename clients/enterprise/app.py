"""The enterprise services site (企业服务), on Flask: for accounts that act for an organization.

Between the two marks is everything it needs to sign people in.
"""

import logging

from flask import Flask, Response, render_template

# sign-in: begin
from rp_kit.flask import SignIn

app = Flask(__name__)
sign_in = SignIn(app, client_id="enterprise", scope="openid profile organization", notice_template="notice.html")
# sign-in: end
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@app.get("/")
def home() -> str:
    return render_template("home.html")


@app.get("/annual-report")
@sign_in.required()
def annual_report() -> str:
    return render_template("annual_report.html")


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
