// Messages between the daemon and its clients, from any bytes: a request that is accepted is the same when it is
// written again, one that is not is malformed with an error that is safe for a terminal, and an answer keeps its bytes.
#include <cstdint>
#include <cstdlib>

#include "consumer/wire.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

bool is_printable(std::string_view text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7e) return false;
  return true;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto request = nw::parse_request(bytes)) {
    require(!request->verb.empty() && request->values.count("") == 0);
    const auto again = nw::parse_request(nw::make_request(*request));
    require(again && *again == *request);
  } else {
    require(request.error().kind == nw::ErrorKind::malformed);
    require(is_printable(request.error().what) && request.error().what.size() < 200);
  }
  if (const auto answer = nw::parse_answer(bytes)) {
    require(nw::make_answer(*answer) == bytes);
    if (answer->kind == 'E') (void)nw::parse_refusal(answer->body);
  }
  return 0;
}
