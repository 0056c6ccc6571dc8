"""What a person wrote, out of bytes in whatever encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.ipmsg.text import TEXT_LIMIT, clean, decode


@pytest.mark.parametrize(
    ("words", "encoding", "legacy"),
    [
        (["Ann", "Lab"], "ascii", "cp932"),
        (["王小明", "研发部"], "utf-8", "gbk"),
        (["王小明", "研发部"], "gbk", "gbk"),
        (["田中", "開発部"], "cp932", "cp932"),
        (["ﾀﾅｶ", "東京"], "cp932", "cp932"),
        (["田中", "開発部"], "utf-8", "cp932"),
        (["José", "Büro"], "utf-8", "cp932"),
        (["茅", "研发部"], "gbk", "gbk"),
    ],
)
def test_a_packet_in_one_encoding_reads_as_it_was_written(words, encoding, legacy):
    assert decode([word.encode(encoding) for word in words], legacy) == words


def test_each_text_may_have_an_encoding_of_its_own():
    texts = ["王小明".encode(), "研发部".encode("gbk"), b"pc-7"]
    assert decode(texts, "gbk") == ["王小明", "研发部", "pc-7"]


def test_chinese_that_looks_like_utf_8_of_two_byte_characters_is_read_as_its_neighbours_are():
    looks_like_utf_8 = "茅".encode("gbk")
    assert looks_like_utf_8.decode() == "é"
    assert decode([looks_like_utf_8, "研发部".encode("gbk")], "gbk") == ["茅", "研发部"]


def test_what_is_no_text_at_all_is_some_text():
    assert decode([b"\xff\xfe\x80"], "gbk")[0]
    assert decode([b"\xff\xfe\x80"], "cp932")[0]


@given(st.lists(st.binary(max_size=60)), st.sampled_from(["cp932", "gbk"]))
def test_any_bytes_are_decoded(texts, legacy):
    assert len(decode(texts, legacy)) == len(texts)


@given(st.text())
def test_a_clean_text_can_be_shown_and_sent_and_is_bounded(text):
    shown = clean(text)
    shown.encode()
    assert len(shown) <= TEXT_LIMIT
    assert shown == shown.strip()
    assert clean(shown) == shown
    assert all(c.isprintable() or c == "\u3000" for c in shown)


def test_control_characters_go_and_blanks_are_blanks():
    assert clean(" \x1b[31mAnn\x00\tLee\n") == "[31mAnn Lee"
    assert clean("田中\u3000一郎") == "田中\u3000一郎"


def test_of_a_text_much_longer_than_a_name_only_the_beginning_is_looked_at():
    assert clean("Ann" + "\0" * 10_000 + "Lee") == "Ann"
