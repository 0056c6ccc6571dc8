"""Webhooks as one would send them who needs no more: a loop over what there is to tell.

`python -m benchmarks.deliveries_plain URL COUNT AT_ONCE` prints JSON: when it `began` (by the
machine's monotonic clock) and the `cpu` seconds that it took.
"""

import sys
import time
from collections.abc import Iterator

import httpx
import msgspec
import trio

BODY = {
    "type": "client.offline",
    "timestamp": "2026-11-22T14:13:20.123456Z",
    "data": {
        "client": {
            "id": "client-00001",
            "client_id": "client-00001",
            "name": "Workstation 00001",
            "hostname": "ws-00001.example.org",
            "description": "",
            "groups": ["office", "floor-1"],
            "status": "offline",
            "last_seen": "2026-11-22T14:13:20.123456Z",
            "via": "tcp",
        },
        "reason": "left",
        "offline_since": "2026-11-22T14:13:20.123456Z",
        "duration": 0.001,
        "event_id": 4711,
    },
}
"""As much as the server says of a client."""


async def send_some(client: httpx.AsyncClient, url: str, numbers: Iterator[int]) -> None:
    """Post one message after the other, until there are no more numbers."""
    for number in numbers:
        response = await client.post(
            url,
            content=msgspec.json.encode(BODY),
            headers={"webhook-id": str(number), "content-type": "application/json"},
        )
        response.raise_for_status()


async def main() -> None:
    """Send them all."""
    url, count, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    numbers = iter(range(count))
    async with httpx.AsyncClient() as client:
        began, cpu = time.monotonic(), time.process_time()
        async with trio.open_nursery() as nursery:
            for _ in range(at_once):
                nursery.start_soon(send_some, client, url, numbers)
        found = {"began": began, "cpu": time.process_time() - cpu}
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    trio.run(main)
