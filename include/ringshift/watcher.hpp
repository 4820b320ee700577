/* A thread that keeps a router up to date. Part of ringshift.hpp. */
#ifndef RINGSHIFT_WATCHER_HPP
#define RINGSHIFT_WATCHER_HPP

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "../ringshift.h"
#include "error.hpp"
#include "router.hpp"

namespace ringshift {

/**
 * Refreshes a router at an interval, in a thread of its own, until it is stopped or goes away. Errors are counted and
 * swallowed: `Router::last_error` says what is wrong. The router must outlive it, but may be moved.
 */
class Watcher {
 public:
  Watcher(Router &router, std::chrono::milliseconds interval) : router_(router.get()), interval_(interval) {
    if (interval.count() <= 0)
      throw Error(ErrorKind::invalid_argument, "the interval is not positive; use 1 ms or more");
    thread_ = std::thread([this] { run(); });
  }
  Watcher(const Watcher &) = delete;
  Watcher &operator=(const Watcher &) = delete;
  ~Watcher() { stop(); }

  /** Ends the thread and waits for it. May be called again. Not from two threads at once. */
  void stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  /** How many refreshes ended in an error. */
  std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }
  /** How many refreshes were made. */
  std::uint64_t refreshes() const noexcept { return refreshes_.load(std::memory_order_relaxed); }

 private:
  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, interval_, [this] { return stopped_; })) {
      lock.unlock();
      if (ringshift_router_refresh(router_, nullptr) != RINGSHIFT_OK) errors_.fetch_add(1, std::memory_order_relaxed);
      refreshes_.fetch_add(1, std::memory_order_relaxed);
      lock.lock();
    }
  }

  ringshift_router *router_;
  std::chrono::milliseconds interval_;
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> refreshes_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace ringshift

#endif
