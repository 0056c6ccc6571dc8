"""Every setting has its bounds, its reason and its place in the documentation."""

from pathlib import Path

import pytest
import tomli_w

from lastseen.server.config import SETTINGS, Setting
from lastseen.server.config.rendering import about

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.key)
def test_every_number_has_two_bounds_and_every_setting_a_reason(setting: Setting):
    assert setting.meta.description
    if setting.kind in (int, float):
        assert setting.meta.ge is not None
        assert setting.meta.le is not None


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.key)
def test_the_documentation_has_every_setting_as_the_schema_has_it(setting: Setting):
    default = tomli_w.dumps({"": setting.default}).partition("= ")[2].strip()
    live = "restart" if setting.restart else "live"
    row = f"| `{setting.key}` | `{default}` | {live} | {about(setting)} |"
    assert row in (REPOSITORY / "docs" / "configuration.md").read_text().splitlines()
