/* What reading (cache.c), writing (write.c) and sending again (owed.c) share. */
#ifndef INTERNAL_H
#define INTERNAL_H

#include "steps.h"

/* The nodes that did not acknowledge an invalidation, each once. */
typedef struct {
  const ringshift_node **all;
  size_t count, room;
  /* There was no memory to note one of them. */
  int unnamed;
} lost_nodes;

struct cache_client {
  link_table links;
  /* By the last write that the program asked for. */
  lost_nodes lost;
};

/* Begins a call: the key's route. CACHE_OK, or CACHE_BAD_KEY if one of its nodes cannot have the key. */
cache_status cache_route(cache_client *cache, step_key key, ringshift_route *route);

/* A time to live in seconds (0: no end) as `left`, and at most what the spec allows. */
int64_t cache_limited(const cache_client *cache, int64_t left);

/* Removes a key everywhere, or stores a value where it is read and removes it elsewhere. Writes who did not acknowledge
   to `lost`, in place of what was in it. CACHE_OK, CACHE_BAD_KEY, CACHE_LOST or CACHE_REFUSED. */
cache_status cache_write(cache_client *cache, step_key key, const cache_value *value, int64_t left, lost_nodes *lost);

/* Ends a call: sends again what its steps have found to be owed. What fails stays owed; the caller is told nothing. */
void cache_repay(cache_client *cache);

/* Before a read that has nowhere to read, perhaps since its key is owed: nobody else may come by. */
void cache_repay_first(cache_client *cache, const ringshift_route *route);

#endif
