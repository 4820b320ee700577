/* Errors of the C interface as exceptions. Part of ringshift.hpp. */
#ifndef RINGSHIFT_ERROR_HPP
#define RINGSHIFT_ERROR_HPP

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "../ringshift.h"

namespace ringshift {

/** What kind of error; the numbers are those of `ringshift_status`. A later library may have more. */
enum class ErrorKind : std::uint32_t {
  invalid_argument = RINGSHIFT_INVALID_ARGUMENT,
  invalid_key = RINGSHIFT_INVALID_KEY,
  io = RINGSHIFT_IO,
  spec_syntax = RINGSHIFT_SPEC_SYNTAX,
  spec_invalid = RINGSHIFT_SPEC_INVALID,
  spec_limit = RINGSHIFT_SPEC_LIMIT,
  stale_generation = RINGSHIFT_STALE_GENERATION,
  generation_conflict = RINGSHIFT_GENERATION_CONFLICT,
  closed = RINGSHIFT_CLOSED,
  invalidation_lost = RINGSHIFT_INVALIDATION_LOST,
  internal = RINGSHIFT_INTERNAL,
};

/** Thrown by everything here that can fail. `what()` says the place, what is wrong and what would be right. */
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string &message) : std::runtime_error(message), kind_(kind) {}

  /** The error that the C interface keeps for this thread. */
  static Error last(ringshift_status status) {
    Error error(static_cast<ErrorKind>(status), ringshift_error_message());
    if (const char *pointer = ringshift_error_pointer()) error.pointer_ = pointer;
    error.line_ = ringshift_error_line();
    error.column_ = ringshift_error_column();
    return error;
  }

  ErrorKind kind() const noexcept { return kind_; }
  /** Such as "spec_invalid". */
  std::string_view kind_name() const noexcept { return ringshift_status_name(static_cast<std::uint32_t>(kind_)); }
  /** The JSON pointer of the value in the spec, if the error is about one. */
  const std::optional<std::string> &pointer() const noexcept { return pointer_; }
  /** Line and column in the spec, counted from 1; 0 if the error has no place. */
  std::uint32_t line() const noexcept { return line_; }
  std::uint32_t column() const noexcept { return column_; }

 private:
  ErrorKind kind_;
  std::optional<std::string> pointer_;
  std::uint32_t line_ = 0;
  std::uint32_t column_ = 0;
};

namespace detail {

inline void check(ringshift_status status) {
  if (status != RINGSHIFT_OK) throw Error::last(status);
}

}  // namespace detail

}  // namespace ringshift

#endif
