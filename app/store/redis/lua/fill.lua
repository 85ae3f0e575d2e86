-- Keep a patient's history as it was read from the database at a time when nothing was under way.
-- KEYS: clock, guard of the patient, data, index.
-- ARGV: lease, stamp from before it was read, time to keep it, time of guards, facilities, first day, then of each
-- encounter: its id,
-- {facility, encounter, last day, has death, header, days, number of lines, first day} packed, and line and packed row,
-- ...; days and first day are made here.
local patient, data, index = KEYS[2], KEYS[3], KEYS[4]
local stamp, time_to_keep = tonumber(ARGV[2]), tonumber(ARGV[3])
local quiet = tonumber(redis.call('HGET', KEYS[1], 'quiet') or 0)
if stamp < began() or now < quiet or not is_unchanged(patient, stamp) then
  return 0
end
local first_at, at = 7, 7
while at <= #ARGV do
  local guard = GUARD .. ARGV[at]
  if redis.call('HSETNX', guard, 'stamp', ARGV[2]) == 1 then -- what is kept is of use for as long as its guards are there
    redis.call('PEXPIRE', guard, ARGV[4])
  end
  at = at + 2 + 2 * cmsgpack.unpack(ARGV[at + 1])[7]
end

for _, field in ipairs(redis.call('HKEYS', data)) do
  if string.sub(field, 1, 2) == 'e:' then
    redis.call('UNLINK', data .. ':' .. string.sub(field, 3))
  end
end
redis.call('UNLINK', data, index)
local line_count, place_count = 0, 0
at = first_at
while at <= #ARGV do
  local id, record, rows, stored, come = ARGV[at], cmsgpack.unpack(ARGV[at + 1]), {}, {}, {}
  for i = at + 2, at + 2 * record[7], 2 do
    rows[ARGV[i]] = cmsgpack.unpack(ARGV[i + 1])
    stored[#stored + 1] = ARGV[i]
    stored[#stored + 1] = ARGV[i + 1]
  end
  at = at + 2 + 2 * record[7]
  local found, days, count, first = places(id, rows)
  for place in pairs(found) do
    come[#come + 1] = 0
    come[#come + 1] = place
  end
  record[6], record[7], record[8] = days, count, first
  redis.call('HSET', data, 'e:' .. id, cmsgpack.pack(record))
  in_parts('HSET', data .. ':' .. id, stored)
  in_parts('ZADD', index, come)
  redis.call('PEXPIRE', data .. ':' .. id, time_to_keep + 60000) -- later than the data, which must not outlive it
  line_count, place_count = line_count + count, place_count + #come / 2
end
redis.call('PEXPIRE', index, time_to_keep + 60000)
redis.call('HSET', data, 'stamp', ARGV[2], 'facilities', ARGV[5], 'from', ARGV[6], 'lines', line_count,
  'places', place_count)
redis.call('PEXPIRE', data, time_to_keep)
return 1
