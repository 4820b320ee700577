/*
 * A cache over ringshift and libmemcached: a key's route is carried out as docs/migration.md says.
 *
 * Threads: a `cache_client` belongs to one thread at a time, as libmemcached's own objects do; make one in each thread,
 * over one router. Who refreshes the router (`ringshift_router_refresh`) is the program's affair; any thread may.
 */
#ifndef CACHE_H
#define CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "ringshift.h"

typedef struct cache_client cache_client;

/* How a call ended. */
typedef enum {
  /* A value was found, or all was done. */
  CACHE_OK,
  /* There is no value. */
  CACHE_MISS,
  /* The key is empty, too long for one of its nodes, or has spaces or control characters; nothing was sent. */
  CACHE_BAD_KEY,
  /* Some nodes did not acknowledge (`cache_lost`). The caches of this router do not read the key there until one of them
     has sent it again, which they do when the node answers; others may read an old value. Better send it again now. */
  CACHE_LOST,
  /* A node would not store the value, such as one that is too large; it was removed there. */
  CACHE_REFUSED,
  /* The load callback failed. */
  CACHE_LOAD_FAILED
} cache_status;

/* A value and the flags that are stored with it. What a call gives out has a NUL behind it and goes back through
   `cache_value_free`. */
typedef struct {
  char *data;
  size_t len;
  uint32_t flags;
} cache_value;

/* Asks the origin for a key's value and writes it to `*value`, with `data` from malloc. CACHE_OK; CACHE_MISS if there
   is none; CACHE_LOAD_FAILED. It may use another cache of this thread, but not the one that calls it. */
typedef cache_status cache_load(void *context, const char *key, size_t key_len, cache_value *value);

/* A cache over a router, which must outlive it. Each node has `timeout_ms` to connect, and to answer. A call may send
   again what was lost before, when it is done, which may take as long as an invalidation. NULL without memory. */
cache_client *cache_new(ringshift_router *router, int timeout_ms);

/* Closes all connections. NULL does nothing. */
void cache_free(cache_client *cache);

/* Gets a value: CACHE_OK, CACHE_MISS or CACHE_BAD_KEY. */
cache_status cache_get(cache_client *cache, const char *key, size_t key_len, cache_value *value);

/* Gets a value; after a miss calls `load` and stores what it gives for `ttl` seconds (0: no end), at most for the
   spec's `max_ttl`, wherever no invalidation came in between. CACHE_OK, CACHE_MISS, CACHE_BAD_KEY or
   CACHE_LOAD_FAILED. */
cache_status cache_get_or_load(cache_client *cache, const char *key, size_t key_len, uint32_t ttl, cache_load *load,
                               void *context, cache_value *value);

/* After the origin has committed a write: removes the key everywhere. CACHE_OK, CACHE_BAD_KEY or CACHE_LOST. */
cache_status cache_invalidate(cache_client *cache, const char *key, size_t key_len);

/* An invalidation in which the nodes that are read get a new value, for `ttl` seconds as above. CACHE_OK,
   CACHE_BAD_KEY, CACHE_LOST or CACHE_REFUSED. Two writers may finish in different orders: prefer `cache_invalidate`. */
cache_status cache_set(cache_client *cache, const char *key, size_t key_len, const cache_value *value, uint32_t ttl);

/* The nodes that did not acknowledge the last `cache_invalidate` or `cache_set`, and in `*count` how many. Valid
   until the next call with this cache; the nodes themselves live as long as the router. Fewer than were lost, if there
   was no memory to note one. */
const ringshift_node *const *cache_lost(const cache_client *cache, size_t *count);

/* Frees the data and leaves an empty value. */
void cache_value_free(cache_value *value);

#endif
