-- A change is under way. KEYS: clock, guards. ARGV: lease, token, milliseconds for which guards are kept.
for i = 2, #KEYS do
  redis.call('HSET', KEYS[i], ARGV[2], whole(now + lease))
  redis.call('PEXPIRE', KEYS[i], ARGV[3])
end
return 1
