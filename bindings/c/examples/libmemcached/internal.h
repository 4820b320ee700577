/* What reading (cache.c) and writing (write.c) share. */
#ifndef INTERNAL_H
#define INTERNAL_H

#include "steps.h"

struct cache_client {
  link_table links;
  /* What the last write lost. A node is in it once. */
  const ringshift_node **lost;
  size_t lost_count, lost_room;
  /* There was no memory to note one of them. */
  int lost_unnamed;
};

/* Begins a call: the key's route. CACHE_OK, or CACHE_BAD_KEY if one of its nodes cannot have the key. */
cache_status cache_route(cache_client *cache, step_key key, ringshift_route *route);

/* A time to live in seconds (0: no end) as `left`, and at most what the spec allows. */
int64_t cache_limited(const cache_client *cache, int64_t left);

#endif
