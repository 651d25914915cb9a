"""Messages between a caller and its worker processes, over plain byte streams."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

_HEAD = struct.Struct("<Q")
_START = b"\0mlplab worker\0"


def open_talk(stream: IO[bytes]) -> None:
    """Mark where messages begin: a site's own start-up code may have printed before."""
    stream.write(_START)
    stream.flush()


def skip_to_talk(stream: IO[bytes]) -> None:
    """Read up to where messages begin.

    Raises:
        EOFError: they never did.
    """
    seen = b""
    while not seen.endswith(_START):
        # Byte by byte: what follows the mark must stay in the stream.
        byte = stream.read(1)
        if not byte:
            raise EOFError
        seen = (seen + byte)[-len(_START) :]


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message. Pickle is safe here: both ends are this program."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_HEAD.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Raises:
        EOFError: the other end is gone.
    """
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EOFError
    (size,) = _HEAD.unpack(head)
    body = stream.read(size)
    if len(body) < size:
        raise EOFError
    return pickle.loads(body)
