"""Who and what the demonstration consists of: the department sites, and accounts to sign in to them with.

Numbers are fictitious and pass their check digits (GB 11643, GB 32100).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """A department site and where it listens, counted from the provider's port."""

    client_id: str
    offset: int
    name: str


@dataclass(frozen=True)
class Account:
    """Somebody to sign in as."""

    username: str
    kind: str
    description: str
    details: Mapping[str, str]
    has_second_factor: bool = True
    power: str = ""


SITES = (
    Site("tax", 1, "税务局网上办税  Tax Online"),
    Site("welfare", 2, "社会福利  Social Welfare"),
    Site("enterprise", 3, "企业服务  Enterprise Services"),
)
ACCOUNTS = (
    Account(
        "zhangsan",
        "citizen",
        "张三, citizen: tax and welfare",
        {
            "--name": "张三",
            "--id-number": "110101199003077213",
            "--phone": "13800000001",
            "--email": "zhangsan@example.cn",
            "--address": "北京市东城区示例街1号",
        },
    ),
    Account(
        "lisi",
        "citizen",
        "李四, citizen with a password only",
        {"--name": "李四", "--id-number": "110101198506125622", "--phone": "13800000002"},
        has_second_factor=False,
    ),
    Account(
        "wangwu",
        "enterprise",
        "王五, acts for a company: enterprise and tax",
        {
            "--name": "王五",
            "--id-number": "110101197809234434",
            "--uscc": "91110101MA00000192",
            "--organization-name": "示例科技有限公司",
            "--organization-name-en": "Example Technology Ltd",
        },
    ),
    Account(
        "zhaoliu",
        "staff",
        "赵六, civil servant: no citizen site admits staff",
        {"--name": "赵六", "--id-number": "110101198211046441", "--agency": "tax-bureau"},
    ),
    Account(
        "sunli",
        "staff",
        "孙丽, security officer: the console",
        {
            "--name": "孙丽",
            "--id-number": "11010119850312208X",
            "--agency": "data-bureau",
            "--email": "sunli@example.cn",
        },
        power="security",
    ),
    Account(
        "zhouming",
        "staff",
        "周明, second security officer: the console",
        {
            "--name": "周明",
            "--id-number": "110101197908011172",
            "--agency": "data-bureau",
            "--email": "zhouming@example.cn",
        },
        power="security",
    ),
    Account(
        "wugang",
        "staff",
        "吴刚, system administrator: the console",
        {
            "--name": "吴刚",
            "--id-number": "110101198809233153",
            "--agency": "data-bureau",
            "--email": "wugang@example.cn",
        },
        power="system",
    ),
    Account(
        "zhengxin",
        "staff",
        "郑昕, auditor: the console",
        {
            "--name": "郑昕",
            "--id-number": "110101198304154249",
            "--agency": "data-bureau",
            "--email": "zhengxin@example.cn",
        },
        power="audit",
    ),
)
