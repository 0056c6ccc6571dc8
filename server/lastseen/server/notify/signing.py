"""Signatures by which a receiver knows that a message is ours: Standard Webhooks, `v1`. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

PREFIX = "whsec_"
"""What a symmetric key begins with; its bytes in base64 follow."""


def headers(message_id: str, timestamp: int, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """What goes with a body.

    Args:
        message_id: The same in each repeat; without a dot, which separates what is signed.
        timestamp: Of this attempt (Unix time): receivers refuse what is minutes old.
        body: The very bytes that are sent.
        secrets: Each signs: while one takes over from another a receiver may have either. Without
            any there is no `webhook-signature`.
    """
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signatures = " ".join(f"v1,{_signature(key_of(secret), signed)}" for secret in secrets)
    found = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    return found | ({"webhook-signature": signatures} if signatures else {})


def key_of(secret: str) -> bytes:
    """The bytes of a secret, as `whsec_` and base64.

    Raises:
        ValueError: It is no base64. The settings let none such pass.
    """
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def _signature(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii")
