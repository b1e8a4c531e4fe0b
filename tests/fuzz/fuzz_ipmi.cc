// Any bytes as a controller's answer, to every decoder, and as the text that a tape holds of one. A value that comes
// out is one that a node can draw; an error names the request.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "sensor/drivers/ipmi.h"

namespace {
using namespace nw::ipmi;

void require(bool holds) {
  if (!holds) std::abort();
}

// The value, checked; or an error that says something.
template <class Value, class Check>
void check(const nw::Result<Value>& result, Check holds) {
  if (result)
    require(holds(*result));
  else
    require(!result.error().what.empty());
}

void check_answer(View answer) {
  const auto drawn = [](std::uint64_t watts) { return watts > 0 && watts <= kMostWatts; };
  const auto dated = [](nw::Nanos time) { return time >= nw::seconds(1) && time < nw::seconds(std::int64_t{1} << 32); };
  check(decode_capabilities(answer), [](bool) { return true; });
  check(decode_dcmi_power(answer), [&](const BmcPower& power) { return drawn(power.current); });
  check(decode_node_manager(answer), [&](const BmcPower& power) { return drawn(power.current); });
  check(decode_xcc_energy(answer), [&](const XccEnergy& e) { return e.mj < kXccWrap && dated(e.time); });
  check(decode_xcc_mean(answer),
        [&](const XccMean& mean) { return mean.mw > 0 && mean.mw <= kMostWatts * 1000 && dated(mean.time); });
  check(decode_xcc_split(answer), [&](const XccSplit& split) {
    return drawn(split.node) && drawn(std::uint64_t{split.node} + split.gpu) && dated(split.time);
  });
  const auto format = xcc_form(answer);
  require(!decode_xcc_energy(answer) || (format && *format == XccForm::counter));
  require(!decode_xcc_mean(answer) || (format && *format == XccForm::mean));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const View answer(bytes, size);
  check_answer(answer);
  if (size > 0 && size <= 1024) {
    const auto back = from_hex(to_hex(answer));
    require(back && std::equal(back->begin(), back->end(), answer.begin(), answer.end()));
  }
  if (const auto typed = from_hex({reinterpret_cast<const char*>(bytes), size})) check_answer(*typed);
  return 0;
}
