// The scripts that every Redis adapter sends, byte for byte the same in every language.
'use strict'

const { createHash } = require('node:crypto')

/** @param {string} text */
function script(text) {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

const LEASE = script(`\
-- A token read: the value of KEYS[1]; or nothing, after the lease ARGV[1] was stored there for ARGV[2] milliseconds.
local value = redis.call('GET', KEYS[1])
if value then
  return value
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
`)

const FILL = script(`\
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
`)

exports.FILL = FILL
exports.LEASE = LEASE
