#include "study/merge_parts.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/units.h"
#include "record/record.pb.h"
#include "study/values.h"

namespace nw {

namespace {
// Values by key: a common value keeps its key, others get their host's name after it.
template <class Value>
class Agreed {
 public:
  void add(const std::string& key, const Value& value, const std::string& host) {
    if (!all_.contains(key)) order_.push_back(key);
    all_[key].emplace_back(value, host);
  }
  template <class Write>
  void write(Write write) const {
    for (const std::string& key : order_) {
      const auto& values = all_.at(key);
      const bool same =
          std::all_of(values.begin(), values.end(), [&](const auto& one) { return one.first == values.front().first; });
      if (same)
        write(key, values.front().first);
      else
        for (const auto& [value, host] : values) write(host.empty() ? key : key + "@" + host, value);
    }
  }

 private:
  std::map<std::string, std::vector<std::pair<Value, std::string>>> all_;
  std::vector<std::string> order_;
};

void add_pair(google::protobuf::RepeatedPtrField<pb::Label>& to, const std::string& key, const std::string& value) {
  auto* pair = to.Add();
  pair->set_key(key);
  pair->set_value(value);
}

// Of each machine one: attempts have them in common.
std::vector<const pb::Node*> find_nodes(const Inputs& inputs, MergeOf of, const pb::Record& out) {
  std::vector<const pb::Node*> nodes;
  std::set<std::string> seen;
  if (of == MergeOf::nodes)
    for (const pb::Record* input : inputs) nodes.push_back(&input->node());
  else
    for (const pb::Member& member : out.members())
      if (member.host().empty() || seen.insert(member.host()).second) nodes.push_back(&member.node());
  return nodes;
}
}  // namespace

std::int64_t weight_of(const pb::Record& record) {
  if (record.members().empty()) return std::max<std::int64_t>(record.duration_ns(), 0);
  Int128 sum = 0;
  for (const pb::Member& member : record.members()) sum += std::max<std::int64_t>(member.duration_ns(), 0);
  return saturate(sum);
}

std::string on_host(const pb::Record& record, const std::string& what) {
  const std::string& host = record.node().host();
  if (!record.members().empty() || host.empty()) return what;
  return what.empty() ? host : host + "/" + what;
}

void add_work(const Works& from, Works& to) {
  for (const pb::Work& work : from) {
    const auto same =
        std::find_if(to.begin(), to.end(), [&](const pb::Work& one) { return one.unit() == work.unit(); });
    if (same == to.end())
      *to.Add() = work;
    else
      same->set_count(same->count() + work.count());
  }
}

void add_anomaly(pb::Record& out, const std::string& name, std::uint64_t count) {
  if (count == 0) return;
  auto* anomaly = out.add_anomalies();
  anomaly->set_name(name);
  anomaly->set_count(count);
}

void merge_components(const Inputs& inputs, MergeOf of, pb::Record& out) {
  if (of == MergeOf::attempts) return add_up_components(inputs, out);
  for (const pb::Record* input : inputs)
    for (const pb::Component& one : input->components()) {
      pb::Component& component = *out.add_components() = one;
      component.set_device(on_host(*input, one.device()));
      if (!one.label().empty() && input->members().empty() && !input->node().host().empty())
        component.set_label(input->node().host() + " " + one.label());
      if (!one.sensor().empty()) component.set_sensor(on_host(*input, one.sensor()));
    }
}

void merge_members(const Inputs& inputs, pb::Record& out) {
  for (const pb::Record* input : inputs) {
    if (!input->members().empty()) {
      out.mutable_members()->MergeFrom(input->members());
      continue;
    }
    pb::Member& member = *out.add_members();
    member.set_uid(input->uid());
    member.set_host(input->node().host());
    *member.mutable_energy() = input->energy();
    member.mutable_energy()->clear_terms();  // the sum has them
    member.set_start_unix_ns(input->start_unix_ns());
    member.set_duration_ns(input->duration_ns());
    *member.mutable_node() = input->node();
    if (input->has_ranks()) member.set_ranks(input->ranks());
  }
  std::sort(out.mutable_members()->begin(), out.mutable_members()->end(), [](const pb::Member& a, const pb::Member& b) {
    return std::tie(a.host(), a.uid()) < std::tie(b.host(), b.uid());
  });
}

void merge_nodes(const Inputs& inputs, MergeOf of, pb::Record& out) {
  pb::Node& node = *out.mutable_node();
  std::set<std::string> cpus, kernels, types, hosts;
  bool cpus_known = true, sockets_known = true, memory_known = true;
  for (const pb::Record* input : inputs) types.insert(input->node_type());
  for (const pb::Node* each : find_nodes(inputs, of, out)) {
    const pb::Node& one = *each;
    node.set_logical_cpus(node.logical_cpus() + one.logical_cpus());
    node.set_sockets(node.sockets() + one.sockets());
    node.set_memory_bytes(node.memory_bytes() + one.memory_bytes());
    if (!one.played().empty()) node.set_played(one.played());
    cpus_known &= one.logical_cpus() > 0;
    sockets_known &= one.sockets() > 0;
    memory_known &= one.memory_bytes() > 0;
    node.mutable_gpus()->MergeFrom(one.gpus());
    node.set_virtual_machine(node.virtual_machine() || one.virtual_machine());
    cpus.insert(one.cpu_model());
    kernels.insert(one.kernel());
  }
  if (!cpus_known) node.clear_logical_cpus();  // a partial sum would be taken for all
  if (!sockets_known) node.clear_sockets();
  if (!memory_known) node.clear_memory_bytes();
  if (cpus.size() == 1) node.set_cpu_model(*cpus.begin());
  if (kernels.size() == 1) node.set_kernel(*kernels.begin());
  if (types.size() == 1) out.set_node_type(*types.begin());
  for (const pb::Member& member : out.members()) hosts.insert(member.host());
  hosts.erase("");
  for (const std::string& host : hosts) node.set_host(node.host() + (node.host().empty() ? "" : ",") + host);
}

void merge_lists(const Inputs& inputs, pb::Record& out) {
  Agreed<double> figures;
  Agreed<std::string> labels, settings;
  std::map<std::pair<std::string, std::string>, std::uint64_t> anomalies;
  std::set<std::pair<std::string, std::string>> software;
  for (const pb::Record* input : inputs) {
    const std::string host = input->members().empty() ? input->node().host() : "";
    add_work(input->work(), *out.mutable_work());
    for (const auto& one : input->figures()) figures.add(one.name(), one.value(), host);
    for (const auto& one : input->labels()) labels.add(one.key(), one.value(), host);
    for (const auto& one : input->settings()) settings.add(one.key(), one.value(), host);
    for (const auto& one : input->software()) software.emplace(one.key(), one.value());
    for (const auto& one : input->anomalies())
      anomalies[{one.name(), one.sensor().empty() ? "" : on_host(*input, one.sensor())}] += one.count();
    for (const auto& one : input->sensors()) (*out.add_sensors() = one).set_id(on_host(*input, one.id()));
    for (const auto& one : input->devices()) {
      pb::Device& device = *out.add_devices() = one;
      device.set_device(on_host(*input, one.device()));
      if (!one.label().empty() && !host.empty()) device.set_label(host + " " + one.label());
    }
  }
  figures.write([&](const std::string& name, double value) {
    auto* figure = out.add_figures();
    figure->set_name(name);
    figure->set_value(value);
  });
  labels.write([&](const std::string& key, const std::string& value) { add_pair(*out.mutable_labels(), key, value); });
  settings.write(
      [&](const std::string& key, const std::string& value) { add_pair(*out.mutable_settings(), key, value); });
  for (const auto& [key, value] : software) add_pair(*out.mutable_software(), key, value);
  for (const auto& [what, count] : anomalies) {
    add_anomaly(out, what.first, count);
    if (count > 0) out.mutable_anomalies()->rbegin()->set_sensor(what.second);
  }
}

}  // namespace nw
