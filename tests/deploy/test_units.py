"""The systemd units: systemd itself finds nothing to complain about."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
PROGRAMS = {"lastseen.service": "lastseen-server", "lastseen-client.service": "lastseen"}


@pytest.mark.parametrize("unit", PROGRAMS)
def test_systemd_has_no_complaint_about_a_unit(unit: str, tmp_path: Path):
    if shutil.which("systemd-analyze") is None:
        assert not os.environ.get("CI"), "systemd-analyze is missing: apt-get install systemd"
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    installed = Path(sys.executable).with_name(PROGRAMS[unit])
    text = (DEPLOY / unit).read_text()
    command = f"ExecStart={PROGRAMS[unit]} "
    assert command in text
    copy = tmp_path / unit
    copy.write_text(text.replace(command, f"ExecStart={installed} "))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
