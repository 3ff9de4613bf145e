"""The social welfare site (社会福利), on Django: its settings. Between the marks is what it needs to sign people in."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent

DEBUG = False
SECRET_KEY = os.environ["CLIENT_SECRET"]
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "welfare.views"
WSGI_APPLICATION = "welfare.app.app"
USE_TZ = True
USE_I18N = False
MIDDLEWARE = [
    "django.middleware.csrf.CsrfViewMiddleware",
    # sign-in: begin
    "rp_kit.django.SignInMiddleware",
    # sign-in: end
    "welfare.views.without_anything_foreign",
]
# sign-in: begin
RP_KIT = {"client_id": "welfare", "scope": "openid profile address", "notice_template": "notice.html"}
# sign-in: end
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [FOLDER / "templates"],
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "welfare.views.words"],
            "builtins": ["welfare.tags"],
        },
    }
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
