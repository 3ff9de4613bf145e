"""``response_mode=form_post``: a page whose form posts the parameters (OAuth 2.0 Form Post Response Mode §2)."""

from idp.protocol.response_modes.mode import ResponseMode

FORM_POST = ResponseMode("form_post", "form")
