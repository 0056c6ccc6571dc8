"""Our signatures, verified by the reference implementation of the receiving side."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from lastseen.server.notify.signing import headers, key_of

OLD, NEW, OTHER = (f"whsec_{base64.b64encode(bytes([n]) * 24).decode()}" for n in (1, 2, 3))
BODY = b'{"type": "client.offline"}'


@given(st.binary(min_size=24, max_size=64), st.dictionaries(st.text(), st.text()))
def test_a_receiver_that_has_the_key_knows_the_message_as_ours(key: bytes, content: dict):
    import json

    secret = f"whsec_{base64.b64encode(key).decode()}"
    body = json.dumps(content).encode()
    assert (
        Webhook(secret).verify(body, headers("msg_1", int(time.time()), body, [secret])) == content
    )


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_a_key_takes_over_from_another_a_receiver_may_have_either(secret: str):
    sent = headers("msg_1", int(time.time()), BODY, [OLD, NEW])
    assert Webhook(secret).verify(BODY, sent)


@pytest.mark.parametrize(
    ("body", "changes", "secret"),
    [
        (BODY + b" ", {}, OLD),
        (BODY, {"webhook-id": "msg_2"}, OLD),
        (BODY, {"webhook-timestamp": str(int(time.time()) - 1)}, OLD),
        (BODY, {}, OTHER),
    ],
)
def test_whatever_is_changed_on_the_way_is_noticed(body: bytes, changes: dict, secret: str):
    sent = headers("msg_1", int(time.time()), BODY, [OLD]) | changes
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, sent)


def test_the_example_of_the_specification_gives_its_signature():
    sent = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_key_nothing_is_signed():
    assert set(headers("msg_1", 1, BODY, [])) == {"webhook-id", "webhook-timestamp"}


def test_what_is_no_base64_is_no_key():
    with pytest.raises(ValueError, match="base64"):
        key_of("whsec_***")
