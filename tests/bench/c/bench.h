/* What the pieces of the C benchmark share. */
#ifndef RINGSHIFT_BENCH_H
#define RINGSHIFT_BENCH_H

#include <stddef.h>
#include <stdint.h>

enum { KEYS = 1000000, KEY_LENGTH = 21, POINTS = 160 };

/* One thing that is measured. `run` asks about the first `count` keys, which follow one another in memory, and returns
 * something that depends on every answer. `owner` tells a key's node as a number below the number of nodes; it may be
 * NULL. */
typedef struct subject {
  const char *name;
  uint64_t (*run)(const void *state, const char *keys, size_t count);
  size_t (*owner)(const void *state, const char *key);
  const void *state;
} subject;

/* Measures the subjects in turn, several times over, and prints a JSON line for each. */
void measure(const subject *subjects, size_t subject_count, size_t nodes, const char *keys);

/* Ends the program with a message. */
void die(const char *what) __attribute__((noreturn));

/* The subjects of the library; the number of them. */
size_t our_subjects(subject *out, size_t nodes);

/* The subjects of libmemcached; the number of them. */
size_t peer_subjects(subject *out, size_t nodes);

/* Writes the address of a node: 10.0.0.0 and on. `out` has room for 16 bytes. */
void node_host(char *out, size_t node);

enum { NODE_PORT = 11211 };

#endif
