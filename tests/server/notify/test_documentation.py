"""docs/notifications.md does what it says."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from lastseen.server.config.sections.kinds import Webhook
from lastseen.server.notify.channels.making import make_sender, new_http
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import Message
from lastseen.server.notify.webhook_body import DIGEST, TYPES, body

DOCUMENT = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text()
SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "YWJj" * 8
PATIENCE = 30.0


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[str]:
    """The receiver of the documentation, to the letter, in a process of its own."""
    (text,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "receiver.py").write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(tmp_path / "receiver.py"), str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()


async def test_the_receiver_of_the_documentation_takes_what_is_ours(
    receiver: str, make_message: Callable[..., Message]
):
    await _send(receiver, SECRET, make_message())
    await _send(receiver, (OTHER, SECRET), make_message())


async def test_the_receiver_of_the_documentation_refuses_what_is_not(
    receiver: str, make_message: Callable[..., Message]
):
    with pytest.raises(TransportError, match="HTTP 401"):
        await _send(receiver, OTHER, make_message())


def test_the_documented_body_has_the_fields_of_a_real_one(make_message: Callable[..., Message]):
    (text,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    real = json.loads(body(make_message()))
    assert _shape(json.loads(text)) == _shape(real)


def test_every_type_is_documented():
    for name in (*TYPES.values(), DIGEST):
        assert f"`{name}`" in DOCUMENT


async def _send(url: str, secret: str | tuple[str, ...], message: Message) -> None:
    channel = Webhook(name="x", url=url, secret=secret, timeout=PATIENCE)
    with trio.fail_after(2 * PATIENCE):
        async with new_http() as http:
            await make_sender(channel, lambda: http).send(message)


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return type(value).__name__


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < until, "the receiver did not start"
            time.sleep(0.02)
        else:
            return
