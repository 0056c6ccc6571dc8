"""The places at which laws are broken on purpose are there; that it is found, `mutations` shows."""

import pytest
from tests.simulation.mutations import MUTATIONS, ROOT, SERVER, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_change_finds_its_one_place(mutation: Mutation):
    text = (ROOT / SERVER / mutation.file).read_text()
    assert text.count(mutation.before) == 1
    assert mutation.after not in text or mutation.after in mutation.before
