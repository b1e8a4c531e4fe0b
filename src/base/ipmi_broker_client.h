// IpmiBrokerClient: the four requests that the daemon may send to the management controller, and the protocol for
// sending them through the broker.
//
// Whoever may open /dev/ipmi0 may reset the node, add users to its controller and write its firmware; the kernel does
// not distinguish between commands. So the daemon has no access to it: a separate process (nodewatt-ipmi) holds the
// device, and the socket between the two carries no commands, only the number of a row in kIpmiAllowed. A command that
// is not in the table cannot be expressed. Every row only reads:
//   0  Get DCMI Capabilities   2c 01  dc 01            whether the controller measures power; asked once
//   1  DCMI Get Power Reading  2c 02  dc 01 00 00      power of the node
//   2  Lenovo, energy          3a 32  04 02 00 00 00   energy, or mean power, of an SD650 node
//   3  Lenovo, power           3a 32  04 08 00 00 00   power of an SD650 node, its GPUs and risers
// Intel's Node Manager is not among them: it is another controller behind a bridge.
//
// On the wire (SOCK_SEQPACKET): a question is one byte, the row. An answer is 'A' and the controller's bytes,
// completion code first, or 'E', the kind of error as one letter (kIpmiErrors) and a sentence.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ipmi.h"
#include "base/result.h"

namespace nw {

inline constexpr const char* kIpmiSocket = "/run/nodewatt/ipmi.sock";
inline constexpr std::size_t kMostIpmiAnswer = 512;  // bytes; the kernel's own messages have at most 272

struct IpmiAllowed {
  std::uint8_t netfn;
  std::uint8_t command;
  std::uint8_t length;
  std::uint8_t data[5];
};
inline constexpr IpmiAllowed kIpmiAllowed[] = {
    {0x2c, 0x01, 2, {0xdc, 0x01}},
    {0x2c, 0x02, 4, {0xdc, 0x01, 0x00, 0x00}},
    {0x3a, 0x32, 5, {0x04, 0x02, 0x00, 0x00, 0x00}},
    {0x3a, 0x32, 5, {0x04, 0x08, 0x00, 0x00, 0x00}},
};

// The row that is exactly this request, to the controller itself at LUN 0; nothing when none is.
std::optional<std::uint8_t> ipmi_row(const IpmiRequest& request);
// What a question asks for; nothing unless it is one byte and a row of the table.
std::optional<IpmiRequest> parse_ipmi_question(std::span<const std::uint8_t> bytes);

using IpmiAnswer = Result<std::vector<std::uint8_t>>;
std::string make_ipmi_answer(const IpmiAnswer& answer);
IpmiAnswer parse_ipmi_answer(std::span<const std::uint8_t> bytes);

// The controller through that socket. A request that is not in the table is denied here and never sent. Absent when
// nobody listens there, denied when this user may not. A connection whose answer came too late is replaced by a new
// one.
Result<std::shared_ptr<Ipmi>> open_ipmi_broker(const std::string& socket);
// The device itself; where it is denied or cannot be seen, the broker. When neither opens, the error is the device's.
Result<std::shared_ptr<Ipmi>> open_ipmi_or_broker(const std::string& device, const std::string& socket);

}  // namespace nw
