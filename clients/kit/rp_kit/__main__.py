"""``python -m rp_kit key.pem`` prints the ``jwks`` of the site's own key for its registration (RFC 7591 §2)."""

import json
import sys
from pathlib import Path

from rp_kit.client_key import ClientKey
from rp_kit.errors import ConfigurationError


def main(arguments: list[str]) -> int:
    """Print the public half of the key in the file; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m rp_kit key.pem\n")
        return 2
    try:
        key = ClientKey(Path(arguments[0]).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ConfigurationError) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 1
    sys.stdout.write(json.dumps({"keys": [key.public_jwk]}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
