"""Templates mirror the blueprints: whoever knows the address of a page knows where its template is."""

import re

from tests.architecture.tree import PACKAGE, ROOT, files, name_of

_SHARED = {"components", "errors", "layouts", "notices"}
_NOT_BLUEPRINTS = {"errors", "shared", "static"}
_TEMPLATE_NAME = re.compile(r"""["']([a-z_]+(?:/[a-z_]+)+\.html)["']""")
_WEB = PACKAGE / "web"


def test_every_template_folder_is_a_blueprint():
    blueprints = {_blueprint_of(path) for path in _web_modules()} - _NOT_BLUEPRINTS
    templates = [
        path.relative_to(ROOT / "templates").parts for path in files() if path.is_relative_to(ROOT / "templates")
    ]
    strangers = {parts[0] for parts in templates if len(parts) > 1} - _SHARED - blueprints
    assert not strangers or not blueprints, (
        f"templates/{sorted(strangers)}: no blueprint idp/web/<name> renders these;"
        f" rename the folder after its blueprint ({', '.join(sorted(blueprints))}) or add the blueprint"
    )


def test_every_rendered_template_stands_in_its_blueprints_folder():
    wrong = [
        f"{name_of(path)} renders {name}"
        for path in _web_modules()
        for name in _TEMPLATE_NAME.findall(path.read_text(encoding="utf-8"))
        if _blueprint_of(path) not in _NOT_BLUEPRINTS and name.split("/")[0] not in _SHARED | {_blueprint_of(path)}
    ]
    assert not wrong, f"move each of these templates into the folder of the blueprint that renders it: {wrong}"


def test_every_template_that_is_rendered_exists():
    missing = [
        f"{name_of(path)}: {name}"
        for path in _web_modules()
        for name in _TEMPLATE_NAME.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / "templates" / name).is_file()
    ]
    assert not missing, f"add these templates, or correct the name that is rendered: {missing}"


def test_no_script_talks_across_windows():
    """RFC9700-4.17-postmessage: nothing is posted to, or taken from, another window."""
    scripts = [path for path in files() if path.suffix in {".js", ".html"} and not path.is_relative_to(ROOT / "tests")]
    talkative = [name_of(path) for path in scripts if "postMessage" in path.read_text(encoding="utf-8")]
    assert not talkative, f"exact origins are needed wherever windows talk: {talkative}"


def _web_modules():
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(_WEB) and path.stem != "__init__"]


def _blueprint_of(path):
    """A blueprint is a folder of idp/web, or a single module where one is enough."""
    return path.relative_to(_WEB).parts[0].removesuffix(".py")
