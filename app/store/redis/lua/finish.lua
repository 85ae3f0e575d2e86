-- A change to one encounter is over; tell what is kept of its patient, if that was right but for this change.
-- KEYS: clock, guards of patient and encounter, data, index.
-- ARGV: lease, token, time of guards, most lines, encounter, last day, has death, header, then line and packed row, ...
-- Gives the stamp of the change, whether the kept data tell of it, and whether it is worth while to keep them.
local patient, encounter, data, index = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id = ARGV[5]
local is_hot = redis.call('HEXISTS', patient, 'stamp') == 1 and redis.call('EXISTS', data .. ':large') == 0
redis.call('HDEL', patient, ARGV[2])
redis.call('HDEL', encounter, ARGV[2])
local records = holding(data, patient)
look(patient) -- so that what has lapsed there is not taken for news later
look(encounter)
local stamp = tick()
for _, guard in ipairs({patient, encounter}) do
  redis.call('HSET', guard, 'stamp', whole(stamp))
  redis.call('PEXPIRE', guard, ARGV[3])
end
local packed = records and records[id]
if not packed then
  return {whole(stamp), 0, is_hot and 1 or 0}
end

local lines = data .. ':' .. id
local rows, stored = {}, redis.call('HGETALL', lines)
for i = 1, #stored, 2 do
  rows[stored[i]] = cmsgpack.unpack(stored[i + 1])
end
local record = cmsgpack.unpack(packed)
local before, _, count = places(id, rows)
if count ~= record[7] then -- some of it was evicted
  return {whole(stamp), 0, is_hot and 1 or 0}
end
local changes = {}
for i = 9, #ARGV, 2 do
  local line, row = ARGV[i], cmsgpack.unpack(ARGV[i + 1])
  local old = rows[line]
  if not old or old[5] ~= row[5] or old[2] ~= row[2] then -- as the database: what is the same stays as it is
    rows[line] = row
    changes[#changes + 1] = line
    changes[#changes + 1] = ARGV[i + 1]
  end
end
local after, days, new_count, first = places(id, rows)
local gone, come = {}, {}
for place in pairs(before) do
  if not after[place] then
    gone[#gone + 1] = place
  end
end
for place in pairs(after) do
  if not before[place] then
    come[#come + 1] = 0
    come[#come + 1] = place
  end
end
in_parts('HSET', lines, changes)
in_parts('ZREM', index, gone)
in_parts('ZADD', index, come)
if ARGV[6] > record[3] then
  record[3] = ARGV[6]
end
record[4], record[5], record[6], record[7], record[8] = ARGV[7] == '1', ARGV[8], days, new_count, first
redis.call('HSET', data, 'e:' .. id, cmsgpack.pack(record), 'stamp', whole(stamp))
redis.call('HINCRBY', data, 'places', #come / 2 - #gone)
local left = redis.call('PTTL', data)
redis.call('PEXPIRE', lines, left + 60000)
redis.call('PEXPIRE', index, left + 60000)
if redis.call('HINCRBY', data, 'lines', new_count - count) > tonumber(ARGV[4]) then
  redis.call('UNLINK', data)
  redis.call('SET', data .. ':large', 1, 'PX', ARGV[3])
end
return {whole(stamp), 1, 1}
