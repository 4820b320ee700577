/* What the pieces of the C benchmark share. */
#ifndef RINGSHIFT_BENCH_H
#define RINGSHIFT_BENCH_H

#include <stddef.h>
#include <stdint.h>

enum { KEYS = 1000000, KEY_LENGTH = 21, POINTS = 160 };

/* One thing that is measured. `run` asks about the first `count` keys, which follow one another in memory, and returns
 * something that depends on every answer. `owner` tells a key's node as a number below the number of nodes, and `changed`
 * makes the state of the same placement with `change` nodes more: 1, or -1 where one more isn't possible. The node that
 * comes or goes has the highest number. Both may be NULL. */
typedef struct subject {
  const char *name;
  uint64_t (*run)(const void *state, const char *keys, size_t count);
  size_t (*owner)(const void *state, const char *key);
  const void *state;
  const void *(*changed)(size_t nodes, int change);
  int change;
  /* Of the library: what it promises about its placement is checked. */
  int is_ours;
} subject;

/* Prints whether something holds that must hold whatever the machine. */
void check(const char *name, size_t nodes, int ok, const char *detail);

/* The keys of the fullest node by the average of all nodes; negative where it isn't measured. */
double balance(const subject *subject, const char *keys, size_t count, size_t nodes);

/* The share of the keys that move when a node comes (or goes), by the share that this node should have; negative where it
 * isn't measured. */
double moved(const subject *subject, const char *keys, size_t count, size_t nodes);

/* Measures the subjects in turn, several times over, and prints a JSON line for each. */
void measure(const subject *subjects, size_t subject_count, size_t nodes, const char *keys);

/* Ends the program with a message. */
void die(const char *what) __attribute__((noreturn));

/* Checks that every way of asking the library for the same keys gives the same node. */
void check_ours(size_t nodes, const char *keys);

/* The subjects of the library; the number of them. */
size_t our_subjects(subject *out, size_t nodes);

/* The subjects of libmemcached; the number of them. */
size_t peer_subjects(subject *out, size_t nodes);

/* Writes the address of a node: 10.0.0.0 and on. `out` has room for 16 bytes. */
void node_host(char *out, size_t node);

/* The number of a node that is added: 10.255.0.0. */
enum { ADDED = 255 << 16 };

enum { NODE_PORT = 11211 };

#endif
