"""Templates write each text in both languages: ``{% say "中文" "English" %}``."""

from typing import Any

from django import template

register = template.Library()


@register.simple_tag(takes_context=True)  # type: ignore[untyped-decorator, unused-ignore]
def say(context: dict[str, Any], chinese: str, english: str) -> str:
    return english if context.get("english") else chinese
