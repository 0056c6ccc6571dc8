import pytest

from lastseen.server.config.sections.channels import Channel
from lastseen.server.config.sections.notify import Apprise, Command, Telegram, Webhook
from lastseen.server.notify.channels.apprise_ import AppriseSender
from lastseen.server.notify.channels.command import CommandSender
from lastseen.server.notify.channels.making import make_sender
from lastseen.server.notify.channels.telegram import TelegramSender
from lastseen.server.notify.channels.webhook import WebhookSender


@pytest.mark.parametrize(
    ("channel", "kind"),
    [
        (Webhook(name="x", url="http://x"), WebhookSender),
        (Telegram(name="x", token="1:a", chat_id=1), TelegramSender),  # noqa: S106 - nobody's
        (Apprise(name="x", url="json://x"), AppriseSender),
        (Command(name="x", argv=("true",)), CommandSender),
    ],
)
async def test_every_kind_of_channel_has_its_way(channel: Channel, kind: type, http):
    assert type(make_sender(channel, lambda: http)) is kind


async def test_there_is_no_way_to_no_kind(http):
    with pytest.raises(TypeError, match="no way to a Channel"):
        make_sender(Channel(name="x"), lambda: http)


async def test_redirects_are_not_followed_and_certificates_are_verified(http):
    assert http.follow_redirects is False
