/*
 * ringshift: identical key placement for cache clusters in every language, and live migration between them.
 *
 * This file is generated from bindings/c/src; change it there (see bindings/c/README.md).
 *
 * Rules for the whole interface:
 *
 * - Functions that can fail give a `ringshift_status`: 0 (`RINGSHIFT_OK`), or the kind of the error. Its text and
 *   place are then in `ringshift_error_message` and its sisters, for the calling thread. Where a function fails, its
 *   out-parameters are as written at the function.
 * - Every function may be called by any number of threads at the same time, with the same router, except where an
 *   argument is being freed or an options object is being changed.
 * - Strings that come in are NUL-terminated UTF-8. Keys are bytes with a length: NUL bytes are allowed, and NULL with
 *   length 0 is the empty key.
 * - Strings that go out as `const char *` are borrowed and say for how long; those in a `char **` are the caller's
 *   and go back through `ringshift_string_free`.
 * - No function ends the process or throws. NULL where something is needed gives `RINGSHIFT_INVALID_ARGUMENT`;
 *   freeing NULL does nothing.
 */


#ifndef RINGSHIFT_H
#define RINGSHIFT_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this interface. It rises when a program that was compiled with an older header may no longer run
 * with the library: when a function goes away or changes, or the layout of `ringshift_route` does.
 */
#define RINGSHIFT_ABI_VERSION 1

/**
 * No error.
 */
#define RINGSHIFT_OK 0

/**
 * An argument or option that cannot be meant: NULL, an unknown number, a name that is not UTF-8.
 */
#define RINGSHIFT_INVALID_ARGUMENT 1

/**
 * A key that is not a sequence of bytes. Languages with strings of other units give it; C never does.
 */
#define RINGSHIFT_INVALID_KEY 2

/**
 * The spec file could not be read.
 */
#define RINGSHIFT_IO 3

/**
 * The spec is not JSON.
 */
#define RINGSHIFT_SPEC_SYNTAX 4

/**
 * The spec is JSON, but not a valid spec.
 */
#define RINGSHIFT_SPEC_INVALID 5

/**
 * The spec exceeds a hard limit.
 */
#define RINGSHIFT_SPEC_LIMIT 6

/**
 * The spec's generation is lower than the one in force.
 */
#define RINGSHIFT_STALE_GENERATION 7

/**
 * The spec has the generation in force, but other content.
 */
#define RINGSHIFT_GENERATION_CONFLICT 8

/**
 * The router was closed. Languages with a `close` give it; C never does.
 */
#define RINGSHIFT_CLOSED 9

/**
 * An invalidation could not be delivered to a node. Adapters give it; this interface never does.
 */
#define RINGSHIFT_INVALIDATION_LOST 10

/**
 * A fault inside ringshift that was caught before it reached the caller.
 */
#define RINGSHIFT_INTERNAL 11

/**
 * The file holds the spec that is in force already.
 */
#define RINGSHIFT_REFRESH_UNCHANGED 0

/**
 * A new spec was put in force.
 */
#define RINGSHIFT_REFRESH_APPLIED 1

/**
 * The size of a buffer for a digest: 32 hexadecimal digits and a NUL.
 */
#define RINGSHIFT_DIGEST_SIZE 33

/**
 * The most nodes in `read` and in `fallback`.
 */
#define RINGSHIFT_MAX_REPLICAS 8

/**
 * The most nodes in `invalidate`.
 */
#define RINGSHIFT_MAX_INVALIDATE 16

/**
 * No migration, or one that has not begun.
 */
#define RINGSHIFT_STAGE_NONE 0

/**
 * Reads stay on the old cluster; invalidations go to both.
 */
#define RINGSHIFT_STAGE_PREPARE 1

/**
 * Keys move to the new cluster, by percent.
 */
#define RINGSHIFT_STAGE_RAMP 2

/**
 * Reads are on the new cluster; invalidations still go to both.
 */
#define RINGSHIFT_STAGE_SOAK 3

/**
 * Stands for "nowhere to read" among the indices of nodes.
 */
#define RINGSHIFT_NO_NODE 4294967295

/**
 * The request was to get a value.
 */
#define RINGSHIFT_OP_READ 0

/**
 * The request was to store a value that was read elsewhere.
 */
#define RINGSHIFT_OP_FILL 1

/**
 * The request was to remove a value that is no longer true.
 */
#define RINGSHIFT_OP_INVALIDATE 2

/**
 * The value was there.
 */
#define RINGSHIFT_OUTCOME_HIT 0

/**
 * The value was not there.
 */
#define RINGSHIFT_OUTCOME_MISS 1

/**
 * The node did what was asked.
 */
#define RINGSHIFT_OUTCOME_OK 2

/**
 * The request failed: the node refused, or the connection broke.
 */
#define RINGSHIFT_OUTCOME_ERROR 3

/**
 * The node did not answer in time.
 */
#define RINGSHIFT_OUTCOME_TIMEOUT 4

/**
 * There was no connection to the node and none could be made: nothing was sent. Opens its breaker at once.
 */
#define RINGSHIFT_OUTCOME_UNREACHABLE 5

/**
 * Nothing was sent, or its answer was not waited for, for a reason of the caller's own: no connection of its pool was
 * free, it was closed meanwhile. Says nothing of the node.
 */
#define RINGSHIFT_OUTCOME_UNSENT 6

/**
 * A node of a cluster: what a caller needs to send a key there. A node that is in two clusters is two of these.
 *
 * Threads: never changes, may be used by all. Borrowed from the router: it and all its strings stay valid until the
 * router is freed, even when later specs no longer have the node; there is nothing to free. The same node has the same
 * address and the same index for as long as the router lives, so a caller may keep its connections by either.
 */
typedef struct ringshift_node ringshift_node;

/**
 * How a router is opened: what `ringshift_router_open` and `ringshift_router_from_spec` take beside the spec. They
 * copy it, so one object may open any number of routers and may be freed at once after.
 *
 * Threads: not to be changed while another thread uses it. Made by `ringshift_options_new`, freed by the caller with
 * `ringshift_options_free`.
 */
typedef struct ringshift_options ringshift_options;

/**
 * Keys whose invalidation is to be sent again: from `ringshift_router_owed`.
 *
 * Threads: never changes, may be read by all. Freed by the caller with `ringshift_owed_free`; it needs no router.
 */
typedef struct ringshift_owed ringshift_owed;

/**
 * Answers routes from the spec in force.
 *
 * Threads: one router serves a whole process. Any number of threads may ask it, report to it and refresh it at the
 * same time; asking for a route takes no lock, and a refresh never holds up a reader. Made by `ringshift_router_open`
 * or `ringshift_router_from_spec`, freed by the caller with `ringshift_router_free`. It must outlive the nodes in its
 * routes, not the routes themselves, which are the caller's. It starts no thread: call `ringshift_router_refresh` from
 * time to time.
 *
 * Fork: the child may use a router of its parent's, and has it to itself, if no other thread was inside one of its
 * functions at the fork. Else a lock may be held in the child that nobody releases: open another one there.
 */
typedef struct ringshift_router ringshift_router;

/**
 * How a call ended: `RINGSHIFT_OK`, or the kind of the error. Numbers are never reused; a later version may add some.
 */
typedef uint32_t ringshift_status;

/**
 * What to do for a key. It does not hold the key; on the wire, a node gets its own `ringshift_node_key_prefix`
 * followed by the key.
 *
 * - Read from `read[0]`, then from the other replicas in order. `read_len` is 0 if open breakers, of nodes or
 *   clusters, leave nothing to read: go to the origin.
 * - After a miss, look at `fallback` (`fallback_len` is 0 if there is nowhere to look); if `fill` is 1, copy what is
 *   found there to `read`.
 * - When the value changes, remove the key from `invalidate[0]` to `invalidate[invalidate_len - 1]`, in this order;
 *   each must be acknowledged before the next is sent.
 *
 * All nodes of one list `read` or `fallback` belong to one cluster.
 *
 * Of each list only the first `..._len` entries are written, and a NULL behind them where there is room; the rest
 * keeps what was there, and need not be initialised.
 *
 * Threads and memory: plain data of the caller, who may copy it. The nodes are borrowed from the router and valid
 * until it is freed. Two routes of a router with equal `epoch` and equal `code` are equal, so a caller may keep what
 * it makes of a route under these two numbers.
 */
typedef struct {
  /**
   * The route in one number.
   */
  uint64_t code;
  /**
   * Counts what the router put in force, from 1; changes with every new spec and every step of a schedule.
   */
  uint64_t epoch;
  /**
   * The generation of the spec that the route comes from.
   */
  uint64_t generation;
  /**
   * `RINGSHIFT_STAGE_NONE` to `RINGSHIFT_STAGE_SOAK`, as it is in this process' region.
   */
  uint8_t stage;
  /**
   * 1 if the key has moved (its bucket is below the weight), else 0; an open breaker may still send it elsewhere.
   */
  uint8_t moved;
  /**
   * 1 if a value that is found at `fallback` is copied to `read`, else 0.
   */
  uint8_t fill;
  /**
   * How many nodes are in `read`.
   */
  uint8_t read_len;
  /**
   * How many nodes are in `fallback`.
   */
  uint8_t fallback_len;
  /**
   * How many nodes are in `invalidate`.
   */
  uint8_t invalidate_len;
  /**
   * Where to read, in order.
   */
  const ringshift_node *read[RINGSHIFT_MAX_REPLICAS];
  /**
   * Where to look after a miss, in order.
   */
  const ringshift_node *fallback[RINGSHIFT_MAX_REPLICAS];
  /**
   * What to invalidate, in order.
   */
  const ringshift_node *invalidate[RINGSHIFT_MAX_INVALIDATE];
} ringshift_route;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the interface that the library was built with. A program that loads the library at run time compares
 * it with its header's `RINGSHIFT_ABI_VERSION`.
 */
uint32_t ringshift_abi_version(void);

/**
 * The version of the library, such as "0.1.0". Never NULL, valid for ever.
 */
const char *ringshift_version(void);

/**
 * The name of a status, such as `spec_invalid`; `ok` for 0 and `unknown` for a number that is none. Never NULL, valid
 * for ever.
 */
const char *ringshift_status_name(ringshift_status status);

/**
 * The status of the last call of this thread that failed; `RINGSHIFT_OK` if none did.
 */
ringshift_status ringshift_error_status(void);

/**
 * The whole text of the error of the last call of this thread that failed: the place, what is wrong, and what would
 * be right, such as `cache.json:9:70: /clusters/green/nodes/1/weight: 1001 is not a weight; use an integer from 0 to
 * 1000`. Never NULL; empty if no call failed. Calls that succeed leave it as it is.
 *
 * Borrowed: valid until the next call of this thread that fails, or the thread's end. Copy it to keep it or to hand it
 * to another thread.
 */
const char *ringshift_error_message(void);

/**
 * The JSON pointer of the value in the spec that the last error of this thread is about, such as
 * `/clusters/green/nodes/1/weight` (empty: the whole spec); NULL if it is about none. Borrowed like
 * `ringshift_error_message`.
 */
const char *ringshift_error_pointer(void);

/**
 * The line in the spec that the last error of this thread is about, counted from 1; 0 if it has no place.
 */
uint32_t ringshift_error_line(void);

/**
 * The column in that line, in bytes, counted from 1; 0 if the error has no place.
 */
uint32_t ringshift_error_column(void);

/**
 * Options with nothing set. Free them with `ringshift_options_free`.
 */
ringshift_options *ringshift_options_new(void);

/**
 * Sets the region of this process, which decides the plan of a migration that it follows. NULL: no region.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `options` is NULL or `region` is not UTF-8; a name that no region can
 * have is refused when a router is opened.
 */
ringshift_status ringshift_options_set_region(ringshift_options *options, const char *region);

/**
 * Sets the path at which a copy of the last good spec is kept, so that a process can start when the spec file is bad
 * or gone. The copy is written whenever a spec from the file is put in force. NULL: keep none.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `options` is NULL.
 */
ringshift_status ringshift_options_set_last_good(ringshift_options *options, const char *last_good);

/**
 * Frees options. NULL does nothing. Routers that were opened with them are not touched.
 */
void ringshift_options_free(ringshift_options *options);

/**
 * Opens the spec file at `path` and gives the router in `*out`. `options` may be NULL. If the file is missing or bad
 * and the options name a last good copy, the router starts from that; `ringshift_router_last_error` then says what is
 * wrong with the file.
 *
 * Fails with `RINGSHIFT_IO`, `RINGSHIFT_SPEC_SYNTAX`, `RINGSHIFT_SPEC_INVALID` or `RINGSHIFT_SPEC_LIMIT` when there is
 * no good spec to start from, and `RINGSHIFT_INVALID_ARGUMENT` if `path` or `out` is NULL or the region's name cannot
 * be one; `*out` is then NULL.
 *
 * ```c
 * ringshift_router *router;
 * if (ringshift_router_open("cache.json", NULL, &router) != RINGSHIFT_OK)
 *   fprintf(stderr, "%s\n", ringshift_error_message());
 * ```
 */
ringshift_status ringshift_router_open(const char *path, const ringshift_options *options, ringshift_router **out);

/**
 * Makes a router from the text of a spec, with no file behind it, and gives it in `*out`. The text is copied.
 * `options` may be NULL. A new spec is put in force by `ringshift_router_apply` only; `ringshift_router_refresh`
 * follows the schedule of a ramp.
 *
 * Fails as `ringshift_router_open` does, except that no file is read.
 */
ringshift_status ringshift_router_from_spec(const void *text,
                                            size_t text_len,
                                            const ringshift_options *options,
                                            ringshift_router **out);

/**
 * Frees a router. NULL does nothing. No thread may use the router, its nodes or their strings after.
 */
void ringshift_router_free(ringshift_router *router);

/**
 * Reads the spec file again and puts its spec in force if it is a new one; also moves the weight of a ramp by schedule
 * on. Writes `RINGSHIFT_REFRESH_UNCHANGED` or `RINGSHIFT_REFRESH_APPLIED` to `*result`, which may be NULL. Cheap
 * enough to be called every second.
 *
 * A spec that cannot be put in force is counted and its error given, with `RINGSHIFT_IO`, `RINGSHIFT_SPEC_SYNTAX`,
 * `RINGSHIFT_SPEC_INVALID`, `RINGSHIFT_SPEC_LIMIT`, `RINGSHIFT_STALE_GENERATION` or `RINGSHIFT_GENERATION_CONFLICT`;
 * the spec in force stays, and `*result` is as it was. `RINGSHIFT_INVALID_ARGUMENT` if `router` is NULL.
 */
ringshift_status ringshift_router_refresh(ringshift_router *router, uint32_t *result);

/**
 * Puts the spec in `text` in force, under the same rules and with the same results as `ringshift_router_refresh`, but
 * from memory.
 */
ringshift_status ringshift_router_apply(ringshift_router *router, const void *text, size_t text_len, uint32_t *result);

/**
 * What is wrong at present with the spec file, or with writing its last good copy: `RINGSHIFT_OK` if nothing is, else
 * the kind of the error, whichever thread met it. The error then is the calling thread's last error as well: read it
 * with `ringshift_error_message` and its sisters. `RINGSHIFT_INVALID_ARGUMENT` if `router` is NULL.
 */
ringshift_status ringshift_router_last_error(const ringshift_router *router);

/**
 * The generation in force; 0 if `router` is NULL.
 */
uint64_t ringshift_router_generation(const ringshift_router *router);

/**
 * The epoch in force: rises, from 1, with every spec that is put in force and every step of a schedule. What a caller
 * derived from routes of another epoch is out of date. 0 if `router` is NULL. Takes no lock.
 */
uint64_t ringshift_router_epoch(const ringshift_router *router);

/**
 * The stage in force in this process' region, `RINGSHIFT_STAGE_NONE` to `RINGSHIFT_STAGE_SOAK`; `RINGSHIFT_STAGE_NONE`
 * if `router` is NULL.
 */
uint32_t ringshift_router_stage(const ringshift_router *router);

/**
 * The share of the keys that have moved in this process' region, in basis points: 0 to 10000. 0 if `router` is NULL.
 */
uint32_t ringshift_router_weight(const ringshift_router *router);

/**
 * Writes the content hash of the spec in force to `buffer`, which has room for `buffer_size` bytes: 32 hexadecimal
 * digits and a NUL.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `buffer` is NULL or `buffer_size` is less than
 * `RINGSHIFT_DIGEST_SIZE`; nothing is then written.
 *
 * ```c
 * char digest[RINGSHIFT_DIGEST_SIZE];
 * ringshift_status status = ringshift_router_digest(router, digest, sizeof digest);
 * ```
 */
ringshift_status ringshift_router_digest(const ringshift_router *router, char *buffer, size_t buffer_size);

/**
 * The longest time to live that a value may have, in milliseconds; 0 if the spec sets no limit, or if `router` is
 * NULL. Whoever stores a value without an expiry, or with a longer one, stores it with this one.
 */
uint64_t ringshift_router_max_ttl(const ringshift_router *router);

/**
 * The node's id, which decides placement. NULL only if `node` is NULL.
 */
const char *ringshift_node_id(const ringshift_node *node);

/**
 * Where to connect: `host:port`, `[v6]:port` or the absolute path of a unix socket. NULL only if `node` is NULL.
 */
const char *ringshift_node_address(const ringshift_node *node);

/**
 * The node's zone; NULL if the spec names none, or if `node` is NULL.
 */
const char *ringshift_node_zone(const ringshift_node *node);

/**
 * The name of the cluster that this is a node of. NULL only if `node` is NULL.
 */
const char *ringshift_node_cluster(const ringshift_node *node);

/**
 * What to put before every key that is sent to the node; "" if nothing. NULL only if `node` is NULL.
 */
const char *ringshift_node_key_prefix(const ringshift_node *node);

/**
 * The node's share of the keys relative to other nodes, 0 to 1000; 0 if `node` is NULL.
 */
uint32_t ringshift_node_weight(const ringshift_node *node);

/**
 * A number that no other node of the same router ever has; they are given from 0 on. `RINGSHIFT_NO_NODE` if `node` is NULL.
 */
uint32_t ringshift_node_index(const ringshift_node *node);

/**
 * The node of an index, however long ago it left the spec; NULL if there is none, or if `router` is NULL. Takes a lock
 * for a moment; callers that need speed keep the pointer.
 */
const ringshift_node *ringshift_router_node(const ringshift_router *router, uint32_t index);

/**
 * Writes the nodes of the spec in force to `out[0]` to `out[room - 1]`, by cluster name and in the order of the spec,
 * as many as there is room for, and to `*count` how many there are: if that is more than `room`, call again with more.
 * `out` may be NULL if `room` is 0.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `count` is NULL, or `out` is NULL with room.
 */
ringshift_status ringshift_router_nodes(const ringshift_router *router,
                                        const ringshift_node **out,
                                        size_t room,
                                        size_t *count);

/**
 * The name of a stage: `none`, `prepare`, `ramp`, `soak`, or `unknown`. Never NULL, valid for ever.
 */
const char *ringshift_stage_name(uint32_t stage);

/**
 * Writes the route of a key to `*out`. Takes no lock and allocates nothing.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL, or `key` is NULL with a length; `*out` is then
 * as it was.
 *
 * ```c
 * ringshift_route route;
 * if (ringshift_router_route(router, "user:42", 7, &route) == RINGSHIFT_OK && route.read_len > 0)
 *   puts(ringshift_node_address(route.read[0]));
 * ```
 */
ringshift_status ringshift_router_route(const ringshift_router *router,
                                        const void *key,
                                        size_t key_len,
                                        ringshift_route *out);

/**
 * Writes the routes of `count` keys to `out[0]` to `out[count - 1]`, in one call. All routes are of one epoch.
 * `keys[i]` points to `key_lens[i]` bytes.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` as `ringshift_router_route` does; some of `out` may then be written.
 *
 * ```c
 * const void *keys[] = {"user:42", "user:43"};
 * const size_t lens[] = {7, 7};
 * ringshift_route routes[2];
 * ringshift_status status = ringshift_router_route_many(router, keys, lens, 2, routes);
 * ```
 */
ringshift_status ringshift_router_route_many(const ringshift_router *router,
                                             const void *const *keys,
                                             const size_t *key_lens,
                                             size_t count,
                                             ringshift_route *out);

/**
 * Writes to `out[i]` the index of the node that is read first for key `i` of `count` keys, in one call:
 * `ringshift_router_node` gives the node, and nodes of a router never share an index. `RINGSHIFT_NO_NODE` if
 * open breakers leave nothing to read. All answers belong to one epoch.
 *
 * The keys lie in `keys`: key `i` is the bytes from `offsets[i]` up to, and without, `offsets[i + 1]`. So there are
 * `count + 1` offsets, none of which is less than the one before, and `keys` has at least `offsets[count]` bytes.
 * `keys` may be NULL if that is 0; all may be NULL if `count` is 0.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if an argument that is needed is NULL, or if an offset is less than the one
 * before; nothing is then written.
 *
 * Like a route, an answer may be the one request that the breaker of a failing node lets through: ask once for each
 * request that is sent.
 *
 * ```c
 * const size_t offsets[] = {0, 7, 14};
 * uint32_t nodes[2];
 * if (ringshift_router_index_many(router, "user:42user:43", offsets, 2, nodes) == RINGSHIFT_OK)
 *   puts(ringshift_node_address(ringshift_router_node(router, nodes[1])));
 * ```
 */
ringshift_status ringshift_router_index_many(const ringshift_router *router,
                                             const void *keys,
                                             const size_t *offsets,
                                             size_t count,
                                             uint32_t *out);

/**
 * Writes the epoch in force to `*epoch` and the code of a key's route to `*code`: all that a caller needs who keeps
 * routes under these two numbers and asks for the whole route of a code only once. `epoch` may be NULL.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` as `ringshift_router_route` does; nothing is then written.
 */
ringshift_status ringshift_router_code(const ringshift_router *router,
                                       const void *key,
                                       size_t key_len,
                                       uint64_t *epoch,
                                       uint64_t *code);

/**
 * Writes the whole route that a code stands for to `*out`, as `ringshift_router_route` does, if `epoch` is still in
 * force.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if it is not, if the code was never given under it, or if `router` or `out`
 * is NULL; ask for the key's route then. (Asking for a key's code and then for its route is not the same: a breaker
 * that lets one request through would refuse the second.)
 */
ringshift_status ringshift_router_expand(const ringshift_router *router,
                                         uint64_t epoch,
                                         uint64_t code,
                                         ringshift_route *out);

/**
 * Writes the codes of `count` keys to `codes[0]` to `codes[count - 1]`, in one call, and the epoch that all of them
 * belong to to `*epoch` (unless it is NULL). The keys lie one after the other in `keys`, with nothing between them:
 * the first is the first `key_lens[0]` bytes, the second the next `key_lens[1]`, and so on up to `keys_len`.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if an argument that is needed is NULL, or if the lengths do not add up to
 * `keys_len`; some of `codes` may then be written.
 */
ringshift_status ringshift_router_code_packed(const ringshift_router *router,
                                              const void *keys,
                                              size_t keys_len,
                                              const size_t *key_lens,
                                              size_t count,
                                              uint64_t *epoch,
                                              uint64_t *codes);

/**
 * Counts how a request to a node of this router ended, for metrics and for the breakers of the node and its cluster:
 * failures open them, answers close them. `op` is one of `RINGSHIFT_OP_...`, `outcome` one of `RINGSHIFT_OUTCOME_...`.
 * Takes a lock only for the first request to a node and when a breaker opens or closes. Report an invalidation that was
 * not acknowledged by `ringshift_router_lost`.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `node` is NULL or a number is unknown; nothing is then
 * counted.
 *
 * ```c
 * ringshift_router_report(router, route.read[0], RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_HIT);
 * ```
 */
ringshift_status ringshift_router_report(const ringshift_router *router,
                                         const ringshift_node *node,
                                         uint32_t op,
                                         uint32_t outcome);

/**
 * Counts an invalidation that a node did not acknowledge, as `ringshift_router_report` does, and remembers its key:
 * until `ringshift_router_repaid`, or no value that it should have removed can live any more, routes do not read it
 * there, nor anywhere else if values are copied from there in a migration. So what a node held before it was down is
 * not read when it is back. `outcome` is `RINGSHIFT_OUTCOME_ERROR`, `..._TIMEOUT`, `..._UNREACHABLE` or
 * `..._UNSENT`. Takes a lock.
 *
 * Keys take at most 16 MiB of a router. What is lost beyond that keeps the node from being read at all, for as long as
 * its values can live.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `node` is NULL, `key` is NULL with a length, or the outcome
 * is none of these; nothing is then counted.
 *
 * ```c
 * ringshift_router_lost(router, route.invalidate[0], key, key_len, RINGSHIFT_OUTCOME_TIMEOUT);
 * ```
 */
ringshift_status ringshift_router_lost(const ringshift_router *router,
                                       const ringshift_node *node,
                                       const void *key,
                                       size_t key_len,
                                       uint32_t outcome);

/**
 * Gives to `*out` keys whose invalidation is to be sent again, now that a node has answered; NULL if there are none.
 * Ask after each request that a node answered: while nothing is owed that costs next to nothing. A few keys are given
 * at a time, and each of them once in five seconds until it is repaid, so that any number of threads may ask. Free
 * them with `ringshift_owed_free`.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router`, `node` or `out` is NULL; `*out` is then NULL.
 *
 * ```c
 * ringshift_owed *owed;
 * ringshift_router_owed(router, node, &owed);
 * for (size_t i = 0; i < ringshift_owed_count(owed); i++) {
 *   const void *key;
 *   size_t key_len;
 *   uint64_t loss;
 *   ringshift_owed_key(owed, i, &key, &key_len, &loss);
 *   // ... removes the key from every node of its route's `invalidate`, in order; if all acknowledge:
 *   ringshift_router_repaid(router, key, key_len, loss);
 * }
 * ringshift_owed_free(owed);
 * ```
 */
ringshift_status ringshift_router_owed(const ringshift_router *router,
                                       const ringshift_node *node,
                                       ringshift_owed **out);

/**
 * How many keys there are; 0 for NULL.
 */
size_t ringshift_owed_count(const ringshift_owed *owed);

/**
 * Gives one of the keys, and the number of its loss. The bytes are borrowed, until `ringshift_owed_free`.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if an argument is NULL or there is no such key; nothing is then written.
 */
ringshift_status ringshift_owed_key(const ringshift_owed *owed,
                                    size_t index,
                                    const void **key,
                                    size_t *key_len,
                                    uint64_t *loss);

/**
 * Tells that the invalidation of a key that `ringshift_router_owed` gave was sent again, in the order of its route,
 * and acknowledged by every node of it. Does nothing if it was lost once more meanwhile, or is not owed.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` is NULL, or `key` is NULL with a length.
 */
ringshift_status ringshift_router_repaid(const ringshift_router *router,
                                         const void *key,
                                         size_t key_len,
                                         uint64_t loss);

/**
 * Frees what `ringshift_router_owed` gave. NULL does nothing.
 */
void ringshift_owed_free(ringshift_owed *owed);

/**
 * Writes all counters and states to `*out` in the `OpenMetrics` text format, version 1.0: what a scrape of `/metrics`
 * answers. No key and no value is ever in it. Free it with `ringshift_string_free`.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL; `*out` is then NULL.
 */
ringshift_status ringshift_router_metrics_text(const ringshift_router *router, char **out);

/**
 * Writes all counters and states to `*out` as a JSON object, for the host's own metrics registry: `generation`,
 * `digest`, `epoch`, `region`, `stage`, `weight` (basis points), `reloads`, `requests`, `breakers`,
 * `cluster_breakers`, `debts` (invalidations that were lost, by cluster), `owed` (those to be sent again) and
 * `warnings`. Free it with `ringshift_string_free`.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL; `*out` is then NULL.
 */
ringshift_status ringshift_router_metrics_json(const ringshift_router *router, char **out);

/**
 * Writes to `*out` what happened since the event with the number `since` (0: from the first), as a JSON list, oldest
 * first: for the program's log, which asks with the `sequence` of the last event that it has. Free it with
 * `ringshift_string_free`.
 *
 * An event is an object of `sequence` (1, 2, ...), `time` (milliseconds since 1970), `kind` (such as `applied`,
 * `rejected`, `mended`, `illegal`; more may come), `level` (`info` or `warning`: how to log it), `generation` (in
 * force after it), `cluster`, `node`, `error` (the kind of error), `pointer`, `line`, `column` (each null where it has
 * none) and `message`. No key and no value is ever in it. The last 256 events are kept: if the first one is not number
 * `since` + 1, those between them are forgotten.
 *
 * Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL; `*out` is then NULL.
 */
ringshift_status ringshift_router_events_json(const ringshift_router *router, uint64_t since, char **out);

/**
 * Frees a string that this library gave out in a `char **`; its NUL must be where it was. NULL does nothing.
 */
void ringshift_string_free(char *string);

/**
 * Writes to `*out`, as a JSON object, what would move if the spec in `after` followed the one in `before`:
 *
 * - `clusters`: for every cluster that both have, an object of `from` and `to` (names of clusters), `moved` (the share of
 *   the keys whose entry would be elsewhere, 0 to 1), `flows` (a list of `from` and `to`, ids of nodes, and `share`, the
 *   largest first), `sample` (null if exact, else how many keys were looked at) and `error` (how far off `moved` may be,
 *   with 95 % confidence);
 * - `migration`: the same for the migration of the second spec, or null.
 *
 * No router is needed. Free the string with `ringshift_string_free`.
 *
 * Fails as `ringshift_router_from_spec` does, for either of the specs; `*out` is then NULL.
 */
ringshift_status ringshift_moves_json(const void *before,
                                      size_t before_len,
                                      const void *after,
                                      size_t after_len,
                                      char **out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RINGSHIFT_H */
