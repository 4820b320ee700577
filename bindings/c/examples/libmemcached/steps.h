/*
 * One request to one node, by libmemcached where it has the command. Each reports to the router how it ended; a node
 * that fails is an answer here, never an error.
 */
#ifndef STEPS_H
#define STEPS_H

#include "links.h"

typedef enum {
  /* Found, stored or removed. */
  STEP_YES,
  /* Not there, or not stored. */
  STEP_NO,
  /* The node is well, but will not store this value. */
  STEP_REFUSED,
  STEP_FAILED
} step_result;

/* An item's time is not known: it must not be copied. */
#define STEP_UNKNOWN (-2)

typedef struct {
  cache_value value;
  /* In seconds; META_NO_END or STEP_UNKNOWN. */
  int64_t left;
} step_item;

/* What a fill has to show. */
typedef struct {
  const ringshift_node *node;
  /* 0 is no token. */
  uint64_t cas;
  /* The connection that it was taken on. */
  uint64_t born;
} step_token;

typedef struct {
  const char *data;
  size_t len;
} step_key;

/* Whether a key may be sent to a node, with the node's prefix. */
int step_is_key(const ringshift_node *node, step_key key);

/* A read. */
step_result step_get(link_table *links, const ringshift_node *node, step_key key, step_item *item);

/* A read that asks for the time that the item has left. */
step_result step_take(link_table *links, const ringshift_node *node, step_key key, step_item *item);

/* A token read: an item, or STEP_NO and a token (whose `cas` may be 0). */
step_result step_seek(link_table *links, const ringshift_node *node, step_key key, step_item *item, step_token *token);

/* Stores by token. `left` is in seconds; META_NO_END. */
step_result step_fill(link_table *links, const step_token *token, step_key key, const cache_value *value, int64_t left);

/* Stores, whatever is there. */
step_result step_set(link_table *links, const ringshift_node *node, step_key key, const cache_value *value,
                     int64_t left);

step_result step_delete(link_table *links, const ringshift_node *node, step_key key);

#endif
