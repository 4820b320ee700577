// Values and times to live as go-redis takes them.

package goredis

import (
	"encoding"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
)

// bytesOf is what go-redis makes of a value.
func bytesOf(value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return []byte{}, nil
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	case bool:
		if v {
			return []byte("1"), nil
		}
		return []byte("0"), nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Append(nil, v), nil
	case float32:
		return strconv.AppendFloat(nil, float64(v), 'f', -1, 64), nil
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64), nil
	case time.Time:
		return v.AppendFormat(nil, time.RFC3339Nano), nil
	case time.Duration:
		return strconv.AppendInt(nil, v.Nanoseconds(), 10), nil
	case *string, *bool, *int, *int8, *int16, *int32, *int64, *uint, *uint8, *uint16, *uint32, *uint64,
		*float32, *float64, *time.Time, *time.Duration:
		pointer := reflect.ValueOf(v)
		if pointer.IsNil() {
			return bytesOf(reflect.Zero(pointer.Type().Elem()).Interface())
		}
		return bytesOf(pointer.Elem().Interface())
	case encoding.BinaryMarshaler:
		return v.MarshalBinary()
	case net.IP:
		return v, nil
	}
	return nil, invalid("a value of type %T can't be stored; use a string, []byte, number, bool, time or BinaryMarshaler", value)
}

// ttlOf is the time to live that an expiration means.
func ttlOf(expiration time.Duration) (time.Duration, error) {
	switch {
	case expiration == redis.KeepTTL:
		return 0, invalid("KeepTTL can't be carried out at several nodes; give an expiration")
	case expiration < 0, expiration > 0 && expiration < time.Millisecond:
		return 0, invalid("the expiration %v is not one; use 0 for ever, or a millisecond or more", expiration)
	}
	return expiration, nil
}

func invalid(format string, values ...any) error {
	return &ringshift.Error{Kind: ringshift.ErrInvalidArgument, Message: fmt.Sprintf(format, values...)}
}
