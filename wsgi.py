"""The WSGI entry: creates the application from the environment, nothing else."""

import os

from idp.app import create_app
from idp.foundation.logging import configure_logging
from idp.foundation.settings import load_settings

configure_logging()
application = create_app(load_settings(os.environ))
