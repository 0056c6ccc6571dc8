import json

import pytest

from lastseen.client.commands.pages import JsonArray, batches


@pytest.mark.parametrize(("number", "sizes"), [(0, []), (2, [2]), (3, [3]), (7, [3, 3, 1])])
async def test_batches_are_full_but_for_the_last(number, sizes):
    async def items():
        for n in range(number):
            yield n

    assert [len(batch) async for batch in batches(items(), 3)] == sizes


@pytest.mark.parametrize("pages", [[], [0], [1], [2, 3], [0, 2, 0, 1]])
def test_an_array_is_whole_however_its_elements_come(capsys, pages):
    array, elements = JsonArray(), iter(range(9))
    for size in pages:
        array.say({"n": next(elements)} for _ in range(size))
    array.end()
    out = capsys.readouterr().out
    assert json.loads(out) == [{"n": n} for n in range(sum(pages))]
    assert len(out.splitlines()) <= 2 * sum(pages) + 1
