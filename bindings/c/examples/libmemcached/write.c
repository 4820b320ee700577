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

static void lose(cache_client *cache, const ringshift_node *node) {
  for (size_t i = 0; i < cache->lost_count; i++)
    if (cache->lost[i] == node) return;
  if (cache->lost_count == cache->lost_room) {
    size_t room = cache->lost_room + RINGSHIFT_MAX_INVALIDATE;
    const ringshift_node **lost = realloc(cache->lost, room * sizeof *lost);
    if (lost == NULL) {
      cache->lost_unnamed = 1;
      return;
    }
    cache->lost = lost;
    cache->lost_room = room;
  }
  cache->lost[cache->lost_count++] = node;
}

/* One round. Nodes that are read get the value if there is one; whoever refuses it must at least forget the old one. */
static cache_status write_round(cache_client *cache, const ringshift_node *const *nodes, size_t count,
                                const ringshift_route *read, step_key key, const cache_value *value, int64_t left) {
  cache_status status = CACHE_OK;
  for (size_t i = 0; i < count; i++) {
    int stores = value != NULL && place_in(nodes[i], read->read, read->read_len) != NULL;
    step_result done = stores ? step_set(&cache->links, nodes[i], key, value, left)
                              : step_delete(&cache->links, nodes[i], key);
    if (done == STEP_REFUSED) {
      status = CACHE_REFUSED;
      done = step_delete(&cache->links, nodes[i], key);
    }
    if (done == STEP_FAILED) lose(cache, nodes[i]);
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

static cache_status write_to_all(cache_client *cache, step_key key, const cache_value *value, int64_t left) {
  ringshift_route route, now;
  cache->lost_count = 0;
  cache->lost_unnamed = 0;
  if (cache_route(cache, key, &route) != CACHE_OK) return CACHE_BAD_KEY;
  cache_status status = write_round(cache, route.invalidate, route.invalidate_len, &route, key, value, left);
  /* It ends: a spec changes seldom. A value is stored in the first round only: others may read elsewhere by now. */
  while (ringshift_router_generation(cache->links.router) != route.generation) {
    const ringshift_node *nodes[2 * RINGSHIFT_MAX_INVALIDATE];
    if (ringshift_router_route(cache->links.router, key.data, key.len, &now) != RINGSHIFT_OK) break;
    write_round(cache, nodes, unite(&route, &now, nodes), &now, key, NULL, 0);
    route = now;
  }
  return cache->lost_count > 0 || cache->lost_unnamed ? CACHE_LOST : status;
}

cache_status cache_invalidate(cache_client *cache, const char *key, size_t key_len) {
  return write_to_all(cache, (step_key){key, key_len}, NULL, 0);
}

cache_status cache_set(cache_client *cache, const char *key, size_t key_len, const cache_value *value, uint32_t ttl) {
  return write_to_all(cache, (step_key){key, key_len}, value, cache_limited(cache,
                      ttl == 0 ? META_NO_END : (int64_t)ttl));
}

const ringshift_node *const *cache_lost(const cache_client *cache, size_t *count) {
  *count = cache->lost_count;
  return cache->lost;
}
