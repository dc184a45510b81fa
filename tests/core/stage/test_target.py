import os

from hypothesis import example, given, strategies as st

from core.stage.target import Found, is_torn

INFO = os.stat_result(range(10))


def over(base: bytes, data: bytes, count: int) -> bytes:
    """`count` bytes of `data` written over `base`, and cut when that is all of it."""
    return data if count > len(data) else data[:count] + base[count:]


few = st.binary(max_size=12)


@given(old=few, new=few, first=st.integers(0, 13), second=st.integers(0, 12))
@example(old=b"aaaa", new=b"bb", first=3, second=3)
@example(old=b"aa", new=b"bbbb", first=3, second=1)
def test_every_write_that_was_cut_off_is_known(old: bytes, new: bytes, first: int, second: int) -> None:
    torn = over(old, new, first)
    assert is_torn(Found(INFO, "file", torn), old, new)
    assert is_torn(Found(INFO, "file", over(torn, old, min(second, len(old)))), old, new)


def test_what_a_user_wrote_is_not_taken_for_one() -> None:
    old, new = b"one\ntwo\nthree\n", b"one\n2\nthree\nfour\n"
    for text in (b"one\ntwo\nthree!\n", b"", b"one\n", b"one\n2\nthree\nfour\nfive\n", b"xne\ntwo\nthree\n"):
        assert not is_torn(Found(INFO, "file", text), old, new)
    assert not is_torn(Found(INFO, "link", new[:5] + old[5:]), old, new)
    assert not is_torn(None, old, new)
