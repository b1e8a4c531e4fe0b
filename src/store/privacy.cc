#include "store/privacy.h"

#include <fmt/format.h>

#include "store/uid.h"

namespace nw {

namespace {
constexpr std::size_t kLetters = 8;  // of a pseudonym: 40 bits
}

// Without random bits every host gets a name of its own at each call: less is known, and nothing more is said.
std::string Privacy::pseudonym(const std::string& host) {
  if (host.empty()) return "";
  auto& name = pseudonyms_[host];
  if (name.empty())
    if (const auto uid = make_uid()) name = "node-" + short_id(*uid, kLetters);
  return name;
}

void Privacy::apply(pb::Record& record) {
  record.set_program(record.program().substr(record.program().rfind('/') + 1));
  record.clear_command();
  record.clear_job_key();
  // A merged record names its members' hosts, one after the other, before its parts' labels too.
  if (record.members().empty()) {
    if (record.has_node()) record.mutable_node()->set_host(pseudonym(record.node().host()));
    return;
  }
  std::string hosts;
  for (pb::Member& member : *record.mutable_members()) {
    const std::string host = member.host(), name = pseudonym(host);
    for (pb::Component& part : *record.mutable_components())
      if (!host.empty() && part.label().starts_with(host + " "))
        part.set_label(name + part.label().substr(host.size()));
    member.set_host(name);
    if (member.has_node()) member.mutable_node()->set_host(name);
    hosts += (hosts.empty() ? "" : ",") + name;
  }
  record.mutable_node()->set_host(hosts);
}

}  // namespace nw
