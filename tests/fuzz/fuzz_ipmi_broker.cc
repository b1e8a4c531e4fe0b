// Any bytes as a request to the IPMI broker, and as an answer. A request is a row of the table or nothing; an answer is
// the controller's bytes or an error.
#include <cstdlib>
#include <iterator>

#include "base/ipmi_broker_client.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::span<const std::uint8_t> message(bytes, size);
  const auto request = nw::parse_ipmi_question(message);
  require(request.has_value() == (size == 1 && bytes[0] < std::size(nw::kIpmiAllowed)));
  if (request) require(nw::ipmi_row(*request) == bytes[0]);
  const auto answer = nw::parse_ipmi_answer(message);
  if (answer) require(answer->size() + 1 == size && bytes[0] == 'A');
  if (size >= 3) {
    const nw::IpmiRequest any{bytes[0], bytes[1], {bytes + 2, bytes + size}};
    const auto row = nw::ipmi_row(any);
    if (row) require(nw::parse_ipmi_question({&*row, 1})->data == any.data);
  }
  return 0;
}
