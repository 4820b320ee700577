/* The table of connections. A program has some dozens of nodes, so that a list is table enough. */
#define _POSIX_C_SOURCE 200809L
#include "links.h"

#include <stdlib.h>
#include <string.h>

static memcached_st *connect_to(const node_link *link, int timeout_ms) {
  memcached_st *client = memcached_create(NULL);
  if (client == NULL) return NULL;
  const uint64_t timeout = (uint64_t)timeout_ms;
  memcached_return_t rc = link->port == NULL ? memcached_server_add_unix_socket(client, link->host)
                                             : memcached_server_add(client, link->host, (in_port_t)atoi(link->port));
  if (memcached_success(rc)) rc = memcached_behavior_set(client, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1);
  if (memcached_success(rc)) rc = memcached_behavior_set(client, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
  /* Sockets that don't block are those that the poll timeout holds for. */
  if (memcached_success(rc)) rc = memcached_behavior_set(client, MEMCACHED_BEHAVIOR_NO_BLOCK, 1);
  if (memcached_success(rc)) rc = memcached_behavior_set(client, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, timeout);
  if (memcached_success(rc)) rc = memcached_behavior_set(client, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, timeout);
  if (memcached_success(rc)) return client;
  memcached_free(client);
  return NULL;
}

static void free_link(node_link *link) {
  links_disconnect(link);
  free(link->address);
  free(link->host);
  free(link);
}

/* host:port, [v6]:port or /path, which the router has checked. */
static node_link *new_link(const char *address) {
  node_link *link = calloc(1, sizeof *link);
  if (link == NULL) return NULL;
  link->meta.fd = -1;
  link->address = strdup(address);
  link->host = strdup(address);
  if (link->address == NULL || link->host == NULL) {
    free_link(link);
    return NULL;
  }
  char *colon = address[0] == '/' ? NULL : strrchr(link->host, ':');
  if (colon != NULL) {
    *colon = '\0';
    link->port = colon + 1;
    if (link->host[0] == '[') {
      colon[-1] = '\0';
      memmove(link->host, link->host + 1, strlen(link->host));
    }
  }
  return link;
}

static node_link *find(const link_table *links, const char *address) {
  for (size_t i = 0; i < links->count; i++)
    if (strcmp(links->all[i]->address, address) == 0) return links->all[i];
  return NULL;
}

node_link *links_find(const link_table *links, const char *address) {
  node_link *link = find(links, address);
  return link != NULL && link->client != NULL ? link : NULL;
}

static node_link *add(link_table *links, const char *address) {
  if (links->count == links->room) {
    size_t room = links->room * 2 + 8;
    node_link **all = realloc(links->all, room * sizeof *all);
    if (all == NULL) return NULL;
    links->all = all;
    links->room = room;
  }
  node_link *link = new_link(address);
  if (link == NULL) return NULL;
  links->all[links->count++] = link;
  /* An address of a route that the spec has left meanwhile would stay for ever. */
  links->epoch = 0;
  return link;
}

link_status links_open(link_table *links, const char *address, node_link **place) {
  node_link *link = find(links, address);
  if (link == NULL) link = add(links, address);
  if (link == NULL) return LINK_LACKING;
  *place = link;
  if (link->client != NULL) return LINK_OPEN;
  /* libmemcached connects in its first command, whose error does not tell a connection that was never made from one
     that broke, or from an answer that is late. */
  meta_status reached = meta_reach(link->host, link->port, links->timeout_ms);
  if (reached == META_UNREACHABLE) return LINK_UNREACHABLE;
  if (reached != META_FOUND) return LINK_LACKING;
  link->client = connect_to(link, links->timeout_ms);
  if (link->client == NULL) return LINK_LACKING;
  link->born = ++links->connections;
  link->proven = 0;
  link->knows_meta = 1;
  return LINK_OPEN;
}

void links_disconnect(node_link *link) {
  if (link->client != NULL) {
    /* It says goodbye, and would wait for a node that is too slow for as long once more. */
    memcached_behavior_set(link->client, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 0);
    memcached_free(link->client);
  }
  link->client = NULL;
  meta_close(&link->meta);
}

static int is_used(const char *address, const ringshift_node *const *nodes, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(ringshift_node_address(nodes[i]), address) == 0) return 1;
  return 0;
}

void links_sweep(link_table *links) {
  uint64_t epoch = ringshift_router_epoch(links->router);
  if (epoch == links->epoch) return;
  size_t count = 0;
  ringshift_router_nodes(links->router, NULL, 0, &count);
  size_t room = count;
  const ringshift_node **nodes = malloc((room + 1) * sizeof *nodes);
  /* Without memory, or if the spec has just grown, at the next call. */
  if (nodes == NULL) return;
  if (ringshift_router_nodes(links->router, nodes, room, &count) == RINGSHIFT_OK && count <= room) {
    size_t kept = 0;
    for (size_t i = 0; i < links->count; i++) {
      if (is_used(links->all[i]->address, nodes, count))
        links->all[kept++] = links->all[i];
      else
        free_link(links->all[i]);
    }
    links->count = kept;
    links->epoch = epoch;
  }
  free(nodes);
}

void links_close(link_table *links) {
  for (size_t i = 0; i < links->count; i++) free_link(links->all[i]);
  free(links->all);
  links->all = NULL;
  links->count = links->room = 0;
  owed_close(&links->owed);
}
