"""The networks of this machine, as the kernel tells them, beside what `ip` says of them."""

import json
import shutil
import subprocess
import sys

import pytest

from lastseen.shared.lan.networks import EVERYWHERE, Network, broadcasts, networks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asked of Linux")


def test_loopback_is_there_and_reaches_nobody():
    (loopback,) = [n for n in networks() if n.address == "127.0.0.1"]
    assert loopback.broadcast is None


@pytest.mark.skipif(shutil.which("ip") is None, reason="no `ip` here: apt-get install iproute2")
def test_every_address_is_found_as_ip_shows_it():
    shown = json.loads(
        subprocess.run(["ip", "-json", "-4", "addr"], capture_output=True, check=True).stdout
    )
    addresses = {info["local"] for interface in shown for info in interface.get("addr_info", [])}
    assert {n.address for n in networks()} == addresses


def test_each_broadcast_address_is_named_once():
    found = [
        Network("lo", "127.0.0.1", None),
        Network("eth0", "10.0.0.1", "10.0.0.255"),
        Network("eth1", "10.0.0.2", "10.0.0.255"),
        Network("eth1", "10.1.0.2", "10.1.255.255"),
    ]
    assert broadcasts(found) == ["10.0.0.255", "10.1.255.255"]


def test_where_the_kernel_cannot_be_asked_one_address_stands_for_all(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert broadcasts(networks()) == [EVERYWHERE]
