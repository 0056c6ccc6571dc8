"""Silences and broken channels, in both databases."""

from msgspec.structs import replace

from lastseen.server.store.telling import BrokenChannel, Silence

NOW = 1_800_000_000.0


def test_a_silence_comes_back_with_an_id(store):
    asked = Silence("web-*", "eu", NOW, NOW + 3_600.5, "moving \0 house")
    kept = store.deliveries.add_silence(asked)
    assert kept == replace(asked, reason="moving \N{REPLACEMENT CHARACTER} house", id=kept.id)
    assert store.deliveries.silences() == [kept]


def test_a_silence_may_be_of_any_client_or_of_any_group(store):
    anyone = store.deliveries.add_silence(Silence(None, "eu", NOW, NOW + 1))
    any_group = store.deliveries.add_silence(Silence("*", None, NOW, NOW + 1))
    assert store.deliveries.silences() == [anyone, any_group]


def test_a_silence_is_ended_once_and_its_id_is_never_used_again(store):
    first = store.deliveries.add_silence(Silence("a", None, NOW, NOW + 1))
    assert store.deliveries.remove_silence(first.id)
    assert not store.deliveries.remove_silence(first.id)
    assert store.deliveries.add_silence(Silence("a", None, NOW, NOW + 1)).id > first.id


def test_silences_that_are_over_are_forgotten(store):
    for n in range(4):
        store.deliveries.add_silence(Silence(f"c{n}", None, NOW, NOW + n))
    assert store.deliveries.forget_silences_before(NOW + 3, limit=2) == 2
    assert store.deliveries.forget_silences_before(NOW + 3, limit=2) == 1
    assert [silence.client for silence in store.deliveries.silences()] == ["c3"]


def test_a_channel_is_broken_until_it_is_mended(store):
    first = BrokenChannel("hook", NOW, "401", "abc")
    for channel in (BrokenChannel("mail", NOW, "no", "x"), first, replace(first, why="404")):
        store.deliveries.mark_broken(channel)
    assert store.deliveries.broken() == [
        replace(first, why="404"),
        BrokenChannel("mail", NOW, "no", "x"),
    ]
    assert store.deliveries.mend("hook")
    assert not store.deliveries.mend("hook")
    assert [channel.channel for channel in store.deliveries.broken()] == ["mail"]
