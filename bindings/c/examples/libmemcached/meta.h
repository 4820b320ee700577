/*
 * memcached's meta get on a socket of its own: libmemcached has no command that tells what time an item has left, or
 * that an empty item only stands in for a token.
 */
#ifndef META_H
#define META_H

#include <stddef.h>
#include <stdint.h>

#include "cache.h"

/* The item never expires. */
#define META_NO_END (-1)

typedef enum {
  META_FOUND,
  /* Nothing is there. */
  META_MISSING,
  /* The server does not know the command: it is older than 1.6. */
  META_UNKNOWN,
  META_ERROR,
  /* No connection could be made, or none in time; nothing was sent. */
  META_UNREACHABLE,
  META_TIMEOUT,
  /* This process has no memory, descriptor or port left to ask with. */
  META_LACKING
} meta_status;

/* A connection; `fd` is -1 when there is none. */
typedef struct {
  int fd;
  size_t at, end;
  char buffer[2048];
} meta_connection;

typedef struct {
  cache_value value;
  uint64_t cas;
  /* In seconds, or META_NO_END. */
  int64_t left;
  /* Another reader's token, or a value that was marked as no longer true: a miss to every read. */
  int stands_in;
} meta_item;

/* Sends `mg KEY v f t c`, where `key` is as it goes on the wire, and reads the answer. Connects to `host` and `port`
   (the path of a unix socket and NULL) if need be; a connection that turns out to have died while idle is replaced. */
meta_status meta_get(meta_connection *meta, const char *host, const char *port, int timeout_ms, const char *key,
                     size_t key_len, meta_item *item);

/* Whether a connection can be made at all: makes one and closes it. META_FOUND; META_UNREACHABLE; META_ERROR or
   META_LACKING if this process is what cannot. */
meta_status meta_reach(const char *host, const char *port, int timeout_ms);

void meta_close(meta_connection *meta);

#endif
