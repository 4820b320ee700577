/* Invalidations that were lost, sent again. Until then this process does not read those keys where they were lost. */
#include "owed.h"

#include <stdlib.h>

#include "internal.h"

void owed_ask(owed_list *list, const ringshift_router *router, const ringshift_node *node) {
  ringshift_owed *owed = NULL;
  if (list->closed || ringshift_router_owed(router, node, &owed) != RINGSHIFT_OK || owed == NULL) return;
  if (list->count == list->room) {
    size_t room = list->room * 2 + 4;
    ringshift_owed **all = realloc(list->all, room * sizeof *all);
    if (all == NULL) {
      /* The router gives them again in a while. */
      ringshift_owed_free(owed);
      return;
    }
    list->all = all;
    list->room = room;
  }
  list->all[list->count++] = owed;
}

void owed_close(owed_list *list) {
  free(list->all);
  list->all = NULL;
  list->count = list->room = 0;
}

/* Key after key. At the first one that is lost again it ends, or each of them could cost a timeout. */
static int send_again(cache_client *cache, const ringshift_owed *owed) {
  lost_nodes lost = {0};
  int goes_on = 1;
  for (size_t i = 0; goes_on && i < ringshift_owed_count(owed); i++) {
    const void *key;
    size_t key_len;
    uint64_t loss;
    if (ringshift_owed_key(owed, i, &key, &key_len, &loss) != RINGSHIFT_OK) break;
    cache_status status = cache_write(cache, (step_key){key, key_len}, NULL, 0, &lost);
    if (status == CACHE_OK) ringshift_router_repaid(cache->links.router, key, key_len, loss);
    goes_on = status != CACHE_LOST;
  }
  free(lost.all);
  return goes_on;
}

void cache_repay(cache_client *cache) {
  owed_list *list = &cache->links.owed;
  int goes_on = 1;
  list->closed = 1;
  for (size_t i = 0; i < list->count; i++) {
    if (goes_on) goes_on = send_again(cache, list->all[i]);
    ringshift_owed_free(list->all[i]);
  }
  list->count = 0;
  list->closed = 0;
}

void cache_repay_first(cache_client *cache, const ringshift_route *route) {
  for (size_t i = 0; i < route->invalidate_len; i++)
    owed_ask(&cache->links.owed, cache->links.router, route->invalidate[i]);
  cache_repay(cache);
}
