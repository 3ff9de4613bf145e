"""What a server runs: the Django application of the social welfare site."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "welfare.settings")
app = get_wsgi_application()
