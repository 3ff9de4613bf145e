"""What a page tells the developer of a site, outside production only: there it would only puzzle people."""

from idp.web.shared.state import shared


def for_developers(detail: str) -> str:
    """Return what may be shown of a detail, which holds no personal value."""
    return "" if shared().settings.environment == "production" else detail
