package goredis

import "github.com/redis/go-redis/v9"

// The scripts that every Redis adapter sends, byte for byte the same in every language.

// lease is a token read.
var lease = redis.NewScript(leaseText)

// fill stores by a token.
var fill = redis.NewScript(fillText)

const leaseText = `-- A token read: the value of KEYS[1]; or nothing, after the lease ARGV[1] was stored there for ARGV[2] milliseconds.
local value = redis.call('GET', KEYS[1])
if value then
  return value
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
`

const fillText = `-- Stores ARGV[2] under KEYS[1] if the lease ARGV[1] is still there, for ARGV[3] milliseconds; 0 is for ever.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
`
