/*
 * Threads that read and write through the example with libmemcached while nodes fail, and what they see.
 *
 * Keys "calm:N" are stored once and never change. Of keys "live:N" the origin, which is a table here, has rising
 * versions; each is written by one thread, and removed from the cache behind every write. Whatever a write was told, no
 * read of this process that begins after it may see an older version.
 */
#ifndef CALLERS_H
#define CALLERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "../examples/libmemcached/cache.h"
#include "check.h"
#include "servers.h"

enum { READERS = 3, KEYS = 48, TIMEOUT = 500 };

typedef struct {
  /* A read that has waited for a node took this long at least. */
  atomic_ulong reads, late;
  /* All calls, and those that took far longer than one timeout. */
  atomic_ulong calls, over;
  atomic_ulong hits, misses;
  /* Writes that were told to be lost at the node that fails, and those that were not though it was one of theirs. */
  atomic_ulong lost, acknowledged;
  /* What may never be: a value that is too old or not the key's own, a status that does not belong there, a key of
     another node that was not served. */
  atomic_ulong stale, strange, unserved;
} caller_counts;

typedef struct {
  ringshift_router *router;
  caller_counts seen;
  /* The id of the node that fails. */
  const char *faulty;
  atomic_ulong versions[KEYS], floors[KEYS];
  /* Whether keys are at the node that fails. */
  int calm_at_faulty[KEYS], live_at_faulty[KEYS];
  /* The node fails for as long as this does not change; 0 while all is well. */
  atomic_ulong fault;
  /* Nothing is to be written any more, and nothing is. */
  atomic_int quiet, rests;
  atomic_int stopped;
  pthread_t threads[READERS + 1];
} caller_group;

static inline size_t callers_key(char *key, const char *kind, int number) {
  return (size_t)sprintf(key, "%s:%d", kind, number);
}

static inline int callers_at_faulty(const caller_group *group, const char *kind, int number) {
  char key[32];
  ringshift_route route;
  size_t len = callers_key(key, kind, number);
  return ringshift_router_route(group->router, key, len, &route) == RINGSHIFT_OK && route.invalidate_len == 1 &&
         strcmp(ringshift_node_id(route.invalidate[0]), group->faulty) == 0;
}

static inline void callers_took(caller_group *group, long begun, int is_read) {
  long took = now_ms() - begun;
  atomic_fetch_add(&group->seen.calls, 1);
  if (took > 2 * TIMEOUT) atomic_fetch_add(&group->seen.over, 1);
  if (!is_read) return;
  atomic_fetch_add(&group->seen.reads, 1);
  if (took > TIMEOUT / 2) atomic_fetch_add(&group->seen.late, 1);
}

typedef struct {
  caller_group *group;
  int number;
} caller_load;

static cache_status callers_origin(void *context, const char *key, size_t key_len, cache_value *value) {
  const caller_load *load = context;
  char text[32];
  (void)key, (void)key_len;
  size_t len = (size_t)sprintf(text, "%lu", atomic_load(&load->group->versions[load->number]));
  *value = (cache_value){strdup(text), len, 0};
  return value->data != NULL ? CACHE_OK : CACHE_LOAD_FAILED;
}

static inline void callers_read_calm(caller_group *group, cache_client *cache, int number) {
  char key[32];
  cache_value value;
  size_t len = callers_key(key, "calm", number);
  long begun = now_ms();
  cache_status status = cache_get(cache, key, len, &value);
  callers_took(group, begun, 1);
  atomic_fetch_add(status == CACHE_OK ? &group->seen.hits : &group->seen.misses, 1);
  if (status != CACHE_OK && status != CACHE_MISS) atomic_fetch_add(&group->seen.strange, 1);
  if (status == CACHE_OK && strcmp(value.data, key) != 0) atomic_fetch_add(&group->seen.strange, 1);
  if (status != CACHE_OK && !group->calm_at_faulty[number]) atomic_fetch_add(&group->seen.unserved, 1);
  cache_value_free(&value);
}

/* The version that a cache gives. */
static inline unsigned long callers_version(caller_group *group, cache_client *cache, int number) {
  char key[32];
  cache_value value;
  caller_load load = {group, number};
  size_t len = callers_key(key, "live", number);
  cache_status status = cache_get_or_load(cache, key, len, 0, callers_origin, &load, &value);
  unsigned long version = status == CACHE_OK ? strtoul(value.data, NULL, 10) : 0;
  if (version == 0) atomic_fetch_add(&group->seen.strange, 1);
  cache_value_free(&value);
  return version;
}

static inline void callers_read_live(caller_group *group, cache_client *cache, int number) {
  unsigned long floor = atomic_load(&group->floors[number]);
  long begun = now_ms();
  unsigned long version = callers_version(group, cache, number);
  callers_took(group, begun, 1);
  if (version < floor) atomic_fetch_add(&group->seen.stale, 1);
}

static inline void callers_write(caller_group *group, cache_client *cache, int number) {
  char key[32];
  size_t count = 0, len = callers_key(key, "live", number);
  unsigned long version = atomic_fetch_add(&group->versions[number], 1) + 1, fault = atomic_load(&group->fault);
  long begun = now_ms();
  cache_status status = cache_invalidate(cache, key, len);
  callers_took(group, begun, 0);
  const ringshift_node *const *lost = cache_lost(cache, &count);
  atomic_store(&group->floors[number], version);
  int failed = status == CACHE_LOST && count == 1 && strcmp(ringshift_node_id(lost[0]), group->faulty) == 0;
  if (!failed && status != CACHE_OK) atomic_fetch_add(&group->seen.strange, 1);
  if (failed && !group->live_at_faulty[number]) atomic_fetch_add(&group->seen.strange, 1);
  if (failed) atomic_fetch_add(&group->seen.lost, 1);
  /* Only what had its whole time within the fault must be lost. */
  if (!failed && group->live_at_faulty[number] && fault != 0 && atomic_load(&group->fault) == fault)
    atomic_fetch_add(&group->seen.acknowledged, 1);
}

static void *callers_keep_reading(void *context) {
  caller_group *group = context;
  cache_client *cache = cache_new(group->router, TIMEOUT);
  for (int number = 0; !atomic_load(&group->stopped); number = (number + 1) % KEYS) {
    callers_read_calm(group, cache, number);
    callers_read_live(group, cache, number);
  }
  cache_free(cache);
  return NULL;
}

static void *callers_keep_writing(void *context) {
  caller_group *group = context;
  cache_client *cache = cache_new(group->router, TIMEOUT);
  for (int number = 0; !atomic_load(&group->quiet); number = (number + 1) % KEYS) {
    callers_write(group, cache, number);
    nap(1);
  }
  atomic_store(&group->rests, 1);
  cache_free(cache);
  return NULL;
}

/* Stores what never changes, and begins. */
static inline void callers_start(caller_group *group, ringshift_router *router, const char *faulty) {
  memset(group, 0, sizeof *group);
  group->router = router;
  group->faulty = faulty;
  cache_client *cache = cache_new(router, TIMEOUT);
  for (int number = 0; number < KEYS; number++) {
    char key[32];
    size_t len = callers_key(key, "calm", number);
    const cache_value value = {key, len, 0};
    CHECK(cache_set(cache, key, len, &value, 0) == CACHE_OK);
    atomic_store(&group->versions[number], 1);
    group->calm_at_faulty[number] = callers_at_faulty(group, "calm", number);
    group->live_at_faulty[number] = callers_at_faulty(group, "live", number);
  }
  cache_free(cache);
  for (int each = 0; each <= READERS; each++)
    if (pthread_create(&group->threads[each], NULL, each < READERS ? callers_keep_reading : callers_keep_writing,
                       group) != 0)
      give_up("pthread_create");
}

/* Ends writing: what was lost is not written once more. */
static inline void callers_rest(caller_group *group) {
  atomic_store(&group->quiet, 1);
  while (!atomic_load(&group->rests)) nap(1);
}

static inline void callers_stop(caller_group *group) {
  callers_rest(group);
  atomic_store(&group->stopped, 1);
  for (int each = 0; each <= READERS; each++) pthread_join(group->threads[each], NULL);
}

#endif
