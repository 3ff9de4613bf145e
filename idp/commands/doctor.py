"""``idp doctor``: every setting and dependency, in words that a person can act on. Status 1 when something fails."""

from collections.abc import Iterator
from typing import Final

import click
from sqlalchemy.exc import SQLAlchemyError

from idp.commands.deployment import open_services, refuse
from idp.commands.examination import EXAMINATIONS, Finding
from idp.commands.output import json_option, print_json, shown
from idp.foundation.errors import IDPError
from idp.foundation.time_limits import GLANCE

_MARKS: Final = {"ok": "ok     ", "warning": "WARNING", "failed": "FAILED "}


@click.command("doctor")
@json_option
def COMMAND(*, as_json: bool) -> None:  # noqa: N802 - the record that the root looks for
    """Check every setting and everything this service depends on."""
    findings = list(_findings())
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            click.echo(f"{_MARKS[finding.state]}  {finding.name}: {shown(finding.words)}")
    failed = sum(finding.state == "failed" for finding in findings)
    if failed:
        refuse(f"{failed} of {len(findings)} checks failed")


def _findings() -> Iterator[Finding]:
    try:
        with open_services(GLANCE) as services:
            for examine in EXAMINATIONS:
                try:
                    yield from examine(services)
                except (SQLAlchemyError, IDPError, OSError) as error:
                    words = f"cannot be examined: {' '.join(str(getattr(error, 'orig', None) or error).split())}"
                    yield Finding(examine.__name__, "failed", words)
    except IDPError as error:
        yield Finding("start", "failed", str(error))
    except SQLAlchemyError as error:
        words = " ".join(str(getattr(error, "orig", None) or error).split())
        yield Finding("database", "failed", f"IDP_DATABASE_URL cannot be reached: {words}")
