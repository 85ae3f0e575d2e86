-- Before every script: the clock, and the guards. decisions/0013 tells why this is right.
-- KEYS[1] is the clock; ARGV[1] how long, in milliseconds, a change may be under way.
local GUARD = 'mingjian:history:guard:'
local lease = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

-- The stamp at which the clock began. A new clock knows nothing of changes that are under way, so that nothing is kept
-- until these must be over.
local function began()
  local start = redis.call('HGET', KEYS[1], 'start')
  if not start then
    start = whole(now * 1000)
    redis.call('HSET', KEYS[1], 'start', start, 'seq', start, 'quiet', whole(now + lease))
  end
  return tonumber(start)
end

local function tick()
  began()
  return redis.call('HINCRBY', KEYS[1], 'seq', 1)
end

-- The stamp of the last change that what this guard stands for has seen, and how many changes are under way; nil where
-- the guard is not there, or is there no more. A change that is under way for too long may have happened.
local function look(guard)
  local fields = redis.call('HGETALL', guard)
  if #fields == 0 then
    return nil
  end
  local stamp, under_way, lapsed = 0, 0, {}
  for i = 1, #fields, 2 do
    if fields[i] == 'stamp' then
      stamp = tonumber(fields[i + 1])
    elseif tonumber(fields[i + 1]) > now then
      under_way = under_way + 1
    else
      lapsed[#lapsed + 1] = fields[i]
    end
  end
  if #lapsed > 0 then
    stamp = tick()
    redis.call('HSET', guard, 'stamp', whole(stamp)) -- first, for an empty hash is gone, and its time with it
    redis.call('HDEL', guard, unpack(lapsed))
  end
  return stamp, under_way
end

local function is_unchanged(guard, since)
  local stamp, under_way = look(guard)
  return stamp and under_way == 0 and stamp <= since
end

-- The encounters of a kept patient, by id, packed; nil where they may not be what the database has.
local function holding(data, patient)
  local stamp = tonumber(redis.call('HGET', data, 'stamp') or -1)
  if stamp < began() or not is_unchanged(patient, stamp) then
    return nil
  end
  local fields, records = redis.call('HGETALL', data), {}
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'e:' then
      local id = string.sub(fields[i], 3)
      if not is_unchanged(GUARD .. id, stamp) then
        return nil
      end
      records[id] = fields[i + 1]
    end
  end
  return records
end

-- Where a line that counts is found by its item code and day: not an order that a line of its encounter carries out;
-- the days of these, the number of all lines, and their first day. `rows` by line: {day, is_charge, code, order, content}
local function places(id, rows)
  local carried_out, found, days, seen, count, first = {}, {}, {}, {}, 0, ''
  for _, row in pairs(rows) do
    carried_out[row[4]] = true
    count = count + 1
    if first == '' or row[1] < first then
      first = row[1]
    end
  end
  for line, row in pairs(rows) do
    if row[2] or not carried_out[line] then
      found[row[3] .. '\0' .. row[1] .. id .. line] = true
      if not seen[row[1]] then
        seen[row[1]] = true
        days[#days + 1] = row[1]
      end
    end
  end
  return found, days, count, first
end

local MOST = 1000 -- arguments of one call

local function in_parts(command, key, arguments)
  for i = 1, #arguments, MOST do
    redis.call(command, key, unpack(arguments, i, math.min(i + MOST - 1, #arguments)))
  end
end
