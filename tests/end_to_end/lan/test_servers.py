"""Servers on one LAN, what becomes of them when the network goes, and how clients find them."""

import json
import signal

REACHABLE = {"host": "0.0.0.0", "allow_anonymous": True}  # noqa: S104 - a network of the test's own


def test_three_servers_see_each_other_and_see_who_says_goodbye_and_who_crashes(hub, network):
    servers = {number: hub(number) for number in (1, 2, 3)}
    for number, server in servers.items():
        for other in servers.keys() - {number}:
            server.logged("client online", client_id=network.host(other).client_id)
    assert set(servers[1].peers()) == {f"lan:10.77.0.{n}" for n in (1, 2, 3)}
    servers[2].signal(signal.SIGTERM)
    servers[3].signal(signal.SIGKILL)
    servers[1].went(network.host(2), "left")
    servers[1].went(network.host(3), "timeout")
    statuses = {name: peer["status"] for name, peer in servers[1].peers().items()}
    assert statuses == {
        "lan:10.77.0.1": "online",  # its own entry
        "lan:10.77.0.2": "offline",
        "lan:10.77.0.3": "offline",
    }


def test_a_restart_of_the_server_sends_nobody_away(hub, network, tmp_path):
    store = {"url": f"sqlite:///{tmp_path}/store.db"}
    other = hub(2)
    server = hub(1, store=store)
    server.came(network.host(2))
    server.signal(signal.SIGTERM)
    server.wait()
    again = hub(1, store=store)
    other.logged("client online", client_id="lan:10.77.0.1", reason="returned")
    assert again.peers()["lan:10.77.0.2"]["status"] == "online"
    assert again.events("client offline", client_id="lan:10.77.0.2") == []


def test_an_outage_of_the_network_is_told_and_got_over(hub, network):
    server, _ = hub(1), hub(2)
    server.came(network.host(2))
    network.host(1).bring_down()
    server.logged("cannot announce on the LAN now", reason="network is down")
    server.went(network.host(2), "timeout")
    network.host(1).bring_up()
    server.logged("announcing on the LAN again")
    server.came(network.host(2), "returned")
    assert server.stats()["failed"] > 0
    assert server.peers()["lan:10.77.0.1"]["status"] == "online"


def test_a_network_that_comes_is_announced_on(hub, network):
    server = hub(1, lan={"announce_interval": 60, "peer_timeout": 180})
    network.host(1).add("10.78.0.1/16")
    other = server.logged("other networks")
    assert "10.78.255.255" in other["announcing_at"]
    assert "10.77.0.255" in other["announcing_at"]


def test_intervals_can_be_changed_while_it_runs(hub, network, until):
    server = hub(1, lan={"announce_interval": 60, "peer_timeout": 180})
    other = hub(2, lan={"announce_interval": 60, "peer_timeout": 180})
    server.came(network.host(2))
    wanted = ("lan.announce_interval", "0.5", "lan.peer_timeout", "3")
    server.lastseen("settings", "set", *wanted, "--server", server.address)
    # It announces itself at once: whoever answers has the new timeout.
    until(lambda: server.peers()["lan:10.77.0.2"]["timeout"] == 3, "the new timeout")
    other.signal(signal.SIGKILL)
    server.went(network.host(2), "timeout")


def test_a_server_is_found_without_being_told_its_address(hub, network, on):
    hub(1, server=REACHABLE)
    found = json.loads(on(network.host(2), "list", "--lan", "--via", "lan", "--json"))
    assert [record["client_id"] for record in found] == ["lan:10.77.0.1"]


def test_a_client_can_be_present_at_a_server_that_it_finds(hub, connecting):
    server = hub(1, server=REACHABLE)
    connecting(2, "--id", "web-01")
    server.logged("client online", client_id="web-01")
    record = json.loads(server.lastseen("list", "--json", "--server", server.address))
    assert record[-1]["via"] == "tcp"
    assert record[-1]["address"].startswith("10.77.0.2:")


def test_a_server_that_only_its_own_machine_can_reach_does_not_offer_itself(hub, network, fails):
    hub(1)
    told = fails(network.host(2), "list", "--lan")
    assert "no server answered on the local network" in told


def test_one_address_may_be_named_to_be_a_member_at_that_network_only(hub, network):
    network.host(1)
    server = hub(1, lan={"bind": "10.77.0.1"})
    other = hub(2)
    server.came(network.host(2))
    other.came(network.host(1))
    assert server.stats()["received"] > 0
