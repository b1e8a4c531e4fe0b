// What a stranger sends to the port of the metrics, whole and in pieces: a request comes to the same wish however it
// was cut, and whatever comes of it is one of the answers that there are.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "apps/noded/metrics_request.h"

namespace {
using namespace nw::noded;

std::optional<MetricsOutcome> read(std::string_view bytes, std::size_t piece) {
  MetricsRequest request;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    if (const auto wish = request.feed(bytes.substr(0, piece))) return wish;
  return std::nullopt;
}

bool is_request(const std::optional<MetricsOutcome>& wish) {
  return wish && wish->status != 400 && wish->status != 431;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read(bytes, bytes.size() + 1), cut = read(bytes, 1 + data[0]);
  for (const auto& wish : {whole, cut}) {
    if (!wish) continue;
    const auto status = wish->status;
    if (status != 200 && status != 400 && status != 404 && status != 405 && status != 431) std::abort();
    if (wish->status == 200 && bytes.find("/metrics") == std::string_view::npos) std::abort();
  }
  if ((is_request(whole) || is_request(cut)) && whole != cut) std::abort();
  if (!whole && bytes.size() > MetricsRequest::kMost) std::abort();
  return 0;
}
