"""The steps that the server does as one, in Lua. All its times are its own.

A number in Lua is a float, exact to 2^53: nine million dollars. So amounts are text, and what is large is reckoned in
two parts. The fewer commands a script gives, the cheaper it is: each costs as much as fifty steps of Lua.
"""

from headworks.storage.link.script import Script

_NUMBERS = """
local function parts(text)
  if #text < 16 then return 0, tonumber(text) end
  local low = tonumber(string.sub(text, -9))
  if string.sub(text, 1, 1) == '-' then low = -low end
  return tonumber(string.sub(text, 1, -10)), low
end
local function minus(one, other)
  local high, low = parts(one)
  local high2, low2 = parts(other)
  return high - high2, low - low2
end
local function whole(number) return string.format('%.0f', number) end
local function plus(text, high, low)
  local high2, low2 = parts(text)
  high, low = high + high2, low + low2
  if high ~= 0 or math.abs(low) >= 1e15 then
    local carry = math.floor(low / 1e9)
    high, low = high + carry, low - carry * 1e9
    if high < 0 and low > 0 then high, low = high + 1, low - 1e9 end
  end
  if high == 0 then return whole(low) end
  return whole(high) .. string.format('%09.0f', math.abs(low))
end
"""

_TIME = """
local function micros()
  local time = redis.call('TIME')
  return time[1] * 1e6 + time[2]
end
"""

_PACE = """
local function keep_pace(key, full, now)
  redis.call('SET', key, whole(full), 'PX', whole(math.max(full - now, 0) / 1000 + 1000))
end
"""

_TOLD = """
local function told(key, node, spent, given)
  local sums = redis.call('HMGET', key, node, 't', 'r')
  local high, low = minus(spent, sums[1] or '0')
  local left = plus(sums[3] or '0', 0, -given)
  if high * 1e9 + low > 0 then
    redis.call('HSET', key, node, spent, 't', plus(sums[2] or '0', high, low), 'r', left)
  elseif given > 0 then
    redis.call('HSET', key, 'r', left)
  end
end
"""

_END = """
local function end_hold(holds, hold, packed)
  redis.call('HDEL', holds, hold)
  for _, claim in ipairs(cmsgpack.unpack(packed)) do
    if claim[2] == 'sum' and claim[3] ~= '0' then redis.call('HINCRBY', claim[1], 'r', '-' .. claim[3]) end
  end
end
"""

HELLO = Script(
    _TIME
    + """
-- KEYS: epoch, leases. ARGV: worker, lease (ms), name of a new epoch.
local now = math.floor(micros() / 1000)
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  epoch = ARGV[3] .. ':' .. string.format('%.0f', now)
  redis.call('SET', KEYS[1], epoch)
end
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[2]), ARGV[1])
local limit = string.format('%.0f', now)
local age = now - tonumber(string.match(epoch, ':(%d+)$'))
return {epoch, age, redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. limit, '+inf'),
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', limit)}
""",
    "allow-oom",
)
"""Renew a worker's lease, and begin an epoch where there is none. The epoch, its age in milliseconds, the workers that
are alive, and those whose lease has ended."""

RESERVE = Script(
    _NUMBERS
    + _TIME
    + _PACE
    + """
-- KEYS: epoch, leases, holds, then accounts. ARGV: epoch, worker, lease (ms), hold, claims to keep, then of each
-- account: kind, amount, limit or nothing.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'epoch' end
local now = micros()
local before = {}
local held = redis.call('HGET', KEYS[3], ARGV[4])
if held then
  for _, claim in ipairs(cmsgpack.unpack(held)) do before[claim[1]] = claim[3] end
end
local changes = {}
for at = 4, #KEYS do
  local key, place = KEYS[at], 6 + (at - 4) * 3
  local limit, high, low = ARGV[place + 2], minus(ARGV[place + 1], before[key] or '0')
  local more = high * 1e9 + low
  if ARGV[place] == 'pace' then
    local most = math.max(tonumber(limit) or 1, 1)
    local full = math.min(math.max(tonumber(redis.call('GET', key) or 0), now), now + 6e7)
    local after = full + math.floor(more * 6e7 / most)
    local late = after - now - 6e7
    if late > 0 and more > 0 then
      return {at - 4, whole(math.floor((full - now) * most / 6e7)), '0', whole(late)}
    end
    changes[at] = after
  else
    local sums = redis.call('HMGET', key, 't', 'r')
    if limit ~= '' and more > 0 then
      local over, under = minus(sums[1] or '0', limit)
      local over2, under2 = parts(sums[2] or '0')
      if (over + over2 + high) * 1e9 + (under + under2 + low) > 0 then
        return {at - 4, sums[1] or '0', sums[2] or '0', ''}
      end
    end
    changes[at] = plus(sums[2] or '0', high, low)
  end
end
for at = 4, #KEYS do
  if ARGV[6 + (at - 4) * 3] == 'pace' then
    keep_pace(KEYS[at], changes[at], now)
  else
    redis.call('HSET', KEYS[at], 'r', changes[at])
  end
end
redis.call('HSET', KEYS[3], ARGV[4], ARGV[5])
if not redis.call('ZSCORE', KEYS[2], ARGV[2]) then
  redis.call('ZADD', KEYS[2], string.format('%.0f', math.floor(now / 1000) + ARGV[3]), ARGV[2])
end
return 'granted'
""",
)
"""Grant all claims and keep them as a hold, or raise the one that is there; or say which is short: its place, what is
spent (of a pace: taken), what is reserved, and of a pace the microseconds until it fits."""

SETTLE = Script(
    _NUMBERS
    + _TIME
    + _PACE
    + _TOLD
    + """
-- KEYS: holds, used, then accounts, each once, those of the hold too. ARGV: hold, machine, then of each account: kind,
-- and what this machine has spent there in all (of a pace: the microseconds to add).
local now = micros()
local held = redis.call('HGET', KEYS[1], ARGV[1])
local given = {}
if held then
  for _, claim in ipairs(cmsgpack.unpack(held)) do given[claim[1]] = tonumber(claim[3]) end
  redis.call('HDEL', KEYS[1], ARGV[1])
end
local used = {}
local seconds = string.format('%.0f', math.floor(now / 1e6))
for at = 3, #KEYS do
  local key, place = KEYS[at], 3 + (at - 3) * 2
  if ARGV[place] == 'pace' then
    local more = tonumber(ARGV[place + 1])
    -- What a hold that is not there has taken of a pace, it has not taken here.
    if held or more > 0 then keep_pace(key, tonumber(redis.call('GET', key) or now) + more, now) end
  else
    told(key, ARGV[2], ARGV[place + 1], given[key] or 0)
  end
  used[#used + 1] = seconds
  used[#used + 1] = key
end
if #used > 0 then redis.call('ZADD', KEYS[2], unpack(used)) end
return held and 1 or 0
""",
    "allow-oom",
)
"""Say what this machine has spent on each account, and end a hold when it is there."""

TELL = Script(
    _NUMBERS
    + _TOLD
    + """
-- KEYS: used, then accounts. ARGV of each: machine, what it has spent there in all, when it was used last (seconds).
for at = 2, #KEYS do
  local place = 1 + (at - 2) * 3
  told(KEYS[at], ARGV[place], ARGV[place + 1], 0)
  redis.call('ZADD', KEYS[1], 'GT', ARGV[place + 2], KEYS[at])
end
return #KEYS - 1
""",
    "allow-oom",
)
"""Say what machines have spent on accounts."""

ADOPT = Script(
    """
-- KEYS: holds, used, then accounts. ARGV: hold, claims to keep.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local seconds = redis.call('TIME')[1]
for _, claim in ipairs(cmsgpack.unpack(ARGV[2])) do
  if claim[2] == 'sum' and claim[3] ~= '0' then redis.call('HINCRBY', claim[1], 'r', claim[3]) end
  redis.call('ZADD', KEYS[2], seconds, claim[1])
end
return 1
""",
    "allow-oom",
)
"""Keep a hold of a call under way that the server does not know, whatever the limits say."""

RELEASE = Script(
    _END
    + """
-- KEYS: holds. ARGV: hold. The accounts stand in the hold.
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held then end_hold(KEYS[1], ARGV[1], held) end
return held and 1 or 0
""",
    "allow-oom",
)
"""Give back what a hold has reserved."""

BURY = Script(
    _END
    + """
-- KEYS: leases, holds. ARGV: worker.
local until_ms, time = redis.call('ZSCORE', KEYS[1], ARGV[1]), redis.call('TIME')
if until_ms and tonumber(until_ms) > time[1] * 1e3 + time[2] / 1e3 then return 0 end
local held = redis.call('HGETALL', KEYS[2])
for at = 1, #held, 2 do end_hold(KEYS[2], held[at], held[at + 1]) end
redis.call('ZREM', KEYS[1], ARGV[1])
return #held / 2
""",
    "allow-oom",
)
"""Give back what a worker has reserved whose lease has ended; how many holds."""

BALANCES = Script(
    """
-- KEYS: of each account the key of its sum and that of its pace.
local time = redis.call('TIME')
local found = {time[1] .. string.format('%06d', time[2])}
for at = 1, #KEYS, 2 do
  local sums = redis.call('HMGET', KEYS[at], 't', 'r')
  local pace = not sums[1] and not sums[2] and redis.call('GET', KEYS[at + 1])
  found[#found + 1] = sums[1] or '0'
  found[#found + 1] = sums[2] or '0'
  found[#found + 1] = pace or ''
end
return found
""",
    "no-writes",
)
"""The server's time in microseconds, and of each account: spent, reserved, and when its bucket is full, or nothing."""

PRUNE = Script(
    """
-- KEYS: used. ARGV: seconds that an account is kept, how many to look at.
local now = redis.call('TIME')[1]
local over = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[1]), 'LIMIT', 0, ARGV[2])
for _, key in ipairs(over) do
  local reserved = redis.pcall('HGET', key, 'r')
  if type(reserved) == 'string' and reserved ~= '0' then
    redis.call('ZADD', KEYS[1], now, key)
  else
    redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], key)
  end
end
return #over
""",
    "allow-oom",
)
"""Forget accounts that were not used for long and have nothing reserved; how many were looked at."""
