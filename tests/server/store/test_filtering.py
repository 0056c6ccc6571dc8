"""Who passes a filter."""

from lastseen.server.store.filtering import Filter


def test_without_a_wish_everyone_passes(known):
    assert Filter(None, None).passes_all
    assert Filter(None, "").passes_all  # an empty search finds everyone
    assert Filter(None, "")(known())


def test_a_way_selects_those_last_heard_from_by_it(known):
    assert not Filter(None, None, "lan").passes_all
    assert Filter(None, None, "lan")(known(via="lan"))
    assert not Filter(None, None, "lan")(known(via="tcp"))


def test_an_empty_group_is_a_wish_that_nobody_meets(known):
    assert not Filter("", None).passes_all
    assert not Filter("", None)(known())
