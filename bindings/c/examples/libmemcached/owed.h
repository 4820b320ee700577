/*
 * Keys whose invalidation was lost, and which the router wants to be sent again now that a node of theirs has answered.
 * The steps collect them; they are sent when the operation is done (`cache_repay`).
 */
#ifndef OWED_H
#define OWED_H

#include <stddef.h>

#include "ringshift.h"

typedef struct {
  ringshift_owed **all;
  size_t count, room;
  /* They are being sent. What is found to be owed meanwhile is left to the next operation. */
  int closed;
} owed_list;

/* After a node has answered: adds what is owed to it. While nothing is, it costs next to nothing. */
void owed_ask(owed_list *list, const ringshift_router *router, const ringshift_node *node);

/* Frees the list's own memory. */
void owed_close(owed_list *list);

#endif
