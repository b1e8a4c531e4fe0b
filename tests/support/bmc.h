// Bmc: tests/e2e/redfish_server.py with a certificate of its own, for the time of one test suite.
#pragma once

#include <sys/stat.h>

#include <memory>

#include "base/http.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace nw::test {

class Bmc {
 public:
  // Why there can be none; "" when there can.
  static std::string excludes() {
    for (const char* name : {"python3", "openssl"})
      if (!have(name)) return std::string(name) + " is not installed";
    return open_real_http(at_origin("https://127.0.0.1:1")) ? "" : "libcurl is not installed";
  }

  Bmc() {
    pin_ = make_certificate("server");
    other_pin_ = make_certificate("other");
    write_secret("credentials", "root\ncalvin\n");
    server_ =
        std::make_unique<Program>(std::vector<std::string>{"python3", script(), at("server.pem"), at("server.key")});
    port_ = server_->line().substr(0, 32);
    port_ = port_.starts_with("port ") ? port_.substr(5) : "";
  }

  static std::string script() { return std::string(NODEWATT_SOURCE_DIR) + "/tests/e2e/redfish_server.py"; }
  bool runs() const { return !port_.empty(); }
  std::string at(std::string_view name) const { return folder_.at(name); }
  std::string origin() const { return "https://127.0.0.1:" + port_; }
  // Its own certificate as the CA, and its credentials.
  HttpOptions trusted() const {
    HttpOptions options = at_origin(origin());
    options.ca_file = at("server.pem");
    options.credentials_file = at("credentials");
    return options;
  }
  static HttpOptions at_origin(const std::string& origin) {
    HttpOptions options;
    options.origin = origin;
    return options;
  }
  const std::string& pin() const { return pin_; }
  const std::string& other_pin() const { return other_pin_; }
  void write_secret(std::string_view name, std::string_view content) const {
    folder_.write(name, content);
    ::chmod(at(name).c_str(), 0600);
  }

 private:
  // Returns its public key's pin.
  std::string make_certificate(const std::string& name) const {
    output_of("cd " + folder_.path() +
              " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + name +
              ".key -out " + name + ".pem -days 30 -subj /CN=bmc -addext subjectAltName=IP:127.0.0.1 2>&1");
    return "sha256//" +
           output_of(
               "openssl x509 -in " + at(name + ".pem") +
               " -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64");
  }

  TempDir folder_;
  std::unique_ptr<Program> server_;
  std::string pin_, other_pin_, port_;
};

}  // namespace nw::test
