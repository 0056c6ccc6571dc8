"""A real member, Debian's iptux, beside the server: each sees the other, and the list is true."""

import time

import pytest

ANN = {"nick_name": "Ann", "belong_group": "Lab"}
WANG = {"nick_name": "王小明", "belong_group": "研发部"}

TIMEOUT = 3.0
"""The peer_timeout of the servers here."""


def test_each_sees_the_other_and_a_clean_exit_is_left_at_once(hub, iptux, network):
    server, ann = hub(1), iptux(2, **ANN)
    server.came(network.host(2))
    record = server.peers()["lan:10.77.0.2"]
    assert (record["status"], record["via"], record["timeout"]) == ("online", "lan", TIMEOUT)
    assert (record["name"], record["groups"]) == ("Ann", ["Lab"])
    assert record["availability"] == "available"
    # iptux says goodbye to the members that it knows, one by one, and to nobody else: so it had
    # seen us.
    ann.quit()
    assert server.went(network.host(2), "left")["silence"] < TIMEOUT


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_what_a_person_wrote_is_what_is_listed_in_either_encoding(hub, iptux, network, encoding):
    server = hub(1, lan={"nickname": "服务器", "group": "研发部"})
    wang = iptux(2, **WANG, preference_encode=encoding)
    server.came(network.host(2))
    record = server.peers()["lan:10.77.0.2"]
    assert (record["name"], record["groups"]) == ("王小明", ["研发部"])
    wang.quit()
    server.went(network.host(2), "left")


def test_a_crash_is_noticed_after_the_timeout_and_a_new_start_is_a_return(hub, iptux, network):
    server, ann = hub(1), iptux(2, **ANN)
    server.came(network.host(2))
    ann.crash()
    assert server.went(network.host(2), "timeout")["silence"] >= TIMEOUT
    iptux(2, **ANN)
    server.came(network.host(2), "returned")


def test_a_partition_is_noticed_and_so_is_its_end(hub, iptux, network):
    server = hub(1)
    iptux(2, **ANN)
    server.came(network.host(2))
    network.host(2).unplug()
    server.went(network.host(2), "timeout")
    network.host(2).plug_in()
    server.came(network.host(2), "returned")


def test_with_30_percent_lost_each_way_nobody_is_offline_in_ten_intervals(hub, iptux, network):
    # A round trip fails in 51 of 100. Within a timeout there are 6 announcements and 10 probes: a
    # living member misses them all in 2 of 100,000.
    server = hub(1, lan={"announce_interval": 1, "peer_timeout": 6})
    iptux(2, **ANN)
    server.came(network.host(2))
    before = server.stats()["heartbeats"]
    for number in (1, 2):
        network.host(number).lose(30)
    time.sleep(10)
    assert server.stats()["heartbeats"] >= before + 10
    assert server.events("client offline") == []
    assert server.peers()["lan:10.77.0.2"]["status"] != "offline"


def test_several_members_are_several_clients(hub, iptux, network):
    server = hub(1)
    iptux(2, **ANN)
    iptux(3, **WANG)
    for number in (2, 3):
        server.came(network.host(number))
    names = {record["name"] for record in server.peers().values()}
    assert names == {"lastseen", "Ann", "王小明"}


def test_iptux_sees_who_announces_itself_without_a_server(iptux, network, announcing):
    me = announcing(1, "--nickname", "Me", "--interval", "0.5")
    ann = iptux(2, **ANN)
    assert me.line()["nickname"] == "Ann"
    ann.quit()
    gone = me.line()
    assert (gone["type"], gone["nickname"]) == ("left", "Ann")
    assert network.host(2).address == gone["address"]
