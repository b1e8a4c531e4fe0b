// The IPMI requests that ask for power and energy, and what their answers mean, byte by byte. Pure functions; two
// drivers and a fuzz target share them.
//
// An answer begins with its completion code. Numbers are little endian. Every error names the request, and the
// completion code or the actual and the expected length. Documents: DCMI 1.5 sections 6.1.1 and 6.6.1; Intel Node
// Manager 3.0 external interface, Get Node Manager Statistics; IPMI 2.0 table 5-2 (completion codes); Lenovo's text on
// the SD650 family as quoted in EAR's energy_sd650*.c, and Slurm's acct_gather_energy/xcc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ipmi.h"
#include "base/result.h"
#include "base/units.h"

namespace nw::ipmi {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

struct Question {
  std::string name;  // for display
  IpmiRequest request;
  Nanos deadline = millis(500);
};
Question ask_capabilities();  // DCMI: what this controller supports
Question ask_dcmi_power();    // DCMI: system power statistics
Question ask_node_manager();  // Intel: global power statistics of the whole platform
Question ask_xcc_energy();    // Lenovo: energy, or mean power, of the node
Question ask_xcc_split();     // Lenovo: power of node, GPUs and risers

// The meaning of a completion code, such as "invalid command". Code 0 is success.
std::string_view completion_text(std::uint8_t code);
ErrorKind completion_kind(std::uint8_t code);

// No node draws more than this.
constexpr std::uint64_t kMostWatts = 20'000;

// Power in watts over the controller's own statistics period. `timestamp` is 0 or all ones where its clock is not set.
struct BmcPower {
  std::uint16_t current = 0, minimum = 0, maximum = 0, average = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t period = 0;  // ms; of Node Manager s
  bool dated() const { return timestamp != 0 && timestamp != 0xffffffff; }
};
Result<bool> decode_capabilities(View answer);  // whether power management is among them
// A current power of 0 W or of more than kMostWatts is an error, and so is a measurement that is not active, unless the
// site says that this controller never fills the state byte.
enum class Inactive : unsigned char { refused, accepted };
Result<BmcPower> decode_dcmi_power(View answer, Inactive inactive = Inactive::refused);
Result<BmcPower> decode_node_manager(View answer, Inactive inactive = Inactive::refused);

// Lenovo's answers to one request, told apart by their length.
enum class XccForm : unsigned char { counter, mean };
Result<XccForm> xcc_form(View answer);
// 14 bytes of payload: a counter of energy, J and mJ. It ends at 2^32 J.
struct XccEnergy {
  std::uint16_t fifo = 0;  // index in the FPGA's queue of samples
  std::uint64_t mj = 0;
  Nanos time{};  // the controller's clock
};
constexpr std::uint64_t kXccWrap = (std::uint64_t{1} << 32) * 1000;
Result<XccEnergy> decode_xcc_energy(View answer);
// 38 bytes of payload: a sum of watts and how many samples are in it.
struct XccMean {
  std::uint64_t mw = 0;
  Nanos time{};
};
Result<XccMean> decode_xcc_mean(View answer);
// The answer to ask_xcc_split: watts. Both risers are in `node`, the GPUs are not.
struct XccSplit {
  std::uint16_t node = 0, gpu = 0, riser1 = 0, riser2 = 0;
  Nanos time{};
};
Result<XccSplit> decode_xcc_split(View answer);

// "00 dc 40 03", as answers are kept on a tape.
std::string to_hex(View bytes);
Result<Bytes> from_hex(std::string_view text);

}  // namespace nw::ipmi
