"""Every setting has its bounds, its reason and its place in the documentation."""

from pathlib import Path

import pytest
import tomli_w
from msgspec import NODEFAULT

from lastseen.server.config import SETTINGS, Setting
from lastseen.server.config.rendering import about
from lastseen.server.config.sections.channels import Channel
from lastseen.server.config.setting import INNER, may_hold_secret

REPOSITORY = Path(__file__).parents[3]


INNER_SETTINGS = [setting for several in INNER.values() for setting in several]
SHARED = Channel.__struct_fields__


@pytest.mark.parametrize("setting", [*SETTINGS, *INNER_SETTINGS], ids=lambda s: s.key)
def test_every_number_has_two_bounds_and_every_setting_a_reason(setting: Setting):
    assert setting.meta.description
    if setting.kind in (int, float):
        assert setting.meta.ge is not None
        assert setting.meta.le is not None


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.key)
def test_the_documentation_has_every_setting_as_the_schema_has_it(setting: Setting):
    live = "restart" if setting.restart else "live"
    assert_documented(f"| `{setting.key}` | {default_of(setting)} | {live} | {about(setting)} |")


@pytest.mark.parametrize("setting", INNER_SETTINGS, ids=lambda s: s.key)
def test_the_documentation_has_all_that_a_channel_or_a_window_may_have(setting: Setting):
    shared = setting.section != "notify.maintenance" and setting.name in SHARED
    default = default_of(setting)
    if shared:
        calm = next(s for s in INNER["notify.telegram"] if s.name == setting.name)
        prompt = next(s for s in INNER["notify.webhook"] if s.name == setting.name)
        default = default_of(prompt)
        if default != default_of(calm):
            default += f"; telegram, apprise: {default_of(calm)}"
        assert default_of(setting) in (default_of(prompt), default_of(calm))
    name = setting.name if shared else setting.key.removeprefix("notify.")
    assert_documented(f"| `{name}` | {default} | {about(setting)} |")


def test_what_is_secret_is_known_wherever_it_stands():
    for path in (
        "store.url",
        "notify",
        "notify.webhook",
        "notify.webhook[0]",
        "notify.webhook[12].url",
        "notify.webhook[0].secret[1]",
        "notify.webhook[0].headers[...]",
        "notify.telegram[0].token",
    ):
        assert may_hold_secret(path)
    for path in ("server.port", "notify.webhook[0].url_file", "notify.command[0].argv", "storage"):
        assert not may_hold_secret(path)


def default_of(setting: Setting) -> str:
    if setting.default is NODEFAULT:
        return "required"
    if setting.default is None:
        return "none"
    return f"`{in_toml(setting.default)}`"


def in_toml(value: object) -> str:
    if isinstance(value, tuple):  # on one line, which tomli_w does not
        return f"[{', '.join(map(in_toml, value))}]"
    return "{}" if value == {} else tomli_w.dumps({"": value}).partition("= ")[2].strip()


def assert_documented(row: str) -> None:
    assert row in (REPOSITORY / "docs" / "configuration.md").read_text().splitlines()
