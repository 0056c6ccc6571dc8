"""The log names what was changed on request, and the address that asked."""

from datetime import UTC, datetime

import pytest

from lastseen.server.change_log import log_change
from lastseen.shared.messages import (
    Answer,
    ChannelEnabled,
    Forgotten,
    Pong,
    Silenced,
    SilenceRecord,
    Unsilenced,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SILENCE = SilenceRecord(until=NOON, id=7, clients=("web-*",), reason="moving")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Silenced(SILENCE), ["silenced", "id=7", "web-*", "until=2026-12-01T12:00:00+00:00"]),
        (Unsilenced(7), ["unsilenced", "id=7"]),
        (ChannelEnabled("ops"), ["channel enabled", "channel=ops"]),
        (Forgotten("web-01"), ["client forgotten", "client_id=web-01"]),
    ],
)
def test_a_change_is_logged_with_the_address_that_asked_for_it(
    answer: Answer, words: list[str], capsys: pytest.CaptureFixture[str]
):
    log_change(answer, "192.0.2.7:5000")
    line = capsys.readouterr().err
    for word in [*words, "by=192.0.2.7:5000"]:
        assert word in line


def test_an_answer_that_changes_nothing_is_not_logged(capsys: pytest.CaptureFixture[str]):
    log_change(Pong(), "192.0.2.7:5000")
    assert capsys.readouterr().err == ""
