from __future__ import annotations

import re
import time
from typing import Any

import pytest

from nuvopipe_runtime.execution.logs import LINE_HEAD_BYTES, LOG_HEAD_BYTES, LOG_TAIL_BYTES, LogStream
from nuvopipe_runtime.execution.masking import Mask


def collected(*pieces: Any, mask: Any = None) -> LogStream:
    """The stream after the pieces."""
    stream = LogStream(mask)
    for piece in pieces:
        stream.feed(piece)
    stream.finish()
    return stream


def texts(content: bytes) -> list[str]:
    """Reads a log as Metaflow's client does."""
    from metaflow.mflog.mflog import merge_logs

    return [line.msg.decode() for line in merge_logs([content])]


def test_lines_stay_in_order_for_metaflows_client_and_the_last_may_lack_its_line_feed() -> None:
    lines = [f"line {number}" for number in range(1000)]
    stream = collected("\n".join(lines).encode())
    assert texts(stream.content()) == lines


def test_a_line_that_comes_in_pieces_is_one_line() -> None:
    stream = collected(b"a", b"b\nc", b"", b"d\n\n", b"e")
    assert texts(stream.content()) == ["ab", "cd", "", "e"]


def test_bytes_that_are_no_text_are_kept_as_escapes() -> None:
    stream = collected(b"bad \xff\xfe utf8\n", "日本".encode()[:4], "日本".encode()[4:])
    assert texts(stream.content()) == [r"bad \xff\xfe utf8", "日本"]


def test_time_is_linear_in_what_is_written() -> None:
    def took(count: Any) -> Any:
        start = time.process_time()
        stream = LogStream()
        for number in range(count):
            stream.feed(b"\rstep %7d of the epoch, loss 0.123456789012345678901234567 eta 00:00:01" % number)
        stream.finish()
        return time.process_time() - start

    took(1_000)
    assert took(400_000) < 40 * max(took(20_000), 0.02)


def test_of_an_oversized_line_head_and_tail_are_kept() -> None:
    line = b"head" + b"x" * 5_000_000 + b"tail"
    stream = collected(*(line[at : at + 65536] for at in range(0, len(line), 65536)), b"\nafter")
    shown, after = texts(stream.content())
    left_out = int(re.search(r" \[\.\.\. ([\d,]+) bytes left out \.\.\.\] ", shown)[1].replace(",", ""))
    assert shown.startswith("headxxx") and shown.endswith("xxxtail") and after == "after"
    assert len(shown.split(" [...")[0]) == LINE_HEAD_BYTES
    assert left_out + shown.count("x") + 8 == len(line)


def test_a_character_at_the_cut_is_not_broken() -> None:
    stream = collected(b"x" + "ü".encode() * 1_000_000)
    (shown,) = texts(stream.content())
    assert "\\x" not in shown and "�" not in shown


def test_of_an_oversized_log_head_and_tail_are_kept_the_traceback_among_them() -> None:
    lines = [b"line %d %s" % (number, b"y" * 60) for number in range(200_000)]
    stream = collected(b"\n".join(lines), b"\nTraceback (most recent call last):\nValueError: the real reason\n")
    shown = texts(stream.content())
    assert len(stream.content()) < LOG_HEAD_BYTES + LOG_TAIL_BYTES + 1000
    assert shown[0] == lines[0].decode() and shown[-1] == "ValueError: the real reason"
    (at,) = [index for index, line in enumerate(shown) if line.startswith("[... ")]
    left_out = int(re.match(r"\[\.\.\. ([\d,]+) lines, [\d,]+ bytes, left out \.\.\.\]$", shown[at])[1].replace(",", ""))
    assert len(shown) - 1 + left_out == len(lines) + 2
    assert shown[at + 1] == lines[at + left_out].decode()


def test_empty_lines_without_end_fill_no_memory() -> None:
    stream = collected(*[b"\n" * 65536] * 4)
    assert len(stream.content()) < LOG_HEAD_BYTES + LOG_TAIL_BYTES + 1000


def test_a_supervisors_line_comes_last() -> None:
    stream = collected(b"no line feed")
    stream.add_line("the step was ended")
    assert texts(stream.content()) == ["no line feed", "the step was ended"]


def test_a_secret_is_masked_in_updates_of_a_line_and_across_reads() -> None:
    stream = collected(b"\rkey sword", b"fish 1%", b"\rkey swordfish 2%\n", mask=Mask(["swordfish"]))
    assert texts(stream.content()) == ["\rkey *** 1%\rkey *** 2%"]


def test_fresh_lines_are_those_since_the_last_look() -> None:
    stream = LogStream()
    stream.feed(b"one\ntwo\n")
    first = stream.fresh()
    assert texts(first) == ["one", "two"]
    assert stream.fresh() == b""
    stream.feed(b"three\n")
    stream.finish()
    assert first + stream.fresh() == stream.content()


def test_fresh_shows_the_last_state_of_an_unfinished_line_when_it_has_changed() -> None:
    stream = LogStream()
    stream.feed(b"epoch 1\n\r10%\r20%")
    assert re.findall(rb"\|(\w+)\|[^|]*\](.*)\n", stream.fresh()) == [(b"task", b"epoch 1"), (b"open", b"20%")]
    assert stream.fresh() == b""
    stream.feed(b"\r30%")
    assert re.findall(rb"\|(\w+)\|[^|]*\](.*)\n", stream.fresh()) == [(b"open", b"30%")]
    assert b"20%" not in stream.fresh()


def test_of_many_fresh_lines_the_newest_are_kept_and_the_others_counted() -> None:
    stream = LogStream()
    stream.feed(b"".join(b"line %d\n" % number for number in range(100_000)))
    note, *lines = texts(stream.fresh())
    assert lines[-1] == "line 99999" and note.startswith(f"[... {100_000 - len(lines):,} lines, ")
    assert len(stream.content()) > 5_000_000


@pytest.mark.parametrize("text", ["caf\udce9.csv", "\ud800"])
def test_a_line_may_have_lone_surrogates(text: str) -> None:
    stream = LogStream()
    stream.add_line(text)
    assert texts(stream.content()) == [text.encode("utf-8", "backslashreplace").decode()]
