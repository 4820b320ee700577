// The scripts that every Redis adapter sends, byte for byte the same in every language.

package goredis

import "github.com/redis/go-redis/v9"

// script is a script's text, and the name that servers give it.
type script struct{ text, hash string }

func newScript(text string) script { return script{text, redis.NewScript(text).Hash()} }

var (
	// lease is a token read.
	lease = newScript(leaseText)
	// fill stores by a token.
	fill = newScript(fillText)
)

// run runs a script once for each call (a key and arguments), and gives the answers. Servers that don't know it are sent its
// text.
func (n node) run(script script, calls [][]any) []answer {
	send := func(how, what string, calls [][]any) []answer {
		commands := make([]*redis.Cmd, len(calls))
		for i, call := range calls {
			commands[i] = n.command(append([]any{how, what, 1}, call...)...)
		}
		return n.send(commands)
	}
	answers := send("evalsha", script.hash, calls)
	var unknown []int
	var again [][]any
	for i, got := range answers {
		if redis.HasErrorPrefix(got.err, "NOSCRIPT") {
			unknown = append(unknown, i)
			again = append(again, calls[i])
		}
	}
	for i, got := range send("eval", script.text, again) {
		answers[unknown[i]] = got
	}
	return answers
}

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
