/* libmemcached: its own consistent distribution (ketama), the weighted one, and the default, the hash modulo the number of
 * servers, which isn't consistent and stands here as what people come from. */

#include <libmemcached-1.0/memcached.h>
#include <string.h>

#include "bench.h"

/* With more servers than this, libmemcached ends the process. */
enum { MOST_KETAMA_SERVERS = 100 };

static memcached_server_st *append(memcached_server_st *servers, size_t node) {
  char host[16];
  memcached_return_t status;
  node_host(host, node);
  servers = memcached_server_list_append_with_weight(servers, host, NODE_PORT, 1, &status);
  if (servers == NULL) die("libmemcached refused a server");
  return servers;
}

/* `behavior` is what makes it consistent; MEMCACHED_BEHAVIOR_MAX leaves the default. Each comes with its own key hash. */
static memcached_st *make(size_t nodes, int change, memcached_behavior_t behavior) {
  memcached_st *client = memcached_create(NULL);
  if (client == NULL) die("libmemcached: no memory");
  if (behavior != MEMCACHED_BEHAVIOR_MAX && memcached_behavior_set(client, behavior, 1) != MEMCACHED_SUCCESS)
    die("libmemcached refused the distribution");
  memcached_server_st *servers = NULL;
  for (size_t node = 0; node < nodes - (change < 0); node++) servers = append(servers, node);
  if (change > 0) servers = append(servers, ADDED);
  /* All at once: pushed one by one, the ring is made again for each. */
  if (memcached_server_push(client, servers) != MEMCACHED_SUCCESS) die("libmemcached refused the servers");
  memcached_server_list_free(servers);
  return client;
}

static uint64_t run(const void *state, const char *keys, size_t count) {
  uint64_t sum = 0;
  for (size_t index = 0; index < count; index++) sum += memcached_generate_hash(state, keys + index * KEY_LENGTH, KEY_LENGTH);
  return sum;
}

static size_t owner(const void *state, const char *key) { return memcached_generate_hash(state, key, KEY_LENGTH); }

static const void *modulo(size_t nodes, int change) { return make(nodes, change, MEMCACHED_BEHAVIOR_MAX); }

static const void *ketama(size_t nodes, int change) { return make(nodes, change, MEMCACHED_BEHAVIOR_KETAMA); }

static const void *weighted(size_t nodes, int change) { return make(nodes, change, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED); }

size_t peer_subjects(subject *out, size_t nodes) {
  size_t made = 0;
  /* One server more than the most would end the process. */
  int change = nodes < MOST_KETAMA_SERVERS ? 1 : -1;
  out[made++] = (subject){"libmemcached: modulo (not consistent)", run, owner, modulo(nodes, 0), modulo, 1, 0};
  if (nodes > MOST_KETAMA_SERVERS) return made;
  out[made++] = (subject){"libmemcached: ketama", run, owner, ketama(nodes, 0), ketama, change, 0};
  out[made++] = (subject){"libmemcached: ketama, weighted", run, owner, weighted(nodes, 0), weighted, change, 0};
  return made;
}
