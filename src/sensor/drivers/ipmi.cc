#include "sensor/drivers/ipmi.h"

#include <fmt/format.h>

#include "base/parse.h"

namespace nw::ipmi {

namespace {
constexpr std::uint8_t kDcmi = 0xdc;                   // group extension
constexpr std::uint8_t kIntel[] = {0x57, 0x01, 0x00};  // Intel's enterprise number, 343
constexpr std::uint8_t kMeasuring = 0x40;              // of the state byte, in DCMI and in Node Manager
constexpr std::uint8_t kPowerManagement = 0x01;        // of the platform capabilities
constexpr std::size_t kCounterLength = 15, kMeanLength = 39, kSplitLength = 15;  // with the completion code
constexpr std::size_t kMostHex = 1024;

std::uint16_t u16(View bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8); }
std::uint32_t u32(View bytes, std::size_t at) {
  return u16(bytes, at) | static_cast<std::uint32_t>(u16(bytes, at + 2)) << 16;
}

tl::unexpected<Error> wrong(const Question& question, const std::string& what) {
  return fail(ErrorKind::malformed, question.name + ": " + what);
}

// The completion code of any answer.
Done check_code(const Question& question, View answer) {
  if (answer.empty()) return wrong(question, "an answer of 0 bytes");
  if (answer[0] == 0) return {};
  return fail(completion_kind(answer[0]),
              fmt::format("{}: completion code {:#04x}, {}", question.name, answer[0], completion_text(answer[0])));
}

Done check(const Question& question, View answer, std::size_t length) {
  NW_CHECK(check_code(question, answer));
  if (answer.size() != length)
    return wrong(question, fmt::format("an answer of {} bytes, not {}", answer.size(), length));
  return {};
}

Result<BmcPower> decode_power(const Question& question, View fields, Inactive inactive) {
  const BmcPower power{u16(fields, 0), u16(fields, 2), u16(fields, 4), u16(fields, 6), u32(fields, 8), u32(fields, 12)};
  if ((fields[16] & kMeasuring) == 0 && inactive == Inactive::refused)
    return fail(ErrorKind::busy,
                fmt::format("{}: the controller says that it is not measuring (state {:#04x}), with {} "
                            "W beside it",
                            question.name, fields[16], power.current));
  if (power.current == 0) return wrong(question, "0 W, which no running node draws");
  if (power.current > kMostWatts) return wrong(question, fmt::format("{} W, more than any node draws", power.current));
  return power;
}

// Seconds and milliseconds of the controller's clock; 0 s means that the clock, or a queue, was never set.
Result<Nanos> decode_time(const Question& question, std::uint32_t s, std::uint16_t ms) {
  if (s == 0 || ms >= 1000) return wrong(question, fmt::format("{} s and {} ms is no time of a sample", s, ms));
  return seconds(s) + millis(ms);
}
}  // namespace

Question ask_capabilities() { return {"Get DCMI Capabilities", {0x2c, 0x01, {kDcmi, 0x01}}}; }
Question ask_dcmi_power() { return {"DCMI Get Power Reading", {0x2c, 0x02, {kDcmi, 0x01, 0x00, 0x00}}}; }
// Mode 1, global power; domain 0, the whole platform. Bridged, and therefore with more time.
Question ask_node_manager() {
  return {"Node Manager statistics", {0x2e, 0xc8, {0x57, 0x01, 0x00, 0x01, 0x00, 0x00}, 0, 0x2c, 0}, seconds(1)};
}
Question ask_xcc_energy() { return {"Lenovo energy reading", {0x3a, 0x32, {0x04, 0x02, 0x00, 0x00, 0x00}}}; }
Question ask_xcc_split() { return {"Lenovo power reading", {0x3a, 0x32, {0x04, 0x08, 0x00, 0x00, 0x00}}}; }

std::string_view completion_text(std::uint8_t code) {
  switch (code) {
    case 0x00: return "success";
    case 0xc0: return "the controller is busy";
    case 0xc1: return "invalid command";
    case 0xc2: return "invalid command for this LUN";
    case 0xc3: return "timeout inside the controller";
    case 0xc4: return "out of space";
    case 0xc5: return "reservation cancelled";
    case 0xc6: return "request data truncated";
    case 0xc7: return "request data length invalid";
    case 0xc8: return "request data too long";
    case 0xc9: return "parameter out of range";
    case 0xca: return "cannot return so many bytes";
    case 0xcb: return "no such sensor, data or record";
    case 0xcc: return "invalid data field in request";
    case 0xcd: return "command illegal for this sensor";
    case 0xce: return "no answer can be given";
    case 0xcf: return "duplicate request";
    case 0xd0: return "the sensor repository is being updated";
    case 0xd1: return "the controller's firmware is being updated";
    case 0xd2: return "the controller is starting";
    case 0xd3: return "the target is not there";
    case 0xd4: return "privilege too low, or the command is disabled by a firmware firewall";
    case 0xd5: return "not supported in the present state";
    case 0xd6: return "a part of the command is disabled";
    case 0xff: return "unspecified error";
    default: break;
  }
  if (code >= 0x01 && code <= 0x7e) return "a code of the maker's own";
  if (code >= 0x80 && code <= 0xbe) return "a code of this command's own";
  return "a reserved code";
}

ErrorKind completion_kind(std::uint8_t code) {
  switch (code) {
    case 0xc0:
    case 0xc3:
    case 0xce:
    case 0xcf:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd5: return ErrorKind::busy;
    case 0xc1:
    case 0xc2:
    case 0xcb:
    case 0xcd:
    case 0xd3: return ErrorKind::absent;
    case 0xd4:
    case 0xd6: return ErrorKind::denied;
    default: return ErrorKind::failed;
  }
}

// Version (2 bytes), revision of the parameter, a reserved byte, then the platform capabilities.
Result<bool> decode_capabilities(View answer) {
  constexpr std::size_t kPlatform = 6;
  const Question question = ask_capabilities();
  NW_CHECK(check_code(question, answer));
  if (answer.size() <= kPlatform)
    return wrong(question, fmt::format("an answer of {} bytes, not {} or more", answer.size(), kPlatform + 1));
  if (answer[1] != kDcmi) return wrong(question, fmt::format("group extension {:#04x}, not 0xdc", answer[1]));
  return (answer[kPlatform] & kPowerManagement) != 0;
}

Result<BmcPower> decode_dcmi_power(View answer, Inactive inactive) {
  const Question question = ask_dcmi_power();
  NW_CHECK(check(question, answer, 19));
  if (answer[1] != kDcmi) return wrong(question, fmt::format("group extension {:#04x}, not 0xdc", answer[1]));
  return decode_power(question, answer.subspan(2), inactive);
}

Result<BmcPower> decode_node_manager(View answer, Inactive inactive) {
  const Question question = ask_node_manager();
  NW_CHECK(check(question, answer, 21));
  for (std::size_t i = 0; i < std::size(kIntel); ++i)
    if (answer[1 + i] != kIntel[i])
      return wrong(question, fmt::format("enterprise number {}, not Intel's 57 01 00", to_hex(answer.subspan(1, 3))));
  return decode_power(question, answer.subspan(4), inactive);
}

Result<XccForm> xcc_form(View answer) {
  const Question question = ask_xcc_energy();
  NW_CHECK(check_code(question, answer));
  if (answer.size() == kCounterLength) return XccForm::counter;
  if (answer.size() == kMeanLength) return XccForm::mean;
  return wrong(question,
               fmt::format("an answer of {} bytes, not {} or {}", answer.size(), kCounterLength, kMeanLength));
}

Result<XccEnergy> decode_xcc_energy(View answer) {
  const Question question = ask_xcc_energy();
  NW_CHECK(check(question, answer, kCounterLength));
  const std::uint16_t mj = u16(answer, 7);
  if (mj >= 1000) return wrong(question, fmt::format("{} mJ beside the whole joules", mj));
  const Nanos time = NW_TRY(decode_time(question, u32(answer, 9), u16(answer, 13)));
  return XccEnergy{u16(answer, 1), std::uint64_t{u32(answer, 3)} * 1000 + mj, time};
}

// The bytes between the sum and the time are not documented anywhere.
Result<XccMean> decode_xcc_mean(View answer) {
  const Question question = ask_xcc_energy();
  NW_CHECK(check(question, answer, kMeanLength));
  const std::uint16_t count = u16(answer, 1), mw = u16(answer, 7);
  if (count == 0) return wrong(question, "a mean of 0 samples");
  if (mw >= 1000) return wrong(question, fmt::format("{} mW beside the whole watts", mw));
  const std::uint64_t mean = (std::uint64_t{u32(answer, 3)} * 1000 + mw + count / 2) / count;
  if (mean == 0) return wrong(question, "0 W, which no running node draws");
  if (mean > kMostWatts * 1000) return wrong(question, fmt::format("{} mW, more than any node draws", mean));
  return XccMean{mean, NW_TRY(decode_time(question, u32(answer, 33), u16(answer, 37)))};
}

Result<XccSplit> decode_xcc_split(View answer) {
  const Question question = ask_xcc_split();
  NW_CHECK(check(question, answer, kSplitLength));
  const Nanos time = NW_TRY(decode_time(question, u32(answer, 1), u16(answer, 5)));
  const XccSplit split{u16(answer, 7), u16(answer, 9), u16(answer, 11), u16(answer, 13), time};
  if (split.node == 0) return wrong(question, "0 W, which no running node draws");
  if (std::uint64_t{split.node} + split.gpu > kMostWatts)
    return wrong(question, fmt::format("{} W and {} W of GPUs, more than any node draws", split.node, split.gpu));
  return split;
}

std::string to_hex(View bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{}{:02x}", text.empty() ? "" : " ", byte);
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Bytes bytes;
  for (const auto pair : split(trim(text), ' ')) {
    const auto high = pair.size() == 2 ? kDigits.find(pair[0]) : kDigits.npos;
    const auto low = pair.size() == 2 ? kDigits.find(pair[1]) : kDigits.npos;
    if (high == kDigits.npos || low == kDigits.npos || bytes.size() == kMostHex)
      return fail(ErrorKind::malformed, quote(text) + " is not bytes in hex");
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

}  // namespace nw::ipmi
