"""People of the tests: every number is valid, and belongs to nobody."""

from datetime import date, timedelta
from typing import Any

from idp.accounts.draft import NewAccount
from idp.accounts.organizations import NewMembership


def wide(text: str) -> str:
    """Return ASCII as Chinese keyboards type it at full width."""
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


def id_number(index: int = 0, *, region: str = "110105", born: date = date(1949, 12, 31)) -> str:
    """Return the ID number of the index-th person born in this region on or after this day; even indexes are women."""
    from stdnum.cn import ric

    body = f"{region}{born + timedelta(days=index // 1000):%Y%m%d}{index % 1000:03d}"
    return body + ric.calc_check_digit(body + "0")


def credit_code(index: int = 0, *, start: str = "91110000") -> str:
    """Return the unified social credit code of the index-th organization."""
    from stdnum.cn import uscc

    body = f"{start}{index:09d}"
    return body + uscc.calc_check_digit(body + "0")


def citizen(index: int = 0, **changes: Any) -> NewAccount:
    """Return a citizen with every number."""
    values = {
        "kind": "citizen",
        "username": f"citizen{index}",
        "name": "张三丰",
        "id_number": id_number(index),
        "phone": f"138{index:08d}",
        "email": f"citizen{index}@example.cn",
    }
    return NewAccount(**(values | changes))


def enterprise(index: int = 0, **changes: Any) -> NewAccount:
    """Return an enterprise account with one membership."""
    values = {
        "kind": "enterprise",
        "username": f"enterprise{index}",
        "name": "李四",
        "memberships": (NewMembership(uscc=credit_code(index), role="legal_representative", name="示例科技有限公司"),),
    }
    return NewAccount(**(values | changes))


def staff(index: int = 0, **changes: Any) -> NewAccount:
    """Return a staff account of the tax bureau."""
    values = {
        "kind": "staff",
        "username": f"staff{index}",
        "name": "王五",
        "id_number": id_number(index, region="310101", born=date(1980, 1, 1)),
        "agency": "tax-bureau",
        "roles": ("clerk",),
    }
    return NewAccount(**(values | changes))
