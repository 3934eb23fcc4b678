"""One gzip stream out of parts that were packed apart."""

import gzip
import zlib

from hypothesis import given, strategies as st

from exporters.process.gzip_stream import Ready, Sum, stream


@given(st.lists(st.binary(max_size=200)), st.lists(st.binary(max_size=200)))
def test_parts_unpack_to_themselves_one_behind_the_other(
    first: list[bytes], then: list[bytes]
) -> None:
    ready, more = [Ready.of(part) for part in first], [Ready.of(part) for part in then]
    packed = b"".join(stream([*ready, *more], Sum().plus(ready).plus(more)))
    assert gzip.decompress(packed) == b"".join(first + then)


def test_it_is_one_member_as_curl_and_browsers_need_it() -> None:
    parts = [Ready.of(b"one " * 50_000), Ready.of(b"two " * 50_000)]
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    text = unpacker.decompress(b"".join(stream(parts, Sum().plus(parts))))
    assert unpacker.eof
    assert unpacker.unused_data == b""
    assert text == b"one " * 50_000 + b"two " * 50_000
