// IPMI requests through the ioctls of <linux/ipmi.h> (kernel modules ipmi_si or ipmi_ssif, and ipmi_devintf).
//
// A request carries an id that comes back with its answer. The answer to a request that timed out stays in the
// descriptor's queue and comes first at the next receive: whatever does not carry the newest id is dropped. The kernel
// itself wraps a request to another address into Send Message and unwraps the answer. IPMICTL_RECEIVE_MSG_TRUNC takes a
// message off the queue even where it did not fit (EMSGSIZE); IPMICTL_RECEIVE_MSG would leave it there for ever.
#include "base/host_ipmi.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace nw {

namespace {
using Clock = std::chrono::steady_clock;
constexpr std::size_t kLongest = 272;   // IPMI_MAX_MSG_LENGTH of the kernel
constexpr unsigned char kResponse = 1;  // network functions are even for requests, and one more for their answers

class Device : public IpmiPort {
 public:
  explicit Device(int fd) : fd_(fd) {}
  ~Device() override { ::close(fd_); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  int send(ipmi_req& request) override { return ::ioctl(fd_, IPMICTL_SEND_COMMAND, &request) < 0 ? errno : 0; }
  int wait(Nanos time) override {
    pollfd waiting{fd_, POLLIN, 0};
    const std::int64_t ms = (time.count() + kMicro - 1) / kMicro;
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000)));
    if (ready < 0) return errno;
    if (ready == 0) return ETIMEDOUT;
    return (waiting.revents & POLLIN) != 0 ? 0 : EIO;
  }
  int receive(ipmi_recv& message) override { return ::ioctl(fd_, IPMICTL_RECEIVE_MSG_TRUNC, &message) < 0 ? errno : 0; }

 private:
  int fd_;
};

class PortIpmi : public Ipmi {
 public:
  PortIpmi(std::string device, std::unique_ptr<IpmiPort> port) : device_(std::move(device)), port_(std::move(port)) {}

  Result<std::vector<std::uint8_t>> send(const IpmiRequest& request, Nanos deadline) override {
    const auto until = Clock::now() + std::chrono::nanoseconds(deadline.count());
    if (const int error = send_request(request); error != 0)
      return tl::make_unexpected(system_error(error, where(request)));
    for (;;) {
      const std::chrono::nanoseconds left = until - Clock::now();
      const int error = left.count() > 0 ? port_->wait(Nanos::of(left.count())) : ETIMEDOUT;
      if (error == EINTR) continue;
      if (error == ETIMEDOUT)
        return fail(ErrorKind::busy,
                    fmt::format("{}: no answer within {} ms", where(request), deadline.count() / kMicro));
      if (error != 0) return tl::make_unexpected(system_error(error, where(request)));
      if (auto answer = take(request)) return std::move(*answer);
    }
  }

 private:
  std::string where(const IpmiRequest& request) const {
    return fmt::format("{}: netfn {:#04x}, command {:#04x}", device_, request.netfn, request.command);
  }

  int send_request(const IpmiRequest& request) {
    ipmi_system_interface_addr own{IPMI_SYSTEM_INTERFACE_ADDR_TYPE, IPMI_BMC_CHANNEL, request.lun};
    ipmi_ipmb_addr other{IPMI_IPMB_ADDR_TYPE, request.channel, request.slave, request.lun};
    std::vector<std::uint8_t> data = request.data;
    ipmi_req out{};
    const bool bridged = request.slave != 0;
    out.addr = bridged ? reinterpret_cast<unsigned char*>(&other) : reinterpret_cast<unsigned char*>(&own);
    out.addr_len = bridged ? sizeof other : sizeof own;
    out.msgid = ++newest_;
    out.msg = {request.netfn, request.command, static_cast<unsigned short>(data.size()), data.data()};
    return port_->send(out);
  }

  // The next message; nothing where it answers another request than the newest.
  std::optional<Result<std::vector<std::uint8_t>>> take(const IpmiRequest& request) {
    std::array<std::uint8_t, kLongest> data;
    ipmi_addr from{};
    ipmi_recv in{};
    in.addr = reinterpret_cast<unsigned char*>(&from);
    in.addr_len = sizeof from;
    in.msg.data = data.data();
    in.msg.data_len = static_cast<unsigned short>(data.size());
    const int error = port_->receive(in);
    if (error == EAGAIN || error == EINTR) return {};
    if (error != 0 && error != EMSGSIZE) return tl::make_unexpected(system_error(error, where(request)));
    if (in.recv_type != IPMI_RESPONSE_RECV_TYPE || in.msgid != newest_) return {};
    if (in.msg.netfn != (request.netfn | kResponse) || in.msg.cmd != request.command) return {};
    if (error == EMSGSIZE)
      return fail(ErrorKind::malformed, fmt::format("{}: an answer of more than {} bytes", where(request), kLongest));
    if (in.msg.data_len == 0) return fail(ErrorKind::malformed, where(request) + ": an answer of 0 bytes");
    const std::size_t length = std::min<std::size_t>(in.msg.data_len, data.size());
    return std::vector<std::uint8_t>(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(length));
  }

  std::string device_;
  std::unique_ptr<IpmiPort> port_;
  long newest_ = 0;
};
}  // namespace

std::shared_ptr<Ipmi> make_ipmi(std::string device, std::unique_ptr<IpmiPort> port) {
  return std::make_shared<PortIpmi>(std::move(device), std::move(port));
}

Result<std::shared_ptr<Ipmi>> open_real_ipmi(const std::string& device) {
  std::vector<std::string> paths{device};
  if (device == "/dev/ipmi0") paths.insert(paths.end(), {"/dev/ipmi/0", "/dev/ipmidev/0"});
  Error first;
  for (const auto& path : paths) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) return make_ipmi(path, std::make_unique<Device>(fd));
    Error error = system_error(errno, path);
    if (error.kind != ErrorKind::absent) return tl::make_unexpected(std::move(error));
    if (first.what.empty()) first = std::move(error);
  }
  return tl::make_unexpected(std::move(first));
}

}  // namespace nw
