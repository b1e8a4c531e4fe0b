// Any bytes as the environment of a run, one variable a line, over nodes of several kinds: what is allocated is said of
// each device or of none, and a record keeps it.
#include <cstdlib>
#include <map>

#include "accounting/allocation.h"
#include "accounting/utilization_summary.h"
#include "base/parse.h"
#include "record/record.pb.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

nw::UtilizationInfo gpu(const char* driver, const std::string& uuid, std::vector<unsigned> indices) {
  nw::UtilizationInfo info;
  info.part = {nw::Domain::gpu, "GPU-" + uuid};
  info.id = std::string(driver) + "/" + info.part.device;
  info.model = indices.size() == 2 ? "MI250X" : "A100";
  info.indices = std::move(indices);
  return info;
}

void check(const std::vector<nw::UtilizationInfo>& infos, const std::map<std::string, std::string>& variables) {
  const auto environment = [&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  require(nw::compute_allocation(infos, environment).size() == infos.size());
  nw::pb::Record record;
  nw::write_devices(infos, record);
  nw::write_allocation(infos, environment, record);
  for (const auto& device : record.devices()) require(!device.has_allocated() || !variables.empty());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::map<std::string, std::string> variables;
  for (const auto line : nw::split({reinterpret_cast<const char*>(bytes), size}, '\n'))
    if (const auto equals = line.find('='); equals != line.npos)
      variables[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  check({gpu("nvml", "a0", {0}), gpu("nvml", "a1", {1}), gpu("nvml", "b2", {2})}, variables);
  check({gpu("rocm", "0xa0", {0, 1}), gpu("rocm", "0xa1", {2, 3})}, variables);
  check({gpu("nvml", "a0", {}), gpu("nvml", "a1", {1}), gpu("rocm", "c", {0})}, variables);
  check({}, variables);
  return 0;
}
