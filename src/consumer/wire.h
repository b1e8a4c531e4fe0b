// The protocol of the daemon's socket (SOCK_SEQPACKET; one message is one request or one part of an answer).
//
// Requests, answers and versions are described in docs/protocol.md. A request is text, so that a shell and a plug-in in
// plain C can send it; the client's identity comes from the kernel (SO_PEERCRED), never from the message. This file has
// the words of both sides; what a verb means is decided in apps/noded.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/units.h"
#include "client/daemon_link.h"

namespace nw {

inline constexpr std::size_t kMaxRequest = 4096;
inline constexpr std::size_t kPiece = 64 << 10;
inline constexpr std::size_t kMostRecords = 1000;
inline constexpr std::size_t kMostBytes = 2 << 20;  // of records in one answer; the others are asked for by `until`
// The socket beside it, for root alone: prologs, epilogs and the SPANK plug-in are served there whatever users do.
inline std::string root_socket(const std::string& socket) { return socket + ".root"; }

// What a prolog may state about a job; all but job and uid optional.
inline constexpr std::string_view kJobKeys[] = {
    "job",        "uid",     "user",       "account", "partition", "name", "cluster", "sluid", "array_job",
    "array_task", "het_job", "het_offset", "restart", "nodes",     "gpus", "submit",  "cpus"};

struct Request {
  std::string verb;
  std::map<std::string, std::string> values;

  std::string_view get(const std::string& key) const;  // "" when absent
  bool operator==(const Request&) const = default;
};

std::string make_request(const Request& request);
Result<Request> parse_request(std::string_view bytes);

struct Answer {
  char kind = 'E';
  std::string body;
};
std::string make_answer(const Answer& answer);
std::vector<std::string> make_messages(const Answer& answer);  // the same, split into messages
Answer make_refusal(const Error& error);
std::optional<Answer> parse_answer(std::string_view bytes);
Error parse_refusal(std::string_view body);

// The pieces of ask_daemon, for a client that stays connected: a connection; a request over it; a whole answer alone.
Result<Fd> connect_to_daemon(const std::string& socket, Nanos patience);
Result<std::vector<Answer>> ask_over(int connection, const std::string& socket, const Request& request, Nanos patience);
Result<std::vector<Answer>> receive_answers(int connection, const std::string& socket, Nanos patience);

// Sends one request and returns its whole answer: the records and states before D, or the error that E carried. At most
// `patience` ns without a message. Absent when no daemon listens there.
Result<std::vector<Answer>> ask_daemon(const std::string& socket, const Request& request, long long patience_ns);

}  // namespace nw
