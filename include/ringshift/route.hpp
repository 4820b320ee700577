/* What to do for a key. Part of ringshift.hpp. */
#ifndef RINGSHIFT_ROUTE_HPP
#define RINGSHIFT_ROUTE_HPP

#include <cstdint>
#include <optional>
#include <string_view>

#include "../ringshift.h"
#include "node.hpp"

namespace ringshift {

enum class Stage : std::uint8_t {
  none = RINGSHIFT_STAGE_NONE,
  prepare = RINGSHIFT_STAGE_PREPARE,
  ramp = RINGSHIFT_STAGE_RAMP,
  soak = RINGSHIFT_STAGE_SOAK,
};

/** "none", "prepare", "ramp" or "soak". */
inline std::string_view stage_name(Stage stage) noexcept {
  return ringshift_stage_name(static_cast<std::uint8_t>(stage));
}

/** Where a key lives in one cluster: at least one node. May outlive the route. */
class Target {
 public:
  explicit Target(const Nodes &nodes) noexcept : nodes_(nodes) {}
  /** In read order. */
  Nodes nodes() const noexcept { return nodes_; }
  /** The first of them. */
  Node node() const noexcept { return nodes_[0]; }
  std::string_view cluster() const noexcept { return node().cluster(); }
  std::string_view key_prefix() const noexcept { return node().key_prefix(); }

 private:
  Nodes nodes_;
};

/** What to do for a key. Plain data that may be copied; its nodes are valid until the router goes away. */
class Route {
 public:
  explicit Route(const ringshift_route &route) noexcept : route_(route) {}

  /** Where to read; nothing: go to the origin. */
  std::optional<Target> read() const noexcept { return target(route_.read, route_.read_len); }
  /** Where to look after a miss, if anywhere. */
  std::optional<Target> fallback() const noexcept { return target(route_.fallback, route_.fallback_len); }
  /** What to invalidate, each after the one before has acknowledged. */
  Nodes invalidate() const noexcept { return Nodes(route_.invalidate, route_.invalidate_len); }
  /** Whether a value that is found at `fallback()` is copied to `read()`. */
  bool fill() const noexcept { return route_.fill != 0; }
  /** Whether the key is read from the cluster that is moved to. */
  bool moved() const noexcept { return route_.moved != 0; }
  Stage stage() const noexcept { return static_cast<Stage>(route_.stage); }
  std::uint64_t generation() const noexcept { return route_.generation; }
  /** Two routes of a router with equal epoch and code are equal. */
  std::uint64_t epoch() const noexcept { return route_.epoch; }
  std::uint64_t code() const noexcept { return route_.code; }
  const ringshift_route &get() const noexcept { return route_; }

 private:
  static std::optional<Target> target(const ringshift_node *const *first, std::uint8_t size) noexcept {
    return size == 0 ? std::nullopt : std::optional<Target>(Nodes(first, size));
  }

  ringshift_route route_;
};

}  // namespace ringshift

#endif
