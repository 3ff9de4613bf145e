"""The sentences that views choose between, and the words for claims: wording stands here once, views
only pick.

Templates hold the wording of pages; what depends on an outcome (a wrong code, a device signed out) is a message id
here, to be translated with ``locale.gettext``. Values go into ``%(name)s`` places.
"""

from collections.abc import Collection
from types import MappingProxyType
from typing import Final

from idp.foundation.translation import marked

# Sign-in. One message for every reason not to accept a name and a password (security rule S4).
WRONG_CREDENTIALS: Final = marked("The account or the password is not right")
ENTER_USERNAME: Final = marked("Enter your phone number, ID number or username")
ENTER_PASSWORD: Final = marked("Enter your password")
ENTER_TOTP: Final = marked("Enter the 6 digits of the authenticator code")
ENTER_RECOVERY_CODE: Final = marked("Enter a recovery code")
WRONG_TOTP: Final = marked("That code is not right. Enter the 6 digits that the app shows now")
WRONG_RECOVERY_CODE: Final = marked("That recovery code is not right. Compare it, or use another one")
WRONG_CODE: Final = marked("That code is not right")
USED_CODE: Final = marked("That code has been used already. Wait for the next one")
CLOCK_OFF: Final = marked("The code does not fit the time. Check the clock of your phone")
CHOOSE_FACTOR: Final = marked("Choose a way to confirm that it is you")
CHOOSE_ORGANIZATION: Final = marked("Choose an organization")

NO_PASSKEY_SENT: Final = marked("The browser sent no passkey. Try again, or use another way")
# One message for every reason not to accept a passkey (security rule S4).
PASSKEY_REFUSED: Final = marked("The passkey was not accepted. Try again, or use another way")
PASSKEY_TOO_LATE: Final = marked("That took too long, or was sent twice. Please try again")

# Devices.
ENTER_USER_CODE: Final = marked("Enter the 8 letters that the device shows")
UNKNOWN_USER_CODE: Final = marked("No device is waiting with that code. Look at the device again")
CHOOSE_ENDING: Final = marked("Choose how the code on the device ends")

# The account.
ENTER_CURRENT_PASSWORD: Final = marked("Enter the password you use now")
ENTER_NEW_PASSWORD: Final = marked("Enter the new password")
WRONG_CURRENT_PASSWORD: Final = marked("That is not the password you use now")
PASSWORD_CHANGED: Final = marked("<strong>Your password has been changed.</strong>")
KEEP_THE_CODES: Final = marked("Tick the box when you have kept the codes")
CODES_KEPT: Final = marked("<strong>Your recovery codes are ready.</strong>")
LABEL_TOO_LONG: Final = marked("Use at most 20 characters")
AUTHENTICATOR_ADDED: Final = marked("<strong>The authenticator app is set up.</strong>")
AUTHENTICATOR_REMOVED: Final = marked("<strong>The authenticator app has been removed.</strong>")
PASSKEY_ADDED: Final = marked("<strong>The passkey is set up.</strong>")
PASSKEY_REMOVED: Final = marked("<strong>The passkey has been removed.</strong>")
PASSKEY_TAKEN: Final = marked("This passkey is set up already")
PASSKEY_NOT_ATTESTED: Final = marked("This key is not on the list for staff. Use a security key of the office")
DEVICE_SIGNED_OUT: Final = marked("<strong>%(device)s has been signed out.</strong>")
OTHERS_SIGNED_OUT: Final = marked("<strong>All other devices have been signed out.</strong>")
BROWSERS_FORGOTTEN: Final = marked("<strong>Every browser is asked for the code again.</strong>")
SERVICE_STOPPED: Final = marked("<strong>%(service)s receives nothing new.</strong>")

CLAIM_NAMES: Final = MappingProxyType(
    {
        "name": marked("Name"),
        "family_name": marked("Family name"),
        "given_name": marked("Given name"),
        "preferred_username": marked("Username"),
        "gender": marked("Gender"),
        "birthdate": marked("Date of birth"),
        "email": marked("E-mail"),
        "phone_number": marked("Phone"),
        "address": marked("Postal address"),
        "organization": marked("Organization"),
        "ial": marked("Identity level"),
        "id_number": marked("ID number"),
    }
)
_SAYS_NOTHING_OF_THE_PERSON = frozenset({"email_verified", "phone_number_verified", "updated_at", "locale"})
_PARTS_OF_THE_NAME = frozenset({"family_name", "given_name"})


def listed_claims(names: Collection[str]) -> list[str]:
    """Return the claims that get a line, in the order of all pages; a part only where its whole is absent."""
    unlisted = _SAYS_NOTHING_OF_THE_PERSON | (_PARTS_OF_THE_NAME if "name" in names else frozenset())
    order = list(CLAIM_NAMES)
    return sorted(set(names) - unlisted, key=lambda name: (order.index(name) if name in order else len(order), name))
