import json

import pytest

from lastseen.client.commands.columns import Cell, Column
from lastseen.client.commands.pages import JsonArray, batches, say_array, say_table

COLUMNS = (Column("number"), Column("word"))


async def each(items):
    for item in items:
        yield item


def row(found, _now):
    number, word = found
    return [Cell(str(number)), Cell(word)]


@pytest.mark.parametrize(("number", "sizes"), [(0, []), (2, [2]), (3, [3]), (7, [3, 3, 1])])
async def test_batches_are_full_but_for_the_last(number, sizes):
    assert [len(batch) async for batch in batches(each(range(number)), 3)] == sizes


@pytest.mark.parametrize("pages", [[], [0], [1], [2, 3], [0, 2, 0, 1]])
def test_an_array_is_whole_however_its_elements_come(capsys, pages):
    array, elements = JsonArray(), iter(range(9))
    for size in pages:
        array.say({"n": next(elements)} for _ in range(size))
    array.end()
    out = capsys.readouterr().out
    assert json.loads(out) == [{"n": n} for n in range(sum(pages))]
    assert len(out.splitlines()) <= 2 * sum(pages) + 1


async def test_a_table_has_one_heading_however_many_pages_and_a_new_one_where_a_column_appears(
    capsys,
):
    pages = [[(1, ""), (2, "")], [(3, "")], [(4, "four")]]
    await say_table(each(pages), COLUMNS, row, "no numbers")
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [
        ["number"],
        *(["1"], ["2"], ["3"]),
        ["number", "word"],
        ["4", "four"],
    ]
    assert err == ""


async def test_a_table_of_nothing_is_a_remark_and_an_array_of_nothing_is_empty(capsys):
    await say_table(each([]), COLUMNS, row, "no numbers")
    assert capsys.readouterr() == ("", "no numbers\n")
    await say_array(each([]), dict)
    assert capsys.readouterr() == ("[]\n", "")
