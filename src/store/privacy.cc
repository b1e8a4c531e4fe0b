#include "store/privacy.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "record/record.pb.h"
#include "store/uid.h"

namespace nw {

namespace {
constexpr std::size_t kLetters = 8;  // of a pseudonym: 40 bits
}

// Without random bits every call gives a host a new name: less is linked, and nothing more is revealed.
std::string Privacy::pseudonym(const std::string& host) {
  if (host.empty()) return "";
  auto& name = pseudonyms_[host];
  if (name.empty())
    if (const auto uid = make_uid()) name = "node-" + short_id(*uid, kLetters);
  return name;
}

namespace {

// "HOST", "HOST/...", "HOST ..." and "...@HOST", as a merged record names the node of a part, a sensor or a value.
void rename(std::string& text, const std::string& host, const std::string& name) {
  const auto at = text.size() - std::min(text.size(), host.size());
  if (text == host)
    text = name;
  else if (text.starts_with(host + "/") || text.starts_with(host + " "))
    text.replace(0, host.size(), name);
  else if (text.ends_with("@" + host))
    text.replace(at, host.size(), name);
}

// The site's names of its BMCs and PDUs: "redfish/NAME/power", "Redfish PowerControl of NAME", "2 outlets of NAME".
void forget_site(std::string& text) {
  constexpr std::string_view kRedfish = "redfish/", kOf = " of ";
  if (const auto at = text.find(kRedfish); at != text.npos) {
    const auto name = at + kRedfish.size(), end = text.find('/', name);
    if (end != text.npos) text.replace(name, end - name, "bmc");
  }
  if (text.starts_with("Redfish ") || text.find(" outlet") != text.npos)
    if (const auto of = text.rfind(kOf); of != text.npos) text.resize(of);
}

// Calls `visit` for every text of a record in which a host or a name of the site may occur.
template <class Do>
void visit_texts(pb::Record& record, Do visit) {
  const auto visit_parts = [&](auto& parts) {
    for (pb::Component& part : parts)
      for (std::string* text :
           {part.mutable_device(), part.mutable_label(), part.mutable_sensor(), part.mutable_source()})
        visit(*text);
  };
  visit_parts(*record.mutable_components());
  for (pb::Phase& phase : *record.mutable_phases()) visit_parts(*phase.mutable_components());
  for (pb::SensorUse& sensor : *record.mutable_sensors()) visit(*sensor.mutable_id()), visit(*sensor.mutable_source());
  for (pb::Device& device : *record.mutable_devices()) visit(*device.mutable_device());
  for (pb::AnomalyCount& anomaly : *record.mutable_anomalies()) visit(*anomaly.mutable_sensor());
  for (pb::Idle& idle : *record.mutable_idle()) visit(*idle.mutable_sensor()), visit(*idle.mutable_device());
  for (auto* pairs : {record.mutable_labels(), record.mutable_settings()})
    for (pb::Label& pair : *pairs) visit(*pair.mutable_key());
  for (pb::Figure& figure : *record.mutable_figures()) visit(*figure.mutable_name());
  if (record.has_timeline())
    for (pb::Series& series : *record.mutable_timeline()->mutable_series()) visit(*series.mutable_device());
}

}  // namespace

void Privacy::apply(pb::Record& record) {
  record.set_program(record.program().substr(record.program().rfind('/') + 1));
  record.clear_command();
  record.clear_job_key();
  record.clear_restart_key();
  visit_texts(record, forget_site);
  std::string hosts;
  for (pb::Member& member : *record.mutable_members()) {
    const std::string host = member.host(), name = pseudonym(host);
    if (!host.empty()) visit_texts(record, [&](std::string& text) { rename(text, host, name); });
    member.set_host(name);
    if (member.has_node()) member.mutable_node()->set_host(name);
    hosts += (hosts.empty() ? "" : ",") + name;
  }
  if (!record.has_node()) return;
  record.mutable_node()->set_host(record.members().empty() ? pseudonym(record.node().host()) : hosts);
}

}  // namespace nw
