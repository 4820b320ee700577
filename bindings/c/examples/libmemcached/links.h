/*
 * One libmemcached client for each node address, made when it is first needed and dropped when the address has left the
 * spec. ringshift places the keys, so each client knows one server only.
 */
#ifndef LINKS_H
#define LINKS_H

#include <libmemcached/memcached.h>

#include "meta.h"
#include "owed.h"

typedef struct {
  char *address;
  /* Address in parts, as its users want it; `port` is NULL for a unix socket. */
  char *host, *port;
  /* NULL while there is no connection. */
  memcached_st *client;
  /* Which connection this is, counted from 1 over all addresses. */
  uint64_t born;
  /* The connection has answered: if it fails now, it may have died while idle. */
  int proven;
  /* The server knows meta commands, as far as is known. */
  int knows_meta;
  meta_connection meta;
} node_link;

typedef struct {
  ringshift_router *router;
  int timeout_ms;
  node_link **all;
  size_t count, room;
  uint64_t connections;
  /* The epoch whose addresses these are; 0 if one may have been added since. */
  uint64_t epoch;
  /* What nodes that have answered in this operation are still to be sent. */
  owed_list owed;
} link_table;

typedef enum {
  LINK_OPEN,
  /* There is no connection, and none can be made. */
  LINK_UNREACHABLE,
  /* This process has no memory, descriptor or port left for it. */
  LINK_LACKING
} link_status;

/* Writes the link to an address, with a client, to `*link`. */
link_status links_open(link_table *links, const char *address, node_link **link);

/* The link to an address if it has a client; NULL if not. */
node_link *links_find(const link_table *links, const char *address);

/* Gives up a link's connections. The next `links_open` makes new ones. */
void links_disconnect(node_link *link);

/* Drops what the spec in force has no more. Links are invalid after. */
void links_sweep(link_table *links);

void links_close(link_table *links);

#endif
