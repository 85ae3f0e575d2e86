-- What one audit needs of a kept patient; nothing where it is not kept, or not surely as the database has it.
-- KEYS: clock, guard of the patient, data, index.
-- ARGV: lease, facilities, own encounter, earliest day, day since which lines matter, day from which both are told (all
-- three may be blank), number of item codes, the codes, then beginnings of codes.
-- Gives for the own encounter and each that matters {packed record, line, packed row, ...}, the own one first.
local function number_of(day) -- days since 0000-03-01
  local year, month = tonumber(string.sub(day, 1, 4)), tonumber(string.sub(day, 6, 7)) - 3
  if month < 0 then
    year, month = year - 1, month + 12
  end
  return year * 365 + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * month + 2) / 5) + tonumber(string.sub(day, 9, 10)) - 1
end

local function day_of(number)
  local year = math.floor((10000 * number + 14780) / 3652425)
  local rest = number - number_of(string.format('%04d-03-01', year))
  if rest < 0 then
    year = year - 1
    rest = number - number_of(string.format('%04d-03-01', year))
  end
  local month = math.floor((100 * rest + 52) / 3060)
  local day = rest - math.floor((153 * month + 2) / 5) + 1
  if month >= 10 then
    year, month = year + 1, month - 12
  end
  return string.format('%04d-%02d-%02d', year, month + 3, day)
end

local function moved(day, by)
  if day == '' then
    return day
  end
  return day_of(math.max(number_of(day) - by, number_of('0001-01-01')))
end

local patient, data, index = KEYS[2], KEYS[3], KEYS[4]
local own, earliest, since, first, code_count = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local head = redis.call('HMGET', data, 'facilities', 'from', 'places', 'e:' .. own)
if head[1] ~= ARGV[2] or not head[4] then
  return false
end
local own_record = cmsgpack.unpack(head[4])
if first ~= '' and own_record[8] ~= '' and own_record[8] < first then -- HistoryQuery.seen_from
  local by = number_of(first) - number_of(own_record[8])
  earliest, since = moved(earliest, by), moved(since, by)
end
if (earliest ~= '' and earliest < head[2])
  or redis.call('ZCARD', index) ~= tonumber(head[3]) then
  return false
end
local records = holding(data, patient)
if not records then
  return false
end

local reply = {redis.call('HGETALL', data .. ':' .. own)}
if #reply[1] ~= 2 * own_record[7] then
  return false
end
table.insert(reply[1], 1, head[4])
if earliest == '' then
  return reply
end
local others = {}
for id, packed in pairs(records) do
  local record = cmsgpack.unpack(packed)
  if id ~= own and (record[3] >= earliest or record[4]) then
    others[id] = {packed = packed, lines = {}, seen = {}}
  end
end
local function want(place, after_code)
  local other = others[string.sub(place, after_code + 11, after_code + 32)]
  local line = string.sub(place, after_code + 33)
  if other and not other.seen[line] then
    other.seen[line] = true
    other.lines[#other.lines + 1] = line
  end
end
if since ~= '' then
  for i = 8, 7 + code_count do
    local code = ARGV[i]
    local found = redis.call('ZRANGEBYLEX', index, '[' .. code .. '\0' .. since, '(' .. code .. '\1')
    for _, place in ipairs(found) do
      want(place, #code + 1)
    end
  end
  for i = 8 + code_count, #ARGV do
    local low, high = '-', '+'
    if ARGV[i] ~= '' then
      low, high = '[' .. ARGV[i], '(' .. ARGV[i] .. '\255'
    end
    for _, place in ipairs(redis.call('ZRANGEBYLEX', index, low, high)) do
      local after_code = string.find(place, '\0', 1, true)
      if string.sub(place, after_code + 1, after_code + 10) >= since then
        want(place, after_code)
      end
    end
  end
end
for id, other in pairs(others) do
  local one = {other.packed}
  for i = 1, #other.lines, MOST do
    local last = math.min(i + MOST - 1, #other.lines)
    local rows = redis.call('HMGET', data .. ':' .. id, unpack(other.lines, i, last))
    for j = i, last do
      if not rows[j - i + 1] then
        return false
      end
      one[#one + 1] = other.lines[j]
      one[#one + 1] = rows[j - i + 1]
    end
  end
  reply[#reply + 1] = one
end
return reply
