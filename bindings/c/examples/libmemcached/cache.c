/* Reading: the nodes of `read`, then those of `fallback`; copies and loads are stored by tokens. */
#include "cache.h"

#include <stdlib.h>

#include "internal.h"

/* Which nodes may be filled, and with what. */
typedef struct {
  step_token held[RINGSHIFT_MAX_REPLICAS];
  size_t count;
} token_list;

cache_client *cache_new(ringshift_router *router, int timeout_ms) {
  cache_client *cache = calloc(1, sizeof *cache);
  if (cache == NULL) return NULL;
  cache->links.router = router;
  cache->links.timeout_ms = timeout_ms;
  return cache;
}

void cache_free(cache_client *cache) {
  if (cache == NULL) return;
  links_close(&cache->links);
  free(cache->lost.all);
  free(cache);
}

void cache_value_free(cache_value *value) {
  free(value->data);
  *value = (cache_value){NULL, 0, 0};
}

cache_status cache_route(cache_client *cache, step_key key, ringshift_route *route) {
  links_sweep(&cache->links);
  if (ringshift_router_route(cache->links.router, key.data, key.len, route) != RINGSHIFT_OK) return CACHE_BAD_KEY;
  /* All nodes that are read are invalidated too. */
  for (size_t i = 0; i < route->invalidate_len; i++)
    if (!step_is_key(route->invalidate[i], key)) return CACHE_BAD_KEY;
  return CACHE_OK;
}

int64_t cache_limited(const cache_client *cache, int64_t left) {
  uint64_t most = ringshift_router_max_ttl(cache->links.router);
  if (most == 0) return left;
  /* Whole seconds, of which 0 would be no end. */
  int64_t seconds = most < 1000 ? 1 : (int64_t)(most / 1000);
  return left == META_NO_END || left > seconds ? seconds : left;
}

/* A read that ends in no fill: a miss is an answer, a node that fails is passed over. */
static step_result get_at(cache_client *cache, const ringshift_node *const *nodes, size_t count, step_key key,
                          step_item *item) {
  for (size_t i = 0; i < count; i++) {
    step_result found = step_get(&cache->links, nodes[i], key, item);
    if (found != STEP_FAILED) return found;
  }
  return STEP_FAILED;
}

static void hold(token_list *tokens, const step_token *token) {
  if (token->cas != 0) tokens->held[tokens->count++] = *token;
}

/* The same as a token read. After a miss, tokens of the nodes behind the one that answered are taken too. */
static step_result seek_at(cache_client *cache, const ringshift_route *route, step_key key, step_item *item,
                           token_list *tokens) {
  step_result first = STEP_FAILED;
  for (size_t i = 0; i < route->read_len; i++) {
    step_item behind;
    step_token token;
    step_result found = step_seek(&cache->links, route->read[i], key, first == STEP_FAILED ? item : &behind, &token);
    if (found == STEP_NO) hold(tokens, &token);
    if (first == STEP_FAILED) {
      if (found == STEP_YES) return STEP_YES;
      first = found;
    } else if (found == STEP_YES) {
      /* It may be one that a writer is just removing. */
      cache_value_free(&behind.value);
    }
  }
  return first;
}

/* Stores wherever the token still holds. */
static void fill(cache_client *cache, const token_list *tokens, step_key key, const cache_value *value, int64_t left) {
  left = cache_limited(cache, left);
  for (size_t i = 0; i < tokens->count; i++) step_fill(&cache->links, &tokens->held[i], key, value, left);
}

/* Looks at the fallback, and copies what is there if the route says so. */
static int fall_back(cache_client *cache, const ringshift_route *route, step_key key, step_item *item,
                     const token_list *tokens) {
  if (!route->fill) return get_at(cache, route->fallback, route->fallback_len, key, item) == STEP_YES;
  for (size_t i = 0; i < route->fallback_len; i++) {
    step_result found = step_take(&cache->links, route->fallback[i], key, item);
    if (found == STEP_FAILED) continue;
    /* An invented time could keep an old value alive for longer than its writer allowed, and 0 would be no end. */
    if (found == STEP_YES && (item->left > 0 || item->left == META_NO_END))
      fill(cache, tokens, key, &item->value, item->left);
    return found == STEP_YES;
  }
  return 0;
}

/* Begins a read. */
static cache_status route_to_read(cache_client *cache, step_key key, ringshift_route *route) {
  cache_status status = cache_route(cache, key, route);
  if (status == CACHE_OK && route->read_len == 0) cache_repay_first(cache, route);
  return status;
}

cache_status cache_get(cache_client *cache, const char *key, size_t key_len, cache_value *value) {
  const step_key asked = {key, key_len};
  *value = (cache_value){NULL, 0, 0};
  ringshift_route route;
  if (route_to_read(cache, asked, &route) != CACHE_OK) return CACHE_BAD_KEY;
  token_list tokens = {.count = 0};
  step_item item;
  /* Tokens are taken only where something may be copied. */
  int found = (route.fill ? seek_at(cache, &route, asked, &item, &tokens)
                          : get_at(cache, route.read, route.read_len, asked, &item)) == STEP_YES;
  if (!found) found = fall_back(cache, &route, asked, &item, &tokens);
  cache_repay(cache);
  if (!found) return CACHE_MISS;
  *value = item.value;
  return CACHE_OK;
}

cache_status cache_get_or_load(cache_client *cache, const char *key, size_t key_len, uint32_t ttl, cache_load *load,
                               void *context, cache_value *value) {
  const step_key asked = {key, key_len};
  *value = (cache_value){NULL, 0, 0};
  ringshift_route route;
  if (route_to_read(cache, asked, &route) != CACHE_OK) return CACHE_BAD_KEY;
  token_list tokens = {.count = 0};
  step_item item;
  cache_status status = CACHE_OK;
  if (seek_at(cache, &route, asked, &item, &tokens) == STEP_YES ||
      fall_back(cache, &route, asked, &item, &tokens)) {
    *value = item.value;
  } else {
    status = load(context, key, key_len, value);
    if (status == CACHE_OK) fill(cache, &tokens, asked, value, ttl == 0 ? META_NO_END : (int64_t)ttl);
  }
  cache_repay(cache);
  return status;
}
