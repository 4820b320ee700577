/* Writing: every node of `invalidate`, one after the other, and those of a newer spec too if one came meanwhile. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Whether a key is the same entry on the same server at both, whatever their cluster. */
static int is_same_place(const ringshift_node *one, const ringshift_node *other) {
  return one == other || (strcmp(ringshift_node_address(one), ringshift_node_address(other)) == 0 &&
                          strcmp(ringshift_node_key_prefix(one), ringshift_node_key_prefix(other)) == 0);
}

static const ringshift_node *place_in(const ringshift_node *node, const ringshift_node *const *nodes, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (is_same_place(node, nodes[i])) return nodes[i];
  return NULL;
}

static void lose(lost_nodes *lost, const ringshift_node *node) {
  for (size_t i = 0; i < lost->count; i++)
    if (lost->all[i] == node) return;
  if (lost->count == lost->room) {
    size_t room = lost->room + RINGSHIFT_MAX_INVALIDATE;
    const ringshift_node **all = realloc(lost->all, room * sizeof *all);
    if (all == NULL) {
      lost->unnamed = 1;
      return;
    }
    lost->all = all;
    lost->room = room;
  }
  lost->all[lost->count++] = node;
}

/* One round. Nodes that are read get the value if there is one; whoever refuses it must at least forget the old one. */
static cache_status write_round(cache_client *cache, const ringshift_node *const *nodes, size_t count,
                                const ringshift_route *read, step_key key, const cache_value *value, int64_t left,
                                lost_nodes *lost) {
  cache_status status = CACHE_OK;
  for (size_t i = 0; i < count; i++) {
    int stores = value != NULL && place_in(nodes[i], read->read, read->read_len) != NULL;
    step_result done = stores ? step_set(&cache->links, nodes[i], key, value, left)
                              : step_delete(&cache->links, nodes[i], key);
    if (done == STEP_REFUSED) {
      status = CACHE_REFUSED;
      done = step_delete(&cache->links, nodes[i], key);
    }
    if (done == STEP_FAILED) lose(lost, nodes[i]);
  }
  return status;
}

/* The nodes of both routes, the old ones first, but as the new one knows them: an old cluster has left the metrics. */
static size_t unite(const ringshift_route *old, const ringshift_route *now, const ringshift_node **nodes) {
  size_t count = 0;
  for (size_t i = 0; i < old->invalidate_len; i++) {
    const ringshift_node *same = place_in(old->invalidate[i], now->invalidate, now->invalidate_len);
    nodes[count++] = same != NULL ? same : old->invalidate[i];
  }
  for (size_t i = 0; i < now->invalidate_len; i++)
    if (place_in(now->invalidate[i], nodes, count) == NULL) nodes[count++] = now->invalidate[i];
  return count;
}

cache_status cache_write(cache_client *cache, step_key key, const cache_value *value, int64_t left, lost_nodes *lost) {
  ringshift_route route, now;
  lost->count = 0;
  lost->unnamed = 0;
  if (cache_route(cache, key, &route) != CACHE_OK) return CACHE_BAD_KEY;
  cache_status status = write_round(cache, route.invalidate, route.invalidate_len, &route, key, value, left, lost);
  /* It ends: a spec changes seldom. A value is stored in the first round only: others may read elsewhere by now. */
  while (ringshift_router_generation(cache->links.router) != route.generation) {
    const ringshift_node *nodes[2 * RINGSHIFT_MAX_INVALIDATE];
    if (ringshift_router_route(cache->links.router, key.data, key.len, &now) != RINGSHIFT_OK) break;
    write_round(cache, nodes, unite(&route, &now, nodes), &now, key, NULL, 0, lost);
    route = now;
  }
  return lost->count > 0 || lost->unnamed ? CACHE_LOST : status;
}

static cache_status write_and_repay(cache_client *cache, step_key key, const cache_value *value, int64_t left) {
  cache_status status = cache_write(cache, key, value, left, &cache->lost);
  cache_repay(cache);
  return status;
}

cache_status cache_invalidate(cache_client *cache, const char *key, size_t key_len) {
  return write_and_repay(cache, (step_key){key, key_len}, NULL, 0);
}

cache_status cache_set(cache_client *cache, const char *key, size_t key_len, const cache_value *value, uint32_t ttl) {
  const int64_t left = cache_limited(cache, ttl == 0 ? META_NO_END : (int64_t)ttl);
  return write_and_repay(cache, (step_key){key, key_len}, value, left);
}

const ringshift_node *const *cache_lost(const cache_client *cache, size_t *count) {
  *count = cache->lost.count;
  return cache->lost.all;
}
