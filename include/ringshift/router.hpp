/* The router, which frees itself. Part of ringshift.hpp. */
#ifndef RINGSHIFT_ROUTER_HPP
#define RINGSHIFT_ROUTER_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../ringshift.h"
#include "error.hpp"
#include "node.hpp"
#include "route.hpp"

namespace ringshift {

/** What a request was for. */
enum class Op : std::uint32_t {
  read = RINGSHIFT_OP_READ,
  fill = RINGSHIFT_OP_FILL,
  invalidate = RINGSHIFT_OP_INVALIDATE,
};

/** How a request ended. */
enum class Outcome : std::uint32_t {
  hit = RINGSHIFT_OUTCOME_HIT,
  miss = RINGSHIFT_OUTCOME_MISS,
  ok = RINGSHIFT_OUTCOME_OK,
  error = RINGSHIFT_OUTCOME_ERROR,
  timeout = RINGSHIFT_OUTCOME_TIMEOUT,
  /** There was no connection to the node and none could be made: nothing was sent. Opens its breaker at once. */
  unreachable = RINGSHIFT_OUTCOME_UNREACHABLE,
  /** Nothing was sent, or its answer not waited for, for a reason of the caller's own; says nothing of the node. */
  unsent = RINGSHIFT_OUTCOME_UNSENT,
};

/** What a refresh did. */
enum class Refresh : std::uint32_t {
  unchanged = RINGSHIFT_REFRESH_UNCHANGED,
  applied = RINGSHIFT_REFRESH_APPLIED,
};

/** How a router is opened. */
struct Options {
  /** The region of this process. */
  std::optional<std::string> region = std::nullopt;
  /** Where a copy of the last good spec is kept. */
  std::optional<std::string> last_good = std::nullopt;
};

namespace detail {

/** A string for C, which would stop reading at a NUL. */
inline const char *c_string(const std::string &text, const char *name) {
  if (text.find('\0') != std::string::npos)
    throw Error(ErrorKind::invalid_argument, std::string(name) + " has a NUL character in it; use text without one");
  return text.c_str();
}

struct Free {
  void operator()(ringshift_router *router) const noexcept { ringshift_router_free(router); }
  void operator()(ringshift_options *options) const noexcept { ringshift_options_free(options); }
  void operator()(char *string) const noexcept { ringshift_string_free(string); }
};

template <class T>
using Owned = std::unique_ptr<T, Free>;

inline Owned<ringshift_options> options(const Options &from) {
  Owned<ringshift_options> options(ringshift_options_new());
  if (from.region) check(ringshift_options_set_region(options.get(), c_string(*from.region, "region")));
  if (from.last_good) check(ringshift_options_set_last_good(options.get(), c_string(*from.last_good, "last_good")));
  return options;
}

}  // namespace detail

/** A key whose invalidation is to be sent again. */
struct OwedKey {
  std::string key;
  /** Which loss this is about: one that came later is not repaid with it. */
  std::uint64_t loss = 0;
};

/** Answers routes from the spec in force. Move-only; any number of threads may use one at the same time. */
class Router {
 public:
  /** Opens the spec file at `path`. */
  static Router open(const std::string &path, const Options &options = {}) {
    ringshift_router *router = nullptr;
    detail::check(
        ringshift_router_open(detail::c_string(path, "path"), detail::options(options).get(), &router));
    return Router(router);
  }

  /** A router without a file; its spec changes by `apply` only. */
  static Router from_spec(std::string_view text, const Options &options = {}) {
    ringshift_router *router = nullptr;
    detail::check(ringshift_router_from_spec(text.data(), text.size(), detail::options(options).get(), &router));
    return Router(router);
  }

  /** The route of a key, which is any bytes. */
  Route route(std::string_view key) const {
    ringshift_route route{};
    detail::check(ringshift_router_route(router_.get(), key.data(), key.size(), &route));
    return Route(route);
  }

  /** The routes of many keys, all of one generation. `keys` holds anything that converts to `std::string_view`. */
  template <class Keys>
  std::vector<Route> route_many(const Keys &keys) const {
    std::vector<const void *> starts;
    std::vector<std::size_t> lens;
    for (const auto &key : keys) {
      const std::string_view view(key);
      starts.push_back(view.data());
      lens.push_back(view.size());
    }
    std::vector<ringshift_route> routes(starts.size());
    detail::check(
        ringshift_router_route_many(router_.get(), starts.data(), lens.data(), starts.size(), routes.data()));
    return std::vector<Route>(routes.begin(), routes.end());
  }

  /**
   * The indices of the nodes that are read first for many keys, all of one generation; `no_node` where there is nowhere
   * to read. `node` gives the node of an index. `keys` holds anything that converts to `std::string_view`.
   */
  template <class Keys>
  std::vector<std::uint32_t> index_many(const Keys &keys) const {
    std::string packed;
    std::vector<std::size_t> offsets = {0};
    for (const auto &key : keys) {
      packed += std::string_view(key);
      offsets.push_back(packed.size());
    }
    std::vector<std::uint32_t> indices(offsets.size() - 1);
    detail::check(ringshift_router_index_many(router_.get(), packed.data(), offsets.data(), indices.size(), indices.data()));
    return indices;
  }

  /** Reads the spec file again. Throws the error of a spec that is rejected; the one in force stays. */
  Refresh refresh() {
    std::uint32_t result = 0;
    detail::check(ringshift_router_refresh(router_.get(), &result));
    return static_cast<Refresh>(result);
  }

  /** Puts a spec in force from memory, under the rules of `refresh`. */
  Refresh apply(std::string_view text) {
    std::uint32_t result = 0;
    detail::check(ringshift_router_apply(router_.get(), text.data(), text.size(), &result));
    return static_cast<Refresh>(result);
  }

  /** Counts how a request to a node ended; failures open the breakers of the node and its cluster, answers close them. */
  void report(Node node, Outcome outcome, Op op = Op::read) const {
    detail::check(ringshift_router_report(router_.get(), node.get(), static_cast<std::uint32_t>(op),
                                          static_cast<std::uint32_t>(outcome)));
  }

  /**
   * Says that a node did not acknowledge the invalidation of a key: it is counted as by `report`, and not read there
   * until it is repaid. See `ringshift_router_lost`.
   */
  void lost(Node node, std::string_view key, Outcome outcome) const {
    detail::check(ringshift_router_lost(router_.get(), node.get(), key.data(), key.size(),
                                        static_cast<std::uint32_t>(outcome)));
  }

  /** A few keys whose invalidation is to be sent again, now that a node has answered. See `ringshift_router_owed`. */
  std::vector<OwedKey> owed(Node node) const {
    ringshift_owed *owed = nullptr;
    detail::check(ringshift_router_owed(router_.get(), node.get(), &owed));
    const std::unique_ptr<ringshift_owed, decltype(&ringshift_owed_free)> owner(owed, ringshift_owed_free);
    std::vector<OwedKey> keys(ringshift_owed_count(owed));
    for (std::size_t index = 0; index < keys.size(); ++index) {
      const void *key = nullptr;
      std::size_t key_len = 0;
      detail::check(ringshift_owed_key(owed, index, &key, &key_len, &keys[index].loss));
      keys[index].key.assign(static_cast<const char *>(key), key_len);
    }
    return keys;
  }

  /** Says that an owed key was removed from every node of its route, and each of them acknowledged that. */
  void repaid(const OwedKey &owed) const {
    detail::check(ringshift_router_repaid(router_.get(), owed.key.data(), owed.key.size(), owed.loss));
  }

  std::uint64_t generation() const noexcept { return ringshift_router_generation(router_.get()); }
  std::uint64_t epoch() const noexcept { return ringshift_router_epoch(router_.get()); }
  Stage stage() const noexcept { return static_cast<Stage>(ringshift_router_stage(router_.get())); }
  /** The share of the keys that have moved, in basis points. */
  std::uint32_t weight() const noexcept { return ringshift_router_weight(router_.get()); }

  /** The content hash of the spec in force. */
  std::string digest() const {
    char digest[RINGSHIFT_DIGEST_SIZE];
    detail::check(ringshift_router_digest(router_.get(), digest, sizeof digest));
    return digest;
  }

  /** The longest time to live that a value may have, if the spec limits it. */
  std::optional<std::chrono::milliseconds> max_ttl() const noexcept {
    const std::uint64_t limit = ringshift_router_max_ttl(router_.get());
    using Count = std::chrono::milliseconds::rep;
    return limit == 0 ? std::nullopt : std::optional<std::chrono::milliseconds>(static_cast<Count>(limit));
  }

  /** The node of an index, however long ago it left the spec. */
  std::optional<Node> node(std::uint32_t index) const noexcept {
    const ringshift_node *node = ringshift_router_node(router_.get(), index);
    return node == nullptr ? std::nullopt : std::optional<Node>(node);
  }

  /** What is wrong with the spec file at present, if anything. */
  std::optional<Error> last_error() const {
    const ringshift_status status = ringshift_router_last_error(router_.get());
    return status == RINGSHIFT_OK ? std::nullopt : std::optional<Error>(Error::last(status));
  }

  /** All counters and states in the OpenMetrics text format. */
  std::string metrics_text() const { return string(ringshift_router_metrics_text); }
  /** The same as a JSON object. */
  std::string metrics_json() const { return string(ringshift_router_metrics_json); }

  /** What happened since the event with this number (0: from the first), as a JSON list: for the program's log. */
  std::string events_json(std::uint64_t since = 0) const {
    return string([since](const ringshift_router *router, char **out) {
      return ringshift_router_events_json(router, since, out);
    });
  }

  ringshift_router *get() const noexcept { return router_.get(); }

 private:
  explicit Router(ringshift_router *router) noexcept : router_(router) {}

  template <class Read>
  std::string string(Read read) const {
    char *text = nullptr;
    detail::check(read(router_.get(), &text));
    return detail::Owned<char>(text).get();
  }

  detail::Owned<ringshift_router> router_;
};

}  // namespace ringshift

#endif
