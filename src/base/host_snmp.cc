// Snmp over libnetsnmp (5.9, libnetsnmp.so.40), which is opened at run time. Types come from its headers.
//
// The library is configured to read no snmp.conf, to load and save no persistent file, to look for no MIBs (only
// numeric OIDs are used) and to log nowhere: without a log handler it would write to stderr, which is the measured
// command's. The single-session calls (snmp_sess_*) share no list of sessions; version 3 shares its list of users and
// engines, so one lock is held over each request of the program.
//
// Deadline. A request is sent twice at most. Version 3 queries the agent's engine before its first request, which takes
// as long again, so each wait is a quarter of the deadline there and half of it in 2c. After any failure the session is
// opened anew: the agent may have been restarted, with another engine or clock. The library remembers each user of each
// engine for the life of the program, so a new pass phrase requires a restart.
//
// A wrong community is never answered (RFC 3584), so it looks like a missing agent; version 3 reports it.
#include <net-snmp/net-snmp-config.h>
// Must come first.
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/session_api.h>

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "base/library.h"
#include "base/parse.h"
#include "base/secret_file.h"
#include "base/snmp.h"

namespace nw {

namespace {
struct Api {
  decltype(&netsnmp_ds_set_boolean) set_boolean = nullptr;
  decltype(&netsnmp_register_loghandler) log_to = nullptr;
  decltype(&netsnmp_set_mib_directory) set_mib_directory = nullptr;
  decltype(&init_snmp) init = nullptr;
  decltype(&snmp_sess_init) session_init = nullptr;
  decltype(&snmp_sess_open) open = nullptr;
  decltype(&snmp_sess_close) close = nullptr;
  decltype(&snmp_sess_error) error = nullptr;
  decltype(&snmp_sess_transport) transport = nullptr;
  decltype(&snmp_sess_synch_response) request = nullptr;
  decltype(&snmp_pdu_create) make_pdu = nullptr;
  decltype(&snmp_add_null_var) add_variable = nullptr;
  decltype(&snmp_free_pdu) free_pdu = nullptr;
  decltype(&snmp_api_errstring) text = nullptr;
  decltype(&generate_Ku) make_key = nullptr;
  oid *sha1 = nullptr, *sha256 = nullptr, *aes = nullptr;
};

bool resolve_all(void* library, Api& api) {
  bool whole = resolve(library, api.set_boolean, "netsnmp_ds_set_boolean");
  whole = resolve(library, api.log_to, "netsnmp_register_loghandler") && whole;
  whole = resolve(library, api.set_mib_directory, "netsnmp_set_mib_directory") && whole;
  whole = resolve(library, api.init, "init_snmp") && whole;
  whole = resolve(library, api.session_init, "snmp_sess_init") && whole;
  whole = resolve(library, api.open, "snmp_sess_open") && whole;
  whole = resolve(library, api.close, "snmp_sess_close") && whole;
  whole = resolve(library, api.error, "snmp_sess_error") && whole;
  whole = resolve(library, api.transport, "snmp_sess_transport") && whole;
  whole = resolve(library, api.request, "snmp_sess_synch_response") && whole;
  whole = resolve(library, api.make_pdu, "snmp_pdu_create") && whole;
  whole = resolve(library, api.add_variable, "snmp_add_null_var") && whole;
  whole = resolve(library, api.free_pdu, "snmp_free_pdu") && whole;
  whole = resolve(library, api.text, "snmp_api_errstring") && whole;
  whole = resolve(library, api.make_key, "generate_Ku") && whole;
  whole = resolve(library, api.sha1, "usmHMACSHA1AuthProtocol") && whole;
  whole = resolve(library, api.aes, "usmAESPrivProtocol") && whole;
  resolve(library, api.sha256, "usmHMAC192SHA256AuthProtocol");
  return whole;
}

Result<Api> load() {
  void* library = NW_TRY(open_library({"libnetsnmp.so.40"}, "libsnmp40"));
  Api api;
  if (!resolve_all(library, api))
    return fail(ErrorKind::malformed, "libnetsnmp.so.40 lacks a function that every version has");
  api.log_to(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
  for (const int off : {NETSNMP_DS_LIB_DONT_READ_CONFIGS, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
                        NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE})
    api.set_boolean(NETSNMP_DS_LIBRARY_ID, off, 1);
  api.set_mib_directory("");
  api.init("nodewatt");
  return api;
}

const Result<Api>& library() {
  static const Result<Api> api = load();
  return api;
}

constexpr auto kWaitToClose = std::chrono::milliseconds(200);

std::timed_mutex& one_at_a_time() {
  static std::timed_mutex mutex;
  return mutex;
}

using Credentials = std::map<std::string, std::string, std::less<>>;

Result<Credentials> read_credentials(const SnmpOptions& options) {
  const std::string& path = options.credentials_file;
  if (path.empty()) return fail(ErrorKind::absent, options.agent + ": no credentials file is named");
  const std::string text = NW_TRY(read_secret(path));
  Credentials found;
  for (const auto line : split(text, '\n')) {
    const auto equals = line.find('=');
    if (trim(line).empty() || trim(line).starts_with('#')) continue;
    if (equals == line.npos) return fail(ErrorKind::malformed, path + ": has to be lines of key = value");
    found.insert_or_assign(std::string(trim(line.substr(0, equals))), std::string(trim(line.substr(equals + 1))));
  }
  const auto needs = [&](std::initializer_list<const char*> keys) -> Result<void> {
    for (const char* key : keys)
      if (found[key].empty())
        return fail(ErrorKind::malformed,
                    fmt::format("{}: has no {}, which SNMP {} needs", path, key, options.version));
    return {};
  };
  if (options.version == "2c")
    NW_CHECK(needs({"community"}));
  else
    NW_CHECK(needs({"user", "auth_pass", "priv_pass"}));
  return found;
}

// "udp:host:port"; other transports of the library (a socket file, an alias of its configuration) are refused. Its TCP
// connect has no deadline.
Result<void> check_agent(const SnmpOptions& options) {
  const auto fields = split(options.agent, ':');
  if (fields[0] == "tcp" || fields[0] == "tcp6")
    return fail(ErrorKind::malformed,
                quote(options.agent, 80) + ": TCP is not spoken here, as connecting may hang (udp)");
  const bool known = fields[0] == "udp" || fields[0] == "udp6";
  if (!known || fields.size() < 2 || fields[1].empty())
    return fail(ErrorKind::malformed, quote(options.agent, 80) + " is no agent (udp:host:161)");
  if (options.version != "2c" && options.version != "3")
    return fail(ErrorKind::malformed, quote(options.version) + " is no version of SNMP that is spoken here (2c, 3)");
  return {};
}

SnmpValue value_of(const netsnmp_variable_list& variable) {
  SnmpValue value;
  switch (variable.type) {
    case ASN_INTEGER:
      if (variable.val.integer != nullptr) value.number = *variable.val.integer;
      break;
    case ASN_GAUGE:
    case ASN_COUNTER:
    case ASN_TIMETICKS:  // a long that must not be interpreted as signed 32 bits
      if (variable.val.integer != nullptr) value.number = *variable.val.integer & 0xffffffff;
      break;
    case ASN_COUNTER64:
      if (variable.val.counter64 != nullptr && variable.val.counter64->high < 0x80000000)
        value.number = static_cast<std::int64_t>(std::uint64_t{variable.val.counter64->high} << 32 |
                                                 (variable.val.counter64->low & 0xffffffff));
      break;
    case ASN_OCTET_STR:
      if (variable.val.string != nullptr)
        value.text = std::string(reinterpret_cast<const char*>(variable.val.string), variable.val_len);
      break;
    default: break;  // noSuchObject, noSuchInstance, endOfMibView, Opaque and unexpected types
  }
  return value;
}

class NetSnmp : public Snmp {
 public:
  NetSnmp(const Api& api, SnmpOptions options, Credentials credentials)
      : api_(api), options_(std::move(options)), credentials_(std::move(credentials)) {}
  ~NetSnmp() override {
    const std::unique_lock lock(one_at_a_time(), kWaitToClose);
    if (lock) drop();  // else another request hangs, and the session is abandoned
  }
  NetSnmp(const NetSnmp&) = delete;
  NetSnmp& operator=(const NetSnmp&) = delete;

  Result<std::vector<SnmpValue>> get(const std::vector<std::string>& oids) override {
    constexpr std::size_t kInOne = 32;  // OIDs per request, which must fit a datagram
    const std::lock_guard lock(one_at_a_time());
    std::vector<SnmpValue> values;
    for (std::size_t from = 0; from < oids.size(); from += kInOne) {
      const auto to = oids.begin() + static_cast<std::ptrdiff_t>(std::min(from + kInOne, oids.size()));
      auto some = get_some({oids.begin() + static_cast<std::ptrdiff_t>(from), to});
      if (!some) {
        drop();
        return some;
      }
      values.insert(values.end(), some->begin(), some->end());
    }
    return values;
  }

 private:
  void drop() {
    if (session_ != nullptr) api_.close(session_);
    session_ = nullptr;
  }

  Result<std::vector<SnmpValue>> get_some(const std::vector<std::string>& oids) {
    std::vector<std::vector<oid>> asked;
    for (const auto& text : oids) {
      const auto numbers = parse_oid(text);
      if (!numbers) return fail(ErrorKind::malformed, quote(text, 80) + " is no numeric OID");
      asked.emplace_back(numbers->begin(), numbers->end());
    }
    if (session_ == nullptr) NW_CHECK(open());
    netsnmp_pdu *pdu = api_.make_pdu(SNMP_MSG_GET), *answer = nullptr;
    for (const auto& numbers : asked) api_.add_variable(pdu, numbers.data(), numbers.size());
    const int status = api_.request(session_, pdu, &answer);
    auto values = status == STAT_SUCCESS && answer != nullptr ? interpret(*answer, asked) : last_error();
    if (answer != nullptr) api_.free_pdu(answer);
    return values;
  }

  Result<std::vector<SnmpValue>> interpret(const netsnmp_pdu& answer,
                                           const std::vector<std::vector<oid>>& asked) const {
    if (answer.command == SNMP_MSG_REPORT)
      return fail(ErrorKind::denied, options_.agent + ": refuses this user or pass phrase");
    if (answer.errstat != SNMP_ERR_NOERROR)
      return fail(answer.errstat == SNMP_ERR_NOACCESS || answer.errstat == SNMP_ERR_AUTHORIZATIONERROR
                      ? ErrorKind::denied
                      : ErrorKind::malformed,
                  fmt::format("{}: SNMP error status {}", options_.agent, answer.errstat));
    std::vector<SnmpValue> values;
    for (const netsnmp_variable_list* v = answer.variables; v != nullptr; v = v->next_variable) {
      const bool mine = values.size() < asked.size() && v->name_length == asked[values.size()].size() &&
                        std::equal(v->name, v->name + v->name_length, asked[values.size()].begin());
      if (!mine) return fail(ErrorKind::malformed, options_.agent + ": answered another question than was asked");
      values.push_back(value_of(*v));
    }
    if (values.size() != asked.size())
      return fail(ErrorKind::malformed, options_.agent + ": answered fewer questions than were asked");
    return values;
  }

  Result<std::vector<SnmpValue>> last_error() const {
    int code = 0, system = 0;
    char* text = nullptr;
    api_.error(session_, &system, &code, &text);
    std::free(text);
    return error_of(code);
  }

  tl::unexpected<Error> error_of(int code) const {
    const bool v3 = options_.version == "3";
    switch (code) {
      case SNMPERR_TIMEOUT:
        return fail(ErrorKind::busy,
                    fmt::format("{}: no answer within {} ms{}", options_.agent, options_.deadline.count() / kMicro,
                                v3 ? "" : " (not there, or it knows another community)"));
      case SNMPERR_AUTHENTICATION_FAILURE:
      case SNMPERR_USM_AUTHENTICATIONFAILURE:
      case SNMPERR_USM_DECRYPTIONERROR:
      case SNMPERR_DECRYPTION_ERR:
      case SNMPERR_USM_UNKNOWNSECURITYNAME:
      case SNMPERR_UNKNOWN_USER_NAME:
      case SNMPERR_USM_UNSUPPORTEDSECURITYLEVEL:
      case SNMPERR_UNSUPPORTED_SEC_LEVEL:
        return fail(ErrorKind::denied, options_.agent + ": refuses this user or pass phrase");
      default: return fail(ErrorKind::failed, options_.agent + ": " + api_.text(code));
    }
  }

  Result<void> open() {
    netsnmp_session session{};
    api_.session_init(&session);
    std::string agent = options_.agent, community = credentials_["community"], user = credentials_["user"];
    session.peername = agent.data();
    session.retries = 1;
    const bool v3 = options_.version == "3";
    session.timeout = std::max<long>(options_.deadline.count() / 1000 / (v3 ? 4 : 2), 1000);  // microseconds
    session.version = v3 ? SNMP_VERSION_3 : SNMP_VERSION_2c;
    if (v3) {
      session.securityName = user.data();
      session.securityNameLen = user.size();
      NW_CHECK(set_keys(session));
    } else {
      session.community = reinterpret_cast<unsigned char*>(community.data());
      session.community_len = community.size();
    }
    session_ = api_.open(&session);
    if (session_ == nullptr) return fail(ErrorKind::failed, options_.agent + ": " + api_.text(session.s_snmp_errno));
    return close_at_exec();
  }

  // The measured command must not inherit a socket that carries a community.
  Result<void> close_at_exec() {
    const netsnmp_transport* transport = api_.transport(session_);
    if (transport != nullptr && ::fcntl(transport->sock, F_SETFD, FD_CLOEXEC) == 0) return {};
    drop();
    return fail(ErrorKind::failed, options_.agent + ": its socket cannot be kept from other programs");
  }

  Result<void> set_keys(netsnmp_session& session) {
    session.securityModel = SNMP_SEC_MODEL_USM;
    session.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
    const std::string &auth = credentials_["auth"], &priv = credentials_["priv"];
    if (auth.empty() || auth == "SHA") {
      session.securityAuthProto = api_.sha1;
      session.securityAuthProtoLen = USM_AUTH_PROTO_SHA_LEN;
    } else if (auth == "SHA-256" && api_.sha256 != nullptr) {
      session.securityAuthProto = api_.sha256;
      session.securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
    } else {
      return fail(ErrorKind::malformed, options_.credentials_file + ": auth is SHA or SHA-256");
    }
    if (!priv.empty() && priv != "AES") return fail(ErrorKind::malformed, options_.credentials_file + ": priv is AES");
    session.securityPrivProto = api_.aes;
    session.securityPrivProtoLen = USM_PRIV_PROTO_AES_LEN;
    session.securityAuthKeyLen = session.securityPrivKeyLen = USM_AUTH_KU_LEN;
    NW_CHECK(make_key(session, credentials_["auth_pass"], session.securityAuthKey, session.securityAuthKeyLen));
    return make_key(session, credentials_["priv_pass"], session.securityPrivKey, session.securityPrivKeyLen);
  }

  Result<void> make_key(const netsnmp_session& session, const std::string& phrase, unsigned char* key,
                        std::size_t& size) {
    const int code = api_.make_key(session.securityAuthProto, static_cast<unsigned>(session.securityAuthProtoLen),
                                   reinterpret_cast<const unsigned char*>(phrase.data()), phrase.size(), key, &size);
    if (code == SNMPERR_SUCCESS) return {};
    return fail(ErrorKind::malformed, options_.credentials_file + ": a pass phrase has 8 characters at least");
  }

  const Api& api_;
  const SnmpOptions options_;
  Credentials credentials_;
  void* session_ = nullptr;
};
}  // namespace

Result<std::shared_ptr<Snmp>> open_real_snmp(const SnmpOptions& options) {
  NW_CHECK(check_agent(options));
  auto credentials = NW_TRY(read_credentials(options));
  const auto& api = library();
  if (!api) return tl::make_unexpected(api.error());
  return std::make_shared<NetSnmp>(*api, options, std::move(credentials));
}

}  // namespace nw
