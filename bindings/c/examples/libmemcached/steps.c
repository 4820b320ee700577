/* The steps: which commands, what their answers mean, when they are tried again. */
#include "steps.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_ROOM = MEMCACHED_MAX_KEY, TOKEN_SECONDS = 30, MONTH = 30 * 24 * 60 * 60 };

/* What stands in for a token; the NUL is the first byte of it, and none is behind it. */
static const char placeholder[] = "\0ringshift:lease";
static const size_t placeholder_len = sizeof placeholder - 1;

/* How a command on a connection ended. From NOT_SENT on the node has not answered, from NO_MEMORY on the connection is given
   up, from DEAD on the node failed. */
typedef enum { YES, NO, REFUSED, NOT_SENT, NO_MEMORY, DEAD, BAD, LATE, AWAY } step_reply;

typedef struct {
  char key[KEY_ROOM];
  size_t key_len;
  const cache_value *value;
  time_t expiration;
  step_item *item;
  /* Where a stand-in for a token was found: its CAS number, else 0. */
  uint64_t cas;
} step_request;

typedef step_reply step_command(link_table *links, node_link *link, step_request *request);

static int make_request(step_request *request, const ringshift_node *node, step_key key) {
  const char *prefix = ringshift_node_key_prefix(node);
  size_t len = strlen(prefix);
  memset(request, 0, sizeof *request);
  if (key.len == 0 || len + key.len > sizeof request->key - 1) return 0;
  memcpy(request->key, prefix, len);
  memcpy(request->key + len, key.data, key.len);
  request->key_len = len + key.len;
  for (size_t i = 0; i < request->key_len; i++)
    if ((unsigned char)request->key[i] <= ' ' || request->key[i] == 0x7f) return 0;
  return 1;
}

int step_is_key(const ringshift_node *node, step_key key) {
  step_request request;
  return make_request(&request, node, key);
}

/* memcached's expiration: 0 no end, up to 30 days seconds from now, above that a Unix time. */
static time_t to_expiration(int64_t left) {
  if (left == META_NO_END) return 0;
  if (left <= 0) return -1;
  /* A second less: the server's clock may be that much behind, and no copy may live longer than its source. */
  return left > MONTH ? time(NULL) + (time_t)left - 1 : (time_t)left;
}

static step_reply reply_of(memcached_st *client, memcached_return_t rc) {
  switch (rc) {
  case MEMCACHED_SUCCESS:
  case MEMCACHED_STORED:
  case MEMCACHED_DELETED:
    return YES;
  case MEMCACHED_NOTFOUND:
  case MEMCACHED_NOTSTORED:
  case MEMCACHED_DATA_EXISTS:
    return NO;
  case MEMCACHED_E2BIG:
  case MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE:
    return REFUSED;
  case MEMCACHED_MEMORY_ALLOCATION_FAILURE:
    return NO_MEMORY;
  case MEMCACHED_TIMEOUT:
    return LATE;
  case MEMCACHED_ERROR:
  case MEMCACHED_CLIENT_ERROR:
  case MEMCACHED_SERVER_ERROR:
  case MEMCACHED_PROTOCOL_ERROR:
    return BAD;
  default:
    return memcached_last_error(client) == MEMCACHED_TIMEOUT ? LATE : DEAD;
  }
}

static step_reply copy_out(const memcached_result_st *result, step_item *item) {
  size_t len = memcached_result_length(result);
  char *data = malloc(len + 1);
  if (data == NULL) return NO_MEMORY;
  if (len > 0) memcpy(data, memcached_result_value(result), len);
  data[len] = '\0';
  *item = (step_item){{data, len, memcached_result_flags(result)}, STEP_UNKNOWN};
  return YES;
}

/* `gets`, as libmemcached sends it with MEMCACHED_BEHAVIOR_SUPPORT_CAS. */
static step_reply gets(memcached_st *client, step_request *request) {
  const char *key = request->key;
  memcached_return_t rc = memcached_mget(client, &key, &request->key_len, 1);
  if (memcached_failed(rc)) return reply_of(client, rc);
  memcached_result_st room, *result = memcached_result_create(client, &room);
  if (result == NULL) return NO_MEMORY;
  step_reply found = NO;
  if (memcached_fetch_result(client, result, &rc) != NULL) {
    found = copy_out(result, request->item);
    request->cas = memcached_result_cas(result);
    /* The END of the answer. */
    memcached_fetch_result(client, result, &rc);
    if (rc == MEMCACHED_END) rc = MEMCACHED_NOTFOUND;
  }
  memcached_result_free(result);
  /* A SERVER_ERROR is NOTFOUND to libmemcached, like a miss; only the last error tells. */
  if (rc == MEMCACHED_NOTFOUND && memcached_last_error(client) != MEMCACHED_SUCCESS) rc = memcached_last_error(client);
  if (rc == MEMCACHED_NOTFOUND) return found;
  if (found == YES) cache_value_free(&request->item->value);
  step_reply failed = reply_of(client, rc);
  return failed < NO_MEMORY ? DEAD : failed;
}

/* What `mg` answers; `stands_in` items are no items, but their CAS numbers are tokens. */
static step_reply meta_look(link_table *links, node_link *link, step_request *request) {
  meta_item found;
  switch (meta_get(&link->meta, link->host, link->port, links->timeout_ms, request->key, request->key_len, &found)) {
  case META_FOUND:
    break;
  case META_MISSING:
    return NO;
  case META_UNKNOWN:
    link->knows_meta = 0;
    return NOT_SENT;
  case META_TIMEOUT:
    return LATE;
  case META_UNREACHABLE:
    return AWAY;
  case META_LACKING:
    return NO_MEMORY;
  default:
    return BAD;
  }
  *request->item = (step_item){found.value, found.left};
  if (found.stands_in) {
    request->cas = found.cas;
    cache_value_free(&request->item->value);
  }
  return found.stands_in ? NO : YES;
}

static int is_placeholder(const cache_value *value) {
  return value->len == placeholder_len && memcmp(value->data, placeholder, placeholder_len) == 0;
}

/* An item; or NO, with the CAS number of what stands in for a token if there is one. */
static step_reply look(link_table *links, node_link *link, step_request *request) {
  request->cas = 0;
  step_reply found = gets(link->client, request);
  uint64_t cas = request->cas;
  request->cas = 0;
  const cache_value *value = &request->item->value;
  /* What is empty may be another reader's token, made by `mg KEY N30`; an older server has no such thing. */
  if (found == YES && value->len == 0 && value->flags == 0 && link->knows_meta) {
    step_item empty = *request->item;
    found = meta_look(links, link, request);
    if (found == NOT_SENT) {
      *request->item = empty;
      return YES;
    }
    cache_value_free(&empty.value);
    cas = request->cas;
  }
  if (found == YES && is_placeholder(value)) {
    cache_value_free(&request->item->value);
    request->cas = cas;
    return NO;
  }
  return found;
}

/* With the time left, by `mg`; a server that does not know it tells the value only. */
static step_reply take(link_table *links, node_link *link, step_request *request) {
  step_reply found = link->knows_meta ? meta_look(links, link, request) : NOT_SENT;
  if (found == NOT_SENT) return look(links, link, request);
  if (found == YES && is_placeholder(&request->item->value)) {
    cache_value_free(&request->item->value);
    return NO;
  }
  return found;
}

static step_reply seek(link_table *links, node_link *link, step_request *request) {
  step_reply found = look(links, link, request);
  if (found != NO || request->cas != 0) return found;
  memcached_return_t rc = memcached_add(link->client, request->key, request->key_len, placeholder, placeholder_len,
                                        TOKEN_SECONDS, 0);
  step_reply added = reply_of(link->client, rc);
  if (added >= NO_MEMORY) return added;
  /* Whether it was stored does not matter: somebody else may have been faster, and what is there now says it all. */
  return added == REFUSED ? NO : look(links, link, request);
}

static step_reply set(link_table *links, node_link *link, step_request *request) {
  (void)links;
  const cache_value *value = request->value;
  memcached_return_t rc = memcached_set(link->client, request->key, request->key_len, value->data, value->len,
                                        request->expiration, value->flags);
  return reply_of(link->client, rc);
}

static step_reply fill(link_table *links, node_link *link, step_request *request) {
  (void)links;
  const cache_value *value = request->value;
  memcached_return_t rc = memcached_cas(link->client, request->key, request->key_len, value->data, value->len,
                                        request->expiration, value->flags, request->cas);
  return reply_of(link->client, rc);
}

static step_reply delete_key(link_table *links, node_link *link, step_request *request) {
  (void)links;
  return reply_of(link->client, memcached_delete(link->client, request->key, request->key_len, 0));
}

/* Runs a command. A connection that has answered before and is dead now may have died while idle: once more, on a new
   one. */
static step_reply run(link_table *links, const char *address, step_command *command, step_request *request) {
  for (;;) {
    node_link *link;
    link_status opened = links_open(links, address, &link);
    if (opened != LINK_OPEN) return opened == LINK_UNREACHABLE ? AWAY : NO_MEMORY;
    int proven = link->proven;
    step_reply reply = command(links, link, request);
    if (reply < NO_MEMORY) {
      link->proven = 1;
      return reply;
    }
    /* Also without memory: an answer may be half read. */
    links_disconnect(link);
    if (reply != DEAD || !proven) return reply;
  }
}

static uint32_t outcome_of(uint32_t op, step_reply reply) {
  if (reply == AWAY) return RINGSHIFT_OUTCOME_UNREACHABLE;
  if (reply == LATE) return RINGSHIFT_OUTCOME_TIMEOUT;
  if (reply >= DEAD) return RINGSHIFT_OUTCOME_ERROR;
  if (reply >= NOT_SENT) return RINGSHIFT_OUTCOME_UNSENT;
  if (op != RINGSHIFT_OP_READ) return RINGSHIFT_OUTCOME_OK;
  return reply == YES ? RINGSHIFT_OUTCOME_HIT : RINGSHIFT_OUTCOME_MISS;
}

/* An invalidation that is lost is told with its key; who has answered is asked for what is owed to him. */
static step_result report(link_table *links, const ringshift_node *node, uint32_t op, step_key key, step_reply reply) {
  const uint32_t outcome = outcome_of(op, reply);
  if (reply >= NOT_SENT && op == RINGSHIFT_OP_INVALIDATE)
    ringshift_router_lost(links->router, node, key.data, key.len, outcome);
  else
    ringshift_router_report(links->router, node, op, outcome);
  if (reply < NOT_SENT) owed_ask(&links->owed, links->router, node);
  return reply == YES ? STEP_YES : reply == NO ? STEP_NO : reply == REFUSED ? STEP_REFUSED : STEP_FAILED;
}

static step_result read_by(step_command *command, link_table *links, const ringshift_node *node, step_request *request,
                           step_key key, step_item *item) {
  if (!make_request(request, node, key)) return STEP_FAILED;
  request->item = item;
  return report(links, node, RINGSHIFT_OP_READ, key, run(links, ringshift_node_address(node), command, request));
}

step_result step_get(link_table *links, const ringshift_node *node, step_key key, step_item *item) {
  step_request request;
  return read_by(look, links, node, &request, key, item);
}

step_result step_take(link_table *links, const ringshift_node *node, step_key key, step_item *item) {
  step_request request;
  return read_by(take, links, node, &request, key, item);
}

step_result step_seek(link_table *links, const ringshift_node *node, step_key key, step_item *item, step_token *token) {
  step_request request;
  step_result found = read_by(seek, links, node, &request, key, item);
  *token = (step_token){node, 0, 0};
  const node_link *link = links_find(links, ringshift_node_address(node));
  if (found == STEP_NO && link != NULL) *token = (step_token){node, request.cas, link->born};
  return found;
}

step_result step_fill(link_table *links, const step_token *token, step_key key, const cache_value *value,
                      int64_t left) {
  step_request request;
  /* CAS numbers start anew with a server. libmemcached closes a connection only in a command that then fails, and every
     such client is given up: so a client that is still there is the connection that the token was taken on. */
  node_link *link = links_find(links, ringshift_node_address(token->node));
  if (link == NULL || link->born != token->born || !make_request(&request, token->node, key))
    return report(links, token->node, RINGSHIFT_OP_FILL, key, NOT_SENT);
  request.value = value;
  request.expiration = to_expiration(left);
  request.cas = token->cas;
  step_reply reply = fill(links, link, &request);
  if (reply >= NO_MEMORY) links_disconnect(link);
  return report(links, token->node, RINGSHIFT_OP_FILL, key, reply);
}

static step_result write_by(step_command *command, link_table *links, const ringshift_node *node, step_key key,
                            const cache_value *value, int64_t left) {
  step_request request;
  step_reply reply = NOT_SENT;
  if (make_request(&request, node, key)) {
    request.value = value;
    request.expiration = to_expiration(left);
    reply = run(links, ringshift_node_address(node), command, &request);
  }
  return report(links, node, RINGSHIFT_OP_INVALIDATE, key, reply);
}

step_result step_set(link_table *links, const ringshift_node *node, step_key key, const cache_value *value,
                     int64_t left) {
  return write_by(set, links, node, key, value, left);
}

step_result step_delete(link_table *links, const ringshift_node *node, step_key key) {
  /* What a node cannot have is not there: a later route's prefix may be longer. */
  if (!step_is_key(node, key)) return STEP_NO;
  return write_by(delete_key, links, node, key, NULL, META_NO_END);
}
