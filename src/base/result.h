// Errors are values. `kind` decides what the program does next; `what` is for a person and names the path and the
// errno.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace nw {

enum class ErrorKind : unsigned char {
  absent,     // it does not exist, which is often fine
  denied,     // it exists, but we may not use it
  busy,       // temporarily unavailable
  malformed,  // it answered, but the answer makes no sense
  failed,     // anything else
};

std::string_view name(ErrorKind kind);
// The kind that has this name on a tape; failed when there is no such kind.
ErrorKind error_kind(std::string_view name);

struct Error {
  ErrorKind kind = ErrorKind::failed;
  std::string what;
};

template <class T>
using Result = tl::expected<T, Error>;
using Done = Result<void>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string what) {
  return tl::make_unexpected(Error{kind, std::move(what)});
}

// An Error for a failed system call: the kind by errno, the text "<what>: <strerror>".
Error system_error(int errno_value, const std::string& what);

}  // namespace nw

#define NW_JOIN_(a, b) a##b
#define NW_JOIN(a, b) NW_JOIN_(a, b)
#define NW_TRY_(expression, result)                                     \
  __extension__({                                                       \
    auto result = (expression);                                         \
    if (!result) return tl::make_unexpected(std::move(result).error()); \
    std::move(result).value();                                          \
  })
// The value of a Result, or return its error from the enclosing function. May be nested, but not used beside something
// that owns memory in one expression (T{name(), NW_TRY(...)}): what was constructed before the return would leak.
#define NW_TRY(expression) NW_TRY_(expression, NW_JOIN(nw_result_, __COUNTER__))
// The same for a Result without a value.
#define NW_CHECK(expression)                                                                           \
  do {                                                                                                 \
    if (auto nw_done = (expression); !nw_done) return tl::make_unexpected(std::move(nw_done).error()); \
  } while (false)
