-- A token read: the value of KEYS[1]; or nothing, after the lease ARGV[1] was stored there for ARGV[2] milliseconds.
local value = redis.call('GET', KEYS[1])
if value then
  return value
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
