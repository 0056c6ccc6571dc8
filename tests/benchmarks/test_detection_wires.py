"""A watcher's news, however the bytes come."""

from datetime import UTC, datetime

import pytest
from benchmarks.detection_wires import LOSING, News

from lastseen.shared.messages import ClientRecord, Diff
from lastseen.shared.wire import to_frame

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def record(client_id: str, status: str) -> ClientRecord:
    return ClientRecord(client_id, status, "registered", NOON, NOON)  # type: ignore[arg-type] - any


DIFFS = to_frame(
    Diff("e", 1, joins=[record("a", "online"), record("b", "late")], updates=[record("c", "late")])
) + to_frame(Diff("e", 2, leaves=[record("c", "offline")], updates=[record("b", "online")]))
WILLS = b"\xd0\x00" + b"\x30\x07\x00\x04goneb" + b"\x30\x08\x00\x04gonecc"
HEARD: dict[str, tuple[bytes, list[News]]] = {
    "lastseen": (DIFFS, [("b", "late"), ("c", "late"), ("c", "gone")]),
    "mqtt": (WILLS, [("b", "gone"), ("cc", "gone")]),
}


@pytest.mark.parametrize("name", HEARD)
def test_who_is_late_or_gone_is_heard_whole_and_byte_by_byte(name: str):
    data, expected = HEARD[name]
    assert sorted(LOSING[name].listener()(data)) == sorted(expected)
    listen = LOSING[name].listener()
    one_by_one = [news for byte in data for news in listen(bytes([byte]))]
    assert sorted(one_by_one) == sorted(expected)


def test_a_client_of_mqtt_leaves_a_will_and_its_keep_alive():
    assert LOSING["mqtt"].client(3) == (
        b"\x10\x2c\x00\x04MQTT\x04\x06\x00\x0a\x00\x0cclient-00003\x00\x04gone\x00\x0cclient-00003"
    )
