-- Nothing that is kept may be used any more. KEYS: clock. ARGV: lease.
redis.call('HSET', KEYS[1], 'start', whole(tick()), 'quiet', whole(now + lease))
return 1
