"""The few steps that the server does as one, in Lua.

The log of rules and each feed is a stream whose items name the item before (`prev`). A reader whose last item is not
the one named has missed something: the stream was trimmed, lost, evicted, or is an older copy. No counter beside the
stream could tell that, since it could be lost alone.
"""

from headworks.storage.link.script import Script

START = b"0-0"
"""The place before the first item of a stream."""

_LAST = """
local function last_of(key)
  local info = redis.pcall('XINFO', 'STREAM', key)
  if info.err then return false end
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then return info[at + 1] end
  end
end
"""

_MEANS = """
local function means(head, digests, before)
  if #head < 10 then return false end
  local count = struct.unpack('<I2', head)
  if before ~= '' and struct.unpack('<d', head, 3) >= tonumber(before) then return false end
  for want = 1, #digests, 8 do
    local digest, found = string.sub(digests, want, want + 7), false
    for at = 11, 10 + 8 * count, 8 do
      if string.sub(head, at, at + 7) == digest then found = true; break end
    end
    if not found then return false end
  end
  return true
end
"""


WRITE = Script(
    _LAST
    + _MEANS
    + """
-- KEYS: entry, log of rules. ARGV: value, milliseconds to live, last rule that the writer had heard of.
local last = last_of(KEYS[2])
if not last then return 'unsure' end
if last ~= ARGV[3] then
  local rules = redis.call('XRANGE', KEYS[2], '(' .. ARGV[3], '+')
  if #rules == 0 or rules[1][2][2] ~= ARGV[3] then return 'unsure' end
  for _, rule in ipairs(rules) do
    if means(ARGV[1], rule[2][4], rule[2][6]) then return 'ruled' end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 'kept'
""",
)
"""Write an entry, unless a rule that its writer had not heard of means it: then it is `ruled`. `unsure` when that
cannot be told, because rules are missing."""

RULE = Script(
    _LAST
    + """
-- KEYS: log of rules. ARGV: digests, before, rule to keep, rule to tell, channel.
local prev = last_of(KEYS[1]) or '0-0'
local id = redis.call('XADD', KEYS[1], '*', 'prev', prev, 'digests', ARGV[1], 'before', ARGV[2], 'where', ARGV[3])
redis.pcall('PUBLISH', ARGV[5], id .. ' ' .. prev .. ' ' .. ARGV[4])  -- an ACL may not let us: the log is read too
return id
""",
    "allow-oom",
)
"""Add a rule to the log and tell the nodes that listen, who are not told by the log who it was that went."""

LOOK = Script(
    _LAST
    + """
-- KEYS: log of rules. ARGV: last rule heard of (or empty), milliseconds that rules are kept.
if not last_of(KEYS[1]) then
  redis.call('XADD', KEYS[1], '*', 'prev', '0-0', 'digests', '', 'before', '0', 'where', '')
end
local rules = {}
if ARGV[1] ~= '' then rules = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+') end
local time = redis.call('TIME')
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d', time[1] * 1000 - ARGV[2]))
return {last_of(KEYS[1]), rules}
""",
    "allow-oom",
)
"""The last rule's id and all rules after the one heard of last; begins a log that is not there with a rule that means
nothing, and drops the rules that are old."""

SWEEP = Script(
    _MEANS
    + """
-- ARGV: digests, before, '1' to delete, cursor, pattern, about how many keys to look at.
local meant = {}
local step = redis.call('SCAN', ARGV[4], 'MATCH', ARGV[5], 'COUNT', ARGV[6])
for _, key in ipairs(step[2]) do
  local head = redis.call('GETRANGE', key, 0, 265)
  if #head == 266 then head = redis.call('GETRANGE', key, 0, 9 + 8 * struct.unpack('<I2', head)) end
  if means(head, ARGV[1], ARGV[2]) then meant[#meant + 1] = key end
end
if ARGV[3] == '1' then
  for _, key in ipairs(meant) do redis.call('UNLINK', key) end
end
return {step[1], #meant}
""",
    "allow-oom",
)
"""One step of a walk over all keys: where the next one begins, and how many keys were meant; deletes them if wanted.

The walk is made in the server, so that keys need not travel here and back. A cluster would not allow it; a URL names
one server."""

ADD = Script(
    _LAST
    + """
-- KEYS: feed. ARGV: most items, who adds, kind, data.
local prev = last_of(KEYS[1]) or '0-0'
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'prev', prev, 'by', ARGV[2], ARGV[3], ARGV[4])
""",
)
"""Add an item to a feed."""

WHERE_IS = Script(
    _LAST
    + """
-- KEYS: feed. ARGV: last item seen.
local last = last_of(KEYS[1])
if not last then return 'none' end
if last == ARGV[1] then return 'there' end
local next = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1)
if #next == 0 then return 'gap' end
return next[1][2][2] == ARGV[1] and 'there' or 'gap'
""",
    "no-writes",
)
"""Whether a reader that has seen everything up to an item can go on from there."""
