// PduAgent: Debian's snmpd with tests/e2e/pdu_agent.py behind it, for the time of one test suite.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <thread>

#include "base/snmp.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace nw::test {

// A UDP port of this machine on which nothing answers, reserved while it lives.
class MutePort {
 public:
  MutePort() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
      number_ = ntohs(address.sin_port);
  }
  ~MutePort() { ::close(socket_); }
  MutePort(const MutePort&) = delete;
  MutePort& operator=(const MutePort&) = delete;
  std::string agent() const { return "udp:127.0.0.1:" + std::to_string(number_); }

 private:
  int socket_, number_ = 0;
};

class PduAgent {
 public:
  // Why there can be none; "" when there can.
  static std::string excludes() {
    for (const char* name : {"snmpd", "python3"})
      if (!have(name)) return std::string(name) + " is not installed";
    return "";
  }

  PduAgent() : agent_(MutePort().agent()) {
    const std::string script = "/usr/bin/env python3 " NODEWATT_SOURCE_DIR "/tests/e2e/pdu_agent.py\n";
    std::string conf = "agentaddress " + agent_ + "\nrocommunity public 127.0.0.1\n";
    for (const char* user : {"meter SHA", "meter2 SHA-256", "meter3 SHA"}) {
      conf += std::string("createUser ") + user + " \"authpass123\" AES \"privpass123\"\n";
      conf += "rouser " + std::string(user, std::string_view(user).find(' ')) + " priv\n";
    }
    conf += "pass_persist .1.3.6.1.4.1.318.1.1.26.9.4.3.1 " + script + "pass_persist .1.3.6.1.4.1.13742.6 " + script;
    folder_.write("snmpd.conf", conf);
    folder_.write("persist/empty", "");
    write_secret("public", "community = public\n");
    write_secret("v3", "user = meter\nauth_pass = authpass123\npriv_pass = privpass123\n");
    snmpd_ = std::make_unique<Program>(
        std::vector<std::string>{"/usr/sbin/snmpd", "-f", "-Lf", at("log"), "-C", "-c", at("snmpd.conf"), "-r"},
        std::vector<std::string>{"SNMP_PERSISTENT_DIR=" + at("persist")});
    const auto snmp = open_real_snmp(v2());
    for (int i = 0; i < 100 && snmp && !runs_; ++i) {
      runs_ = (*snmp)->get({".1.3.6.1.4.1.318.1.1.26.9.4.3.1.7.1"}).has_value();
      if (!runs_) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  bool runs() const { return runs_; }
  const std::string& agent() const { return agent_; }
  std::string at(std::string_view name) const { return folder_.at(name); }
  void write_secret(const std::string& name, const std::string& text) const {
    folder_.write(name, text);
    ::chmod(at(name).c_str(), 0600);
  }
  SnmpOptions v2() const { return options("2c", "public", millis(1000)); }
  SnmpOptions v3() const { return options("3", "v3", seconds(4)); }

 private:
  SnmpOptions options(const std::string& version, const std::string& secret, Nanos deadline) const {
    SnmpOptions options;
    options.agent = agent_;
    options.version = version;
    options.credentials_file = at(secret);
    options.deadline = deadline;
    return options;
  }

  TempDir folder_;
  std::string agent_;
  std::unique_ptr<Program> snmpd_;
  bool runs_ = false;
};

}  // namespace nw::test
