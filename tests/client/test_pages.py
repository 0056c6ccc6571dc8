# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest

from lastseen.shared.messages import ClientList, List


async def test_clients_come_page_by_page_in_order(fake_server, observe, record, autojump_clock):
    fake_server.records = {f"c{n}": record(f"c{n}") for n in range(7)}
    fake_server.page = 3
    async with observe() as observer:
        found = [client.client_id async for client in observer.clients(group="rack", status="all")]
    assert found == [f"c{n}" for n in range(7)]
    requests = fake_server.connections[0].messages(List)
    assert [request.after for request in requests] == [None, "c2", "c5"]
    assert {(request.group, request.status) for request in requests} == {("rack", "all")}


async def test_an_iteration_over_clients_may_be_broken_off(
    fake_server, observe, record, autojump_clock
):
    fake_server.records = {f"c{n}": record(f"c{n}") for n in range(7)}
    fake_server.page = 3
    async with observe() as observer:
        async for client in observer.clients():
            assert client.client_id == "c0"
            break
    assert len(fake_server.connections[0].messages(List)) == 1


async def test_an_empty_page_in_the_middle_does_not_end_a_list(
    fake_server, observe, record, autojump_clock
):
    pages = {None: ([], "m"), "m": ([record("z")], None)}

    def answer(_, message):
        clients, after = pages[message.after]
        return [ClientList(clients, "e1", 0, after=after, request_id=message.request_id)]

    fake_server.answers[List] = answer
    async with observe() as observer:
        assert [client.client_id async for client in observer.clients()] == ["z"]


async def test_a_filter_that_breaks_the_rules_is_named_before_anything_is_asked(
    fake_server, observe, autojump_clock
):
    async with observe() as observer:
        with pytest.raises(ValueError, match="search"):
            observer.clients(search="x" * 129)
