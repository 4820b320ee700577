/* How evenly a subject spreads keys, and what moves when a node comes or goes. */

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* The number of nodes at which it is measured what one node more moves. */
enum { MOVED_AT = 100 };

/* Keys for each node, without which both would be those of chance. */
enum { BALANCE_NEEDS = 1000, MOVES_NEED = 100 };

double balance(const subject *subject, const char *keys, size_t count, size_t nodes) {
  if (subject->owner == NULL || count < nodes * BALANCE_NEEDS) return -1;
  size_t *shares = calloc(nodes, sizeof *shares);
  size_t fullest = 0, counted = 0;
  char name[128], detail[128];
  if (shares == NULL) die("no memory");
  for (size_t index = 0; index < count; index++) {
    size_t owner = subject->owner(subject->state, keys + index * KEY_LENGTH);
    if (owner >= nodes) continue;
    counted++;
    if (++shares[owner] > fullest) fullest = shares[owner];
  }
  free(shares);
  snprintf(name, sizeof name, "%s: keys by node add up", subject->name);
  snprintf(detail, sizeof detail, "%zu of %zu keys have a node", counted, count);
  check(name, nodes, counted == count, detail);
  return (double)fullest * (double)nodes / (double)count;
}

double moved(const subject *subject, const char *keys, size_t count, size_t nodes) {
  if (subject->changed == NULL || nodes != MOVED_AT || count < nodes * MOVES_NEED) return -1;
  const void *after = subject->changed(nodes, subject->change);
  size_t moves = 0, elsewhere = 0, larger = subject->change > 0 ? nodes + 1 : nodes;
  for (size_t index = 0; index < count; index++) {
    const char *key = keys + index * KEY_LENGTH;
    size_t before = subject->owner(subject->state, key), now = subject->owner(after, key);
    moves += before != now;
    elsewhere += before != now && before != larger - 1 && now != larger - 1;
  }
  if (subject->is_ours) {
    char name[128], detail[128];
    snprintf(name, sizeof name, "%s: a new node takes keys and nothing else moves", subject->name);
    snprintf(detail, sizeof detail, "%zu of %zu keys that moved went to an old node", elsewhere, moves);
    check(name, nodes, moves > 0 && elsewhere == 0, detail);
  }
  return (double)moves * (double)larger / (double)count;
}
