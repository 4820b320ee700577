package main

import (
	"context"
	"errors"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/adapters/goredis"
)

// facade is an adapter's client; a value that is not there is nil.
type facade interface {
	get(key string) ([]byte, error)
	getMany(keys []string) ([][]byte, error)
	store(how, key string, value []byte, expire int32) (bool, error)
	touch(key string, expire int32) (bool, error)
	remove(key string) (bool, error)
	invalidate(key string) error
	incr(key string, amount int64) (any, error)
	getOrLoad(key string, load func() ([]byte, error), expire int32) ([]byte, error)
}

var facades = map[string]func(*ringshift.Router, time.Duration) facade{
	"gomemcache": func(router *ringshift.Router, timeout time.Duration) facade {
		return memcached{gomemcache.New(router, gomemcache.Options{Timeout: timeout, MaxIdleConns: 16})}
	},
	"goredis": func(router *ringshift.Router, timeout time.Duration) facade {
		options := &redis.Options{DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout}
		return redises{goredis.New(router, options)}
	},
}

type memcached struct{ client *gomemcache.Client }

func (m memcached) get(key string) ([]byte, error) { return valueOf(m.client.Get(key)) }

func (m memcached) getMany(keys []string) ([][]byte, error) {
	found, err := m.client.GetMulti(keys)
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if item := found[key]; item != nil {
			values[i] = item.Value
		}
	}
	return values, err
}

func (m memcached) store(how, key string, value []byte, expire int32) (bool, error) {
	item := &memcache.Item{Key: key, Value: value, Expiration: expire}
	switch how {
	case "add":
		return done(m.client.Add(item))
	case "replace":
		return done(m.client.Replace(item))
	}
	return done(m.client.Set(item))
}

func (m memcached) touch(key string, expire int32) (bool, error) {
	return done(m.client.Touch(key, expire))
}

func (m memcached) remove(key string) (bool, error) { return done(m.client.Delete(key)) }

func (m memcached) invalidate(key string) error { return m.client.Invalidate(key) }

func (m memcached) incr(key string, amount int64) (any, error) {
	sum, err := m.client.Increment(key, uint64(amount))
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil, nil
	}
	return sum, err
}

func (m memcached) getOrLoad(key string, load func() ([]byte, error), expire int32) ([]byte, error) {
	return valueOf(m.client.GetOrLoad(key, load, expire))
}

func valueOf(item *memcache.Item, err error) ([]byte, error) {
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if item.Value == nil {
		return []byte{}, nil
	}
	return item.Value, nil
}

// done tells what is no error in gomemcache's manner of speaking.
func done(err error) (bool, error) {
	if errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrNotStored) {
		return false, nil
	}
	return err == nil, err
}

type redises struct{ client *goredis.Client }

func (r redises) get(key string) ([]byte, error) {
	value, err := r.client.Get(context.Background(), key).Bytes()
	return orNothing(value, err)
}

func (r redises) getMany(keys []string) ([][]byte, error) {
	found, err := r.client.MGet(context.Background(), keys...).Result()
	values := make([][]byte, len(keys))
	for i, value := range found {
		if text, isThere := value.(string); isThere {
			values[i] = []byte(text)
		}
	}
	return values, err
}

func (r redises) store(how, key string, value []byte, expire int32) (bool, error) {
	ctx, expiration := context.Background(), time.Duration(expire)*time.Second
	switch how {
	case "add":
		return r.client.SetNX(ctx, key, value, expiration).Result()
	case "replace":
		return r.client.SetXX(ctx, key, value, expiration).Result()
	}
	err := r.client.Set(ctx, key, value, expiration).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, err
}

func (r redises) touch(key string, expire int32) (bool, error) {
	if expire == 0 {
		return r.client.Persist(context.Background(), key).Result()
	}
	return r.client.Expire(context.Background(), key, time.Duration(expire)*time.Second).Result()
}

func (r redises) remove(key string) (bool, error) {
	count, err := r.client.Del(context.Background(), key).Result()
	return count == 1, err
}

func (r redises) invalidate(key string) error { return r.client.Invalidate(context.Background(), key) }

func (r redises) incr(key string, amount int64) (any, error) {
	return r.client.IncrBy(context.Background(), key, amount).Result()
}

func (r redises) getOrLoad(key string, load func() ([]byte, error), expire int32) ([]byte, error) {
	ask := func(context.Context) ([]byte, error) { return load() }
	value, err := r.client.GetOrLoad(context.Background(), key, ask, time.Duration(expire)*time.Second)
	return orNothing(value, err)
}

func orNothing(value []byte, err error) ([]byte, error) {
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if value == nil && err == nil {
		value = []byte{}
	}
	return value, err
}
