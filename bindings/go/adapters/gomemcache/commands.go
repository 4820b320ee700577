// The commands that are sent on connections of our own, and what servers answer.

package gomemcache

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"ringshift/internal/steps"
)

// found is what a server has under a key.
type found struct {
	// item is nil if there is nothing, or only what stands in for a token.
	item *steps.Item
	cas  uint64
}

// find asks for items with their CAS numbers and the time that they have left; with lease, an item that stands in for a
// token is made where there is none. Whatever fails, keys that were answered have what was found: nil is no answer.
func (c *conn) find(keys []string, lease bool) ([]*found, error) {
	flags := "v f t c"
	if lease {
		flags += fmt.Sprintf(" N%d", steps.Lease/time.Second)
	}
	commands := make([][]byte, len(keys))
	for i, key := range keys {
		commands[i] = fmt.Appendf(nil, "mg %s %s\r\n", key, flags)
	}
	all := make([]*found, len(keys))
	return all, c.exchange(commands, func(at int) (err error) {
		all[at], err = c.readFound()
		return err
	})
}

func (c *conn) readFound() (*found, error) {
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	words := bytes.Fields(line)
	if len(words) > 0 && bytes.Equal(words[0], []byte("EN")) {
		return &found{}, nil
	}
	if len(words) < 2 || !bytes.Equal(words[0], []byte("VA")) {
		return nil, fmt.Errorf("memcached answered %.32q to mg", line)
	}
	size, err := strconv.Atoi(string(words[1]))
	if err != nil {
		return nil, err
	}
	item := &steps.Item{}
	all := &found{item: item}
	stale, leased := false, false
	for _, word := range words[2:] {
		var number int64
		if len(word) > 1 {
			if number, err = strconv.ParseInt(string(word[1:]), 10, 64); err != nil {
				return nil, err
			}
		}
		switch word[0] {
		case 'f':
			item.Flags = uint32(number)
		case 't':
			item.TTL = ttlOf(number)
		case 'c':
			all.cas = uint64(number)
		case 'X':
			stale = true
		case 'W', 'Z':
			leased = true
		}
	}
	if item.Value, err = c.value(size); err != nil {
		return nil, err
	}
	// Marked by a meta delete as no longer true, or made for a token.
	if stale || (leased && size == 0) || string(item.Value) == steps.Placeholder {
		all.item = nil
	}
	return all, nil
}

// ttlOf is what t tells: -1 for no end.
func ttlOf(seconds int64) time.Duration {
	switch {
	case seconds < 0:
		return steps.Forever
	case seconds == 0:
		return steps.Unknown
	}
	return time.Duration(seconds) * time.Second
}

// gets is find by the classic command; the time that items have left is not known.
func (c *conn) gets(keys []string) ([]*found, error) {
	commands := make([][]byte, len(keys))
	for i, key := range keys {
		commands[i] = fmt.Appendf(nil, "gets %s\r\n", key)
	}
	all := make([]*found, len(keys))
	return all, c.exchange(commands, func(at int) (err error) {
		all[at], err = c.readGets()
		return err
	})
}

func (c *conn) readGets() (*found, error) {
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	if bytes.Equal(line, []byte("END")) {
		return &found{}, nil
	}
	var key string
	var size int
	all := &found{item: &steps.Item{TTL: steps.Unknown}}
	if _, err := fmt.Sscanf(string(line), "VALUE %s %d %d %d", &key, &all.item.Flags, &size, &all.cas); err != nil {
		return nil, fmt.Errorf("memcached answered %.32q to gets", line)
	}
	if all.item.Value, err = c.value(size); err != nil {
		return nil, err
	}
	if end, err := c.line(); err != nil || !bytes.Equal(end, []byte("END")) {
		return nil, fmt.Errorf("memcached did not end its answer to gets: %w", err)
	}
	if string(all.item.Value) == steps.Placeholder {
		all.item = nil
	}
	return all, nil
}

// place is find with lease for servers without meta commands: by a placeholder.
func (c *conn) place(keys []string) ([]*found, error) {
	all, err := c.gets(keys)
	if err != nil {
		return all, err
	}
	var missing []int
	var commands [][]byte
	for i, key := range keys {
		// Another reader's placeholder is as good as a new one.
		if all[i].item == nil && all[i].cas == 0 {
			missing = append(missing, i)
			commands = append(commands, fmt.Appendf(nil, "add %s 0 %d %d\r\n%s\r\ngets %s\r\n",
				key, steps.Lease/time.Second, len(steps.Placeholder), steps.Placeholder, key))
		}
	}
	return all, c.exchange(commands, func(at int) error {
		// Whether it was stored doesn't matter: somebody else may have been faster, and what is there says it all.
		if _, err := c.line(); err != nil && !isAnswer(err) {
			return err
		}
		var err error
		all[missing[at]], err = c.readGets()
		return err
	})
}

// filled is what a server said to a fill.
type filled struct {
	stored  bool
	refused error
}

// fill stores items whose tokens still hold. Whatever fails, keys that were answered have what was said: nil is no answer.
func (c *conn) fill(keys []string, items []*steps.Item, tokens []*steps.Token) ([]*filled, error) {
	commands := make([][]byte, len(keys))
	for i, key := range keys {
		item := items[i]
		head := fmt.Sprintf("cas %s %d %d %d %s\r\n",
			key, item.Flags, exptimeOf(item.TTL), len(item.Value), tokens[i].Text)
		commands[i] = append(append([]byte(head), item.Value...), "\r\n"...)
	}
	all := make([]*filled, len(keys))
	return all, c.exchange(commands, func(at int) error {
		line, err := c.line()
		if isAnswer(err) {
			all[at] = &filled{refused: err}
			return nil
		}
		if err == nil {
			all[at] = &filled{stored: bytes.Equal(line, []byte("STORED"))}
		}
		return err
	})
}

// remove removes keys in one round trip. Whatever fails, keys that were answered have what was said: "" is no answer.
func (c *conn) remove(keys []string) ([]string, error) {
	commands := make([][]byte, len(keys))
	for i, key := range keys {
		commands[i] = fmt.Appendf(nil, "delete %s\r\n", key)
	}
	all := make([]string, len(keys))
	return all, c.exchange(commands, func(at int) error {
		line, err := c.line()
		if err == nil {
			all[at] = string(line)
		}
		return err
	})
}

// month is the longest relative exptime; above it memcached takes a number for a Unix time.
const month = 30 * 24 * time.Hour

// exptimeOf is memcached's exptime for a time to live, of which it counts whole seconds.
func exptimeOf(ttl time.Duration) int64 {
	switch {
	case ttl == steps.Forever:
		return 0
	case ttl < 0:
		// 0 would be no end.
		return -1
	case ttl > month:
		// A second less: the server's clock may be that much behind, and no copy may live longer than its source.
		return min(time.Now().Add(ttl).Unix()-1, math.MaxInt32)
	}
	return max(1, int64(ttl/time.Second))
}

// ttlOfExpiration is the time to live that gomemcache's Expiration means.
func ttlOfExpiration(expiration int32) time.Duration {
	switch {
	case expiration == 0:
		return steps.Forever
	case expiration < 0:
		return steps.Unknown
	}
	ttl := time.Duration(expiration) * time.Second
	if ttl > month {
		ttl = time.Until(time.Unix(int64(expiration), 0)).Truncate(time.Second)
		if ttl <= 0 {
			return steps.Unknown
		}
	}
	return ttl
}
