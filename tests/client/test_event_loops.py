import asyncio

import pytest
import trio

from lastseen.client import aio, connect, observe
from lastseen.client.event_loops import running_loop


async def enter(block):
    async with block:
        pass


def test_it_knows_which_loop_runs():
    async def look():
        return running_loop()

    assert running_loop() is None
    assert trio.run(look) == "trio"
    assert asyncio.run(look()) == "asyncio"


@pytest.mark.parametrize("block", [connect(client_id="a"), observe()])
def test_under_asyncio_the_trio_api_names_the_one_for_asyncio(block):
    with pytest.raises(RuntimeError, match=r"runs asyncio: use lastseen\.client\.aio"):
        asyncio.run(enter(block))


@pytest.mark.parametrize("block", [aio.connect(client_id="a"), aio.observe()])
def test_under_trio_the_asyncio_api_names_the_one_for_trio(block):
    with pytest.raises(RuntimeError, match=r"runs trio: use lastseen\.client\.connect"):
        trio.run(enter, block)


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        (connect(client_id="a"), r"inside trio\.run\(\), or use lastseen\.client\.blocking"),
        (aio.connect(client_id="a"), r"inside asyncio\.run\(\), or use lastseen\.client\.blocking"),
    ],
)
def test_without_a_loop_both_say_what_they_need(block, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        enter(block).send(None)
