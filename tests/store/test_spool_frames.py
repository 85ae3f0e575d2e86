"""Frames: whatever a crash or a disk does to a file, what is whole is found, and what is not is told."""

from hypothesis import example, given
from hypothesis import strategies as st

from app.store.spool_frames import HEADER_SIZE, Damaged, Whole, frame, scan

MARKER = b"\xf5marker!"


def framed(payload: bytes) -> bytes:
    return frame(payload, MARKER)


payloads = st.lists(st.binary(max_size=60) | st.sampled_from([framed(b""), framed(b"x")[:9], MARKER]), max_size=6)


def whole(content: bytes) -> list[bytes]:
    return [content[one.offset : one.offset + one.length] for one in scan(content, MARKER) if isinstance(one, Whole)]


def damage(content: bytes) -> list[Damaged]:
    return [one for one in scan(content, MARKER) if isinstance(one, Damaged)]


@given(payloads)
def test_what_is_written_is_found(written: list[bytes]) -> None:
    content = b"".join(map(framed, written))
    assert whole(content) == written
    assert damage(content) == []


@given(payloads, st.binary(min_size=1, max_size=60), st.data())
def test_cut_off_anywhere(written: list[bytes], last: bytes, data: st.DataObject) -> None:
    """A crash while the last frame is written: it is dropped, without complaint."""
    kept = data.draw(st.integers(0, HEADER_SIZE + len(last) - 1))
    content = b"".join(map(framed, written)) + framed(last)[:kept]
    found = whole(content)
    assert found[: len(written)] == written
    assert damage(content) == []


@given(payloads, st.integers(1, 5000))
def test_place_that_was_never_written(written: list[bytes], zeros: int) -> None:
    content = b"".join(map(framed, written)) + bytes(zeros)
    assert whole(content) == written
    assert damage(content) == []


@given(
    before=st.lists(st.binary(max_size=30), max_size=3),
    hit=st.binary(min_size=1, max_size=30),
    after=st.lists(st.binary(max_size=30), min_size=1, max_size=3),
    data=st.data(),
)
@example(before=[], hit=b"0", after=[b""], data=None)
def test_damage_in_the_middle(before: list[bytes], hit: bytes, after: list[bytes], data: st.DataObject | None) -> None:
    """One byte of a frame is another: that frame is told, with its place, and all the others are found."""
    lead, bad, tail = b"".join(map(framed, before)), bytearray(framed(hit)), b"".join(map(framed, after))
    at = 4 if data is None else data.draw(st.integers(0, len(bad) - 1))
    bad[at] ^= 0x40 if data is None else data.draw(st.integers(1, 255))
    content = lead + bytes(bad) + tail
    assert whole(content) == [*before, *after]
    assert damage(content) == [Damaged(len(lead), len(bad))]


@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    """Whatever is there, the stretches that are told lie in order and inside."""
    at = 0
    for one in scan(content, MARKER):
        assert at <= one.offset <= one.offset + one.length <= len(content)
        at = one.offset + one.length


def test_frame_of_another_file_is_none() -> None:
    """A caller who sends what looks like a frame does not know the marker."""
    forged = frame(b"forged", b"\xf5MARKER!")
    content = framed(forged)[:-1]  # so that its own frame is not whole, and the scan looks for the next
    assert list(scan(content, MARKER)) == []
    assert whole(framed(b"1") + forged + framed(b"2")) == [b"1", b"2"]
