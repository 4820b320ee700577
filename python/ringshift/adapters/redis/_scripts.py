"""The scripts that every Redis adapter sends, byte for byte the same in every language."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple


class Script(NamedTuple):
    """A script and the name by which a server knows it once it was sent."""

    text: str
    sha: str


def _script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


LEASE: Final = _script("""\
-- A token read: the value of KEYS[1]; or nothing, after the lease ARGV[1] was stored there for ARGV[2] milliseconds.
local value = redis.call('GET', KEYS[1])
if value then
  return value
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
""")

FILL: Final = _script("""\
-- Stores ARGV[2] under KEYS[1] if the lease ARGV[1] is still there, for ARGV[3] milliseconds; 0 is for ever.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
""")
