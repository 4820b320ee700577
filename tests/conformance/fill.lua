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
