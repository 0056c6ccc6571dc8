"""Secrets do not show themselves, wherever they are put."""

import traceback

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.config import Config
from lastseen.server.config.secret import UNSHOWN, Secret, reveal
from lastseen.server.config.sections.notify import Apprise, Notify, Telegram, Webhook

KEY = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"

CHANNELS = [
    Webhook(name="a", url=f"https://x/{KEY}"),
    Webhook(name="a", url="https://x", secret=KEY),
    Webhook(name="a", url="https://x", secret=("whsec_x", KEY)),
    Webhook(name="a", url="https://x", headers={"Authorization": KEY}),
    Telegram(name="a", token=KEY, chat_id=1),
    Apprise(name="a", url=f"slack://{KEY}"),
]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: type(c).__name__)
def test_no_channel_shows_its_secrets(channel):
    config = Config(notify=Notify(webhook=(channel,)))
    for shown in (repr(channel), str(channel), f"{channel}", repr(config)):
        assert KEY not in shown
        assert UNSHOWN in shown


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: type(c).__name__)
def test_a_changed_copy_hides_them_too(channel):
    assert KEY not in repr(msgspec.structs.replace(channel, enabled=False))


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: type(c).__name__)
def test_nobody_writes_them_by_accident(channel):
    for encode in (msgspec.json.encode, msgspec.to_builtins, msgspec.msgpack.encode):
        with pytest.raises(TypeError) as caught:
            encode(channel)
        assert KEY not in "".join(traceback.format_exception(caught.value))


@given(st.text())
def test_a_secret_is_its_text_to_who_uses_it_and_nothing_to_who_looks(text: str):
    secret = Secret(text)
    assert secret == text
    assert type(reveal(secret)) is str
    assert reveal(secret) == text
    assert f"{secret} {secret!s} {secret!r}" == f"{UNSHOWN} {UNSHOWN} '{UNSHOWN}'"


def test_only_text_is_revealed():
    with pytest.raises(NotImplementedError):
        reveal(object())
