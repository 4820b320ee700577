/* Nodes, one by one and in order. Part of ringshift.hpp. */
#ifndef RINGSHIFT_NODE_HPP
#define RINGSHIFT_NODE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>

#include "../ringshift.h"

namespace ringshift {

/** Stands for "nowhere to read" among the indices of nodes. */
inline constexpr std::uint32_t no_node = RINGSHIFT_NO_NODE;

/** A node of a cluster. A view: it and its strings are valid until the router goes away. */
class Node {
 public:
  explicit Node(const ringshift_node *node) noexcept : node_(node) {}

  std::string_view id() const noexcept { return ringshift_node_id(node_); }
  /** Where to connect: `host:port`, `[v6]:port` or the absolute path of a unix socket. */
  std::string_view address() const noexcept { return ringshift_node_address(node_); }
  std::optional<std::string_view> zone() const noexcept {
    const char *zone = ringshift_node_zone(node_);
    return zone == nullptr ? std::nullopt : std::optional<std::string_view>(zone);
  }
  std::string_view cluster() const noexcept { return ringshift_node_cluster(node_); }
  /** What to put before a key on the wire. */
  std::string_view key_prefix() const noexcept { return ringshift_node_key_prefix(node_); }
  std::uint32_t weight() const noexcept { return ringshift_node_weight(node_); }
  /** A number that no other node of the router has. */
  std::uint32_t index() const noexcept { return ringshift_node_index(node_); }
  const ringshift_node *get() const noexcept { return node_; }

  friend bool operator==(Node a, Node b) noexcept { return a.node_ == b.node_; }
  friend bool operator!=(Node a, Node b) noexcept { return a.node_ != b.node_; }

 private:
  const ringshift_node *node_;
};

/** Some nodes of a route, in order. Holds its own list, so that it may outlive the route. */
class Nodes {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Node;
    using difference_type = std::ptrdiff_t;
    using pointer = const Node *;
    using reference = Node;

    explicit iterator(const ringshift_node *const *at) noexcept : at_(at) {}
    Node operator*() const noexcept { return Node(*at_); }
    iterator &operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return iterator(at_++); }
    friend bool operator==(iterator a, iterator b) noexcept { return a.at_ == b.at_; }
    friend bool operator!=(iterator a, iterator b) noexcept { return a.at_ != b.at_; }

   private:
    const ringshift_node *const *at_;
  };

  /** At most `RINGSHIFT_MAX_INVALIDATE` nodes; no list of a route has more. */
  Nodes(const ringshift_node *const *first, std::uint8_t size) noexcept : size_(size) {
    std::copy(first, first + size, nodes_);
  }
  iterator begin() const noexcept { return iterator(nodes_); }
  iterator end() const noexcept { return iterator(nodes_ + size_); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /** `position` must be less than `size()`. */
  Node operator[](std::size_t position) const noexcept { return Node(nodes_[position]); }

 private:
  const ringshift_node *nodes_[RINGSHIFT_MAX_INVALIDATE] = {};
  std::size_t size_;
};

}  // namespace ringshift

/** Nodes as keys of the caller's own tables, such as of connections. */
template <>
struct std::hash<ringshift::Node> {
  std::size_t operator()(ringshift::Node node) const noexcept {
    return std::hash<const ringshift_node *>()(node.get());
  }
};

#endif
