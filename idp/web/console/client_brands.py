"""The brand of a site in the console: asking for another one, and how a version would look to citizens.

A preview shows what a version holds, before and after its approval, from addresses that only staff can open.
"""

from collections.abc import Mapping
from typing import Any, Final

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.registry.brand.files import brand_of
from idp.registry.errors import RegistrationRefused
from idp.registry.views import Comparison
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.brands import sent
from idp.web.console.clients import PATH, client_of
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale, say
from idp.web.shared.pages import Problem, ServiceSlip, render
from idp.web.shared.services import services

_LONGEST: Final = 32_000
_FIELDS: Final = {"action": "", "action_dark": "", "logo": ""}
_ENGLISH: Final = "en"


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def editing(officer: Officer, client_id: str) -> Response:
    """Show the brand of the draft, else of what is in force."""
    return _form_page(officer, client_id, _brand_in(_content_of(officer, client_id)["policy"]), "")


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def propose(officer: Officer, client_id: str) -> Response:
    """Ask for a brand: the registration as it is, with these colours and this logo."""
    form = read_form(request)
    given = {name: form.text(name, _LONGEST) for name in _FIELDS}
    content, reason = _content_of(officer, client_id), form.text("reason")
    problem = reason_problem(reason) or _refusal(officer, client_id, _with_brand(content, given), form)
    return _form_page(officer, client_id, given, reason, problem) if problem else see_other(f"{PATH}/{client_id}")


@requires(Permission.SEE_CLIENTS)
def preview(officer: Officer, client_id: str, number: int) -> Response:
    """Show how citizens would see a version."""
    content = _version_of(officer, client_id, number).content
    path = f"{PATH}/{client_id}/versions/{number}"
    return render("console/preview.html", service=_slip_of(content, path), number=number, back_url=path)


@requires(Permission.SEE_CLIENTS)
def brand_file(officer: Officer, client_id: str, number: int, name: str) -> Response:
    """Answer with a file of a version's brand."""
    file = brand_of(_version_of(officer, client_id, number).content["policy"]).named(name)
    if file is None:
        raise NotFound
    return sent(file, "private, no-store")


def _content_of(officer: Officer, client_id: str) -> dict[str, Any]:
    detail = client_of(officer, client_id)
    content = detail.draft or detail.content
    if content is None:
        raise NotFound
    return content


def _version_of(officer: Officer, client_id: str, number: int) -> Comparison:
    client_of(officer, client_id)
    comparison = services().registry.compare(client_id, number)
    if comparison is None:
        raise NotFound
    return comparison


def _brand_in(policy: Mapping[str, Any]) -> dict[str, str]:
    theme = policy.get("theme", {})
    return {
        "action": theme.get("action", ""),
        "action_dark": theme.get("dark", {}).get("action", ""),
        "logo": policy.get("logo", ""),
    }


def _with_brand(content: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    policy = {name: value for name, value in content["policy"].items() if name not in {"theme", "logo"}}
    before = _brand_in(content["policy"])
    if before["action"] and all(given[name] == before[name] for name in ("action", "action_dark")):
        # A registration may say more of its colours than this form asks.
        policy["theme"] = content["policy"]["theme"]
    elif given["action"] or given["action_dark"]:
        dark = {"dark": {"action": given["action_dark"]}} if given["action_dark"] else {}
        policy["theme"] = {"action": given["action"], **dark}
    if given["logo"]:
        policy["logo"] = given["logo"]
    return {**content, "policy": policy}


def _refusal(officer: Officer, client_id: str, registration: Mapping[str, Any], form: Form) -> Problem | None:
    try:
        services().client_changes.propose(
            registration, officer, form.text("reason"), services().changes, client_id=client_id
        )
    except RegistrationRefused as error:
        about_logo = any(problem.member == "policy.logo" for problem in error.problems)
        return Problem(say(error.args[0]), "logo" if about_logo else "action")
    return None


def _form_page(
    officer: Officer, client_id: str, given: Mapping[str, str], reason: str, problem: Problem | None = None
) -> Response:
    return console_page(
        officer,
        "edit_brand.html",
        problems=[problem],
        client_id=client_id,
        given=given,
        reason=reason,
        approvals_needed=services().client_changes.approvals_needed,
    )


def _slip_of(content: Mapping[str, Any], path: str) -> ServiceSlip:
    brand = brand_of(content["policy"])
    name = content.get("client_name#en") if current_locale() == _ENGLISH else None
    return ServiceSlip(
        name or content["client_name"],
        content["policy"].get("agency_name") or content["policy"]["agency"],
        content.get("client_uri", ""),
        theme_url=f"{path}/brand/{brand.theme.name}" if brand.theme else "",
        logo_url=f"{path}/brand/{brand.logo.name}" if brand.logo else "",
    )
