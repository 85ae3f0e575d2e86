-- A change is over, and what is kept does not tell of it. KEYS: clock, guards. ARGV: lease, token, time of guards.
local stamp = whole(tick())
for i = 2, #KEYS do
  redis.call('HDEL', KEYS[i], ARGV[2])
  redis.call('HSET', KEYS[i], 'stamp', stamp)
  redis.call('PEXPIRE', KEYS[i], ARGV[3])
end
return 1
