"""Text from elsewhere on a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.printable import printable


def test_what_could_command_a_terminal_is_escaped():
    assert printable("é\n\x1b[31m\x9b\u202e\udcff") == r"é\n\x1b[31m\x9b\u202e\udcff"


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_the_text_the_outcome_is_printable(text: str):
    assert printable(text).isprintable()
