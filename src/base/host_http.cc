// Http over libcurl, which is opened at run time: a machine without a BMC in its site file needs no libcurl.
//
// How libcurl is used and why (curl_easy_setopt(3) and the pages of its options):
//   - The easy interface with one handle for one server, so that a TLS session is reused by many requests; a handle
//     belongs to one thread at a time, hence the lock.
//   - NOSIGNAL, for time limits without SIGALRM. libcurl then leaves SIGPIPE to us: it is blocked around a transfer.
//   - No proxy, whatever http_proxy says: it must not see a BMC's password. No .netrc, HTTP 1.1, no compression, so
//     that the size of an answer is that of the transfer.
//   - libcurl follows no redirect: a server must not send the password elsewhere. One that only adds the slash at the
//     end of a path, or takes it off, on this very server, is followed here, once, within the request's deadline.
//   - A pinned key (HPKP's "sha256//<base64>") without a CA file turns off the check of the certificate's chain and
//     name and keeps that of the key: many BMCs have self-signed certificates without a matching name.
//   - Sockets with close-on-exec: the measured command must not inherit an authenticated connection. For the pair by
//     which libcurl wakes itself there is no option: it is looked for after a handle's first transfer.
// A security option that this libcurl does not know is an error, not a warning.
//
// Plain http is permitted for loopback addresses alone (a test, a tunnel): a password would be sent in the clear.
#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/http.h"
#include "base/library.h"
#include "base/parse.h"
#include "base/secret_file.h"

namespace nw {

namespace {
struct Api {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_setopt) set = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) info = nullptr;
  decltype(&curl_easy_strerror) text = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
};

Result<Api> load() {
  void* library = NW_TRY(open_library({"libcurl.so.4", "libcurl-gnutls.so.4"}, "libcurl4"));
  Api api;
  bool whole = resolve(library, api.global_init, "curl_global_init");
  whole = resolve(library, api.init, "curl_easy_init") && whole;
  whole = resolve(library, api.set, "curl_easy_setopt") && whole;
  whole = resolve(library, api.perform, "curl_easy_perform") && whole;
  whole = resolve(library, api.info, "curl_easy_getinfo") && whole;
  whole = resolve(library, api.text, "curl_easy_strerror") && whole;
  whole = resolve(library, api.cleanup, "curl_easy_cleanup") && whole;
  if (!whole) return fail(ErrorKind::malformed, "libcurl.so.4 lacks a function that every version has");
  if (api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail(ErrorKind::failed, "curl_global_init failed");
  return api;
}

// Once per process. A library that is missing now may be installed later; the program must then be restarted.
const Result<Api>& library() {
  static const Result<Api> api = load();
  return api;
}

// A transfer causes no SIGPIPE in this program; one that was pending before stays pending.
class PipeSignalBlocked {
 public:
  PipeSignalBlocked() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~PipeSignalBlocked() {
    const timespec at_once{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  PipeSignalBlocked(const PipeSignalBlocked&) = delete;
  PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

std::set<int> local_sockets() {
  std::set<int> found;
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", unreadable)) {
    const auto number = parse_u64(entry.path().filename().string());
    int domain = 0;
    socklen_t size = sizeof domain;
    const int fd = number ? static_cast<int>(*number) : -1;
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX) found.insert(fd);
  }
  return found;
}

// Nothing in this program passes descriptors on by leaving them open, so setting it on another thread's is harmless.
void close_new_at_exec(const std::set<int>& before) {
  for (const int fd : local_sockets())
    if (!before.contains(fd)) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

struct Body {
  std::string text;
  std::size_t most;
  bool too_long = false;
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* into) {
  Body& body = *static_cast<Body*>(into);
  if (size * count > body.most - body.text.size()) {
    body.too_long = true;
    return 0;
  }
  body.text.append(bytes, size * count);
  return size * count;
}

curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

bool is_loopback(std::string_view rest) {
  for (const std::string_view host : {"127.0.0.1", "localhost", "[::1]"})
    if (rest == host || (rest.starts_with(host) && rest[host.size()] == ':')) return true;
  return false;
}

Result<void> check_origin(const std::string& origin) {
  const std::string_view text = origin;
  const bool tls = text.starts_with("https://"), plain = text.starts_with("http://");
  const std::string_view rest = tls ? text.substr(8) : plain ? text.substr(7) : std::string_view{};
  const bool clean = rest.find_first_of("/?#@\\ \t\r\n") == rest.npos;
  if (rest.empty() || !clean)
    return fail(ErrorKind::malformed, quote(origin, 80) + " is no origin (https://host or https://host:port)");
  if (plain && !is_loopback(rest))
    return fail(ErrorKind::denied, quote(origin, 80) + ": without TLS a password would travel in the clear: use https");
  return {};
}

// "https://BMC.example:443" and "https://bmc.example" are one origin.
std::string canonical_origin(std::string origin) {
  for (char& c : origin)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const std::string_view usual = origin.starts_with("https://") ? ":443" : ":80";
  if (origin.ends_with(usual)) origin.resize(origin.size() - usual.size());
  return origin;
}

// libcurl writes user and password into the target of a redirect to the same server; they are nobody's business.
std::string without_user(std::string_view target) {
  const auto scheme = target.find("://");
  const auto host = scheme == target.npos ? 0 : scheme + 3;
  const auto at = target.substr(0, target.find('/', host)).rfind('@');
  if (at == target.npos || at < host) return std::string(target);
  return std::string(target.substr(0, host)) + std::string(target.substr(at + 1));
}

// The path that a redirect leads to, if it is the same resource of the same server, with or without a slash at its end.
std::optional<std::string> same_with_slash(const std::string& origin, const std::string& path,
                                           std::string_view target) {
  const auto scheme = target.find("://");
  const auto begin = scheme == target.npos ? target.npos : target.find('/', scheme + 3);
  if (begin == target.npos || canonical_origin(std::string(target.substr(0, begin))) != canonical_origin(origin))
    return std::nullopt;
  std::string moved(target.substr(begin));
  if (moved == path + "/" || moved + "/" == path) return moved;
  return std::nullopt;
}

struct Credentials {
  std::string user, password;
};

Result<Credentials> read_credentials(const std::string& path) {
  if (path.empty()) return Credentials{};
  const std::string text = NW_TRY(read_secret(path));
  const auto lines = split(text, '\n');
  if (lines.size() < 2 || trim(lines[0]).empty())
    return fail(ErrorKind::malformed, path + ": has to be two lines, user and password");
  std::string_view password = lines[1];
  if (password.ends_with('\r')) password.remove_suffix(1);
  return Credentials{std::string(trim(lines[0])), std::string(password)};
}

class CurlHttp : public Http {
 public:
  CurlHttp(const Api& api, HttpOptions options) : api_(api), options_(std::move(options)), handle_(api_.init()) {}
  ~CurlHttp() override {
    if (handle_ != nullptr) api_.cleanup(handle_);
  }
  CurlHttp(const CurlHttp&) = delete;
  CurlHttp& operator=(const CurlHttp&) = delete;

  Result<void> set_up(const Credentials& credentials) {
    if (handle_ == nullptr) return fail(ErrorKind::failed, "curl_easy_init failed");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_WRITEFUNCTION, take);
    set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    const bool key_alone = !options_.pinned_key.empty() && options_.ca_file.empty();
    set(CURLOPT_SSL_VERIFYPEER, key_alone ? 0L : 1L);
    set(CURLOPT_SSL_VERIFYHOST, key_alone ? 0L : 2L);
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
    if (!options_.pinned_key.empty()) set(CURLOPT_PINNEDPUBLICKEY, options_.pinned_key.c_str());
    if (!credentials.user.empty()) {
      set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
      set(CURLOPT_USERNAME, credentials.user.c_str());
      set(CURLOPT_PASSWORD, credentials.password.c_str());
    }
    if (refused_ != CURLE_OK)
      return fail(ErrorKind::failed, fmt::format("this libcurl refuses an option: {}", api_.text(refused_)));
    return {};
  }

  Result<std::string> get(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    const bool clean = std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!path.starts_with('/') || !clean) return fail(ErrorKind::malformed, quote(path, 80) + " is no path");
    const auto begun = std::chrono::steady_clock::now();
    const auto moved = moved_.find(path);
    const std::string first = moved == moved_.end() ? path : moved->second;
    auto answer = transfer(first, options_.deadline);
    if (answer || status_ < 300 || status_ >= 400) return answer;
    const auto second = same_with_slash(options_.origin, first, redirect_target());
    if (!second) return answer;
    const auto used = std::chrono::nanoseconds(std::chrono::steady_clock::now() - begun).count();
    answer = transfer(*second, Nanos::of(options_.deadline.count() - used));
    if (answer) moved_[path] = *second;
    return answer;
  }
  long status() const override { return status_; }

 private:
  Result<std::string> transfer(const std::string& path, Nanos deadline) {
    const std::string url = options_.origin + path;
    Body body{{}, options_.most};
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_WRITEDATA, &body);
    set(CURLOPT_TIMEOUT_MS, std::max<long>(deadline.count() / kMicro, 1));
    status_ = 0;
    const CURLcode code = perform();
    if (body.too_long) return fail(ErrorKind::malformed, fmt::format("{}: longer than {} bytes", url, options_.most));
    if (code != CURLE_OK) return transfer_error(code, url);
    long status = 0;
    api_.info(handle_, CURLINFO_RESPONSE_CODE, &status);
    status_ = status;
    NW_CHECK(check_status(url, status));
    return std::move(body.text);
  }

  CURLcode perform() {
    const PipeSignalBlocked blocked;
    if (std::exchange(used_, true)) return api_.perform(handle_);
    const auto before = local_sockets();
    const CURLcode code = api_.perform(handle_);
    close_new_at_exec(before);
    return code;
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = api_.set(handle_, option, value); code != CURLE_OK) refused_ = code;
  }

  tl::unexpected<Error> transfer_error(CURLcode code, const std::string& url) const {
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT:
        return fail(ErrorKind::busy,
                    fmt::format("{}: no whole answer within {} ms", url, options_.deadline.count() / kMicro));
      case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return fail(ErrorKind::denied, url + ": the server's key is not the pinned one; nothing was sent to it");
      case CURLE_PEER_FAILED_VERIFICATION:
        return fail(ErrorKind::denied, url + ": the server's certificate is not vouched for (ca_file, or pinned_key)");
      case CURLE_SSL_CACERT_BADFILE:
        return fail(ErrorKind::absent, options_.ca_file + ": cannot be read as certificates (PEM)");
      case CURLE_PARTIAL_FILE:
      case CURLE_GOT_NOTHING:
      case CURLE_WEIRD_SERVER_REPLY: return fail(ErrorKind::malformed, url + ": " + api_.text(code));
      default: return fail(ErrorKind::failed, url + ": " + api_.text(code));
    }
  }

  std::string redirect_target() const {
    const char* target = nullptr;
    api_.info(handle_, CURLINFO_REDIRECT_URL, &target);
    return target == nullptr ? "nowhere" : without_user(target);
  }

  Result<void> check_status(const std::string& url, long status) const {
    if (status == 200) return {};
    if (status >= 300 && status < 400)
      return fail(ErrorKind::malformed,
                  fmt::format("{}: {}, leads to {}; not followed", url, status, quote(redirect_target(), 80)));
    switch (status) {
      case 401: return fail(ErrorKind::denied, url + ": 401, user or password is not accepted");
      case 403: return fail(ErrorKind::denied, url + ": 403, this user may not read it");
      case 404: return fail(ErrorKind::absent, url + ": 404");
      case 429:
      case 503: return fail(ErrorKind::busy, fmt::format("{}: {}, the server is busy", url, status));
      default: return fail(ErrorKind::failed, fmt::format("{}: status {}", url, status));
    }
  }

  const Api& api_;
  const HttpOptions options_;
  CURL* handle_;
  CURLcode refused_ = CURLE_OK;
  bool used_ = false;
  std::atomic<long> status_ = 0;
  std::map<std::string, std::string> moved_;  // paths that the server knows with, or without, a slash
  std::mutex mutex_;
};
}  // namespace

Result<std::shared_ptr<Http>> open_real_http(const HttpOptions& options) {
  NW_CHECK(check_origin(options.origin));
  const Credentials credentials = NW_TRY(read_credentials(options.credentials_file));
  const auto& api = library();
  if (!api) return tl::make_unexpected(api.error());
  const auto http = std::make_shared<CurlHttp>(*api, options);
  NW_CHECK(http->set_up(credentials));
  return http;
}

}  // namespace nw
