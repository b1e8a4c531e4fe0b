// lenovo_xcc: energy or power of a node of Lenovo's SD650 trays, by an OEM command of the XClarity controller.
//
// NetFn 0x3a, command 0x32, documented by Lenovo for the authors of EAR and quoted in its source; the same command as
// in Slurm's acct_gather_energy/xcc. In-band only. 04 02 returns either a counter (J and mJ since the FPGA started,
// with s and ms of the controller's clock; on SD650) or a mean (a sum of watts and their number; on SD650 V2). 04 08
// returns power in whole watts of the node, its GPUs and its risers. Joules are counted in 32 bits and end at 2^32,
// after 99 days at 500 W, so the counter wraps in service. The tray has no power supplies of its own: the boundary is
// direct current.
//
// What the node's figure includes differs by model, and no answer states it. Lenovo's text: the node is the x86 part of
// the tray and both risers, GPUs come in addition; on SD650-N V2 the total is node and GPUs, and both are in one
// answer; on SD650 V3 the reading includes no GPU. A model that is not in the table is never read: its figure may cover
// half a machine. Other vendors' controllers are never queried, since network functions from 0x30 on are
// vendor-specific.
//
// Known inaccuracies: the same FIFO index means the same sample; a queue not yet filled gives a time of 0; GPUs of 0 W
// where they belong to the total would halve it.
#include <algorithm>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/driver.h"
#include "sensor/drivers/ipmi_bmc.h"

namespace nw {

namespace {
using namespace ipmi;

enum class Content : unsigned char {
  whole,        // the node has no GPUs, or its figure includes them
  gpu_added,    // GPUs are beside the node in one answer; the sum is the whole
  gpu_missing,  // GPUs are in no answer
};
struct Model {
  std::string_view name;
  Content content;
};
constexpr Model kModels[] = {
    {"SD650", Content::whole},
    {"SD650 V2", Content::whole},
    {"SD650-N V2", Content::gpu_added},
    {"SD650 V3", Content::gpu_missing},
};

// "ThinkSystem SD650 V2 -[7D1MCTO1WW]-" is an SD650 V2; "SD650 V4" and "SD650-I V3" are neither SD650 nor SD650 V3.
const Model* find_model(std::string_view product) {
  constexpr std::string_view kFamily = "ThinkSystem ";
  if (product.starts_with(kFamily)) product.remove_prefix(kFamily.size());
  for (const Model& model : kModels) {
    if (!product.starts_with(model.name)) continue;
    const std::string_view rest = product.substr(model.name.size());
    if (rest.empty() || (rest.front() == ' ' && !rest.starts_with(" V"))) return &model;
  }
  return nullptr;
}

Result<Value> counter_value(View answer) {
  const XccEnergy energy = NW_TRY(decode_xcc_energy(answer));
  return Value{energy.mj, energy.time};
}
Result<Value> mean_value(View answer) {
  const XccMean mean = NW_TRY(decode_xcc_mean(answer));
  return Value{mean.mw, mean.time};
}
Result<Value> node_value(View answer) {
  const XccSplit split = NW_TRY(decode_xcc_split(answer));
  return Value{split.node, split.time};
}
Result<Value> sum_value(View answer) {
  const XccSplit split = NW_TRY(decode_xcc_split(answer));
  if (split.gpu == 0)
    return fail(ErrorKind::malformed, ask_xcc_split().name + ": GPUs of 0 W, so that the total would lack them");
  return Value{std::uint64_t{split.node} + split.gpu, split.time};
}

class Prober {
 public:
  Prober(Host& host, const IpmiSite& site) : host_(host), site_(site), bmc_(host, "lenovo_xcc", site) {}

  ProbeResult probe() {
    if (read("sys_vendor") != "Lenovo" && read("sys_vendor") != "LENOVO") return {};
    const std::string product = read("product_name");
    const Model* model = find_model(product);
    if (const auto open = bmc_.open(); !open) {
      if (model != nullptr && open.error().kind != ErrorKind::absent)
        note(open.error().what, repair_of(open.error(), site_.device));
    } else if (model == nullptr) {
      explain_unknown(product);
    } else if (model->content == Content::gpu_added || !add_energy(*model)) {
      add_power(*model);
    }
    return std::move(probe_);
  }

 private:
  void explain_unknown(const std::string& product) {
    const auto answer = bmc_.ask("energy", ask_xcc_energy());
    if (answer && xcc_form(*answer))
      note("the controller of a " + quote(product) +
           " answers Lenovo's energy command, and whether the figure holds the GPUs of this model is not known; not "
           "used");
  }

  // By 04 02; false when this model has no such answer.
  bool add_energy(const Model& model) {
    const auto answer = bmc_.ask("energy", ask_xcc_energy());
    if (!answer) return note(answer.error().what), false;
    const auto form = xcc_form(*answer);
    if (!form && form.error().kind == ErrorKind::absent) return false;
    if (!form) return note(form.error().what), false;
    SensorInfo info = node_info(model);
    info.unit_num = 1000;  // mJ or mW
    if (*form == XccForm::counter) {
      info.source = "Lenovo XCC energy counter";
      info.kind = SensorKind::counter;
      info.wrap = kXccWrap;
      info.update_interval = bmc_.update_interval(millis(10));
      return add("energy", *answer, ask_xcc_energy(), counter_value, std::move(info));
    }
    info.source = "Lenovo XCC mean power";
    info.averaging_window = seconds(1);
    return add("energy", *answer, ask_xcc_energy(), mean_value, std::move(info));
  }

  // By 04 08.
  void add_power(const Model& model) {
    const auto answer = bmc_.ask("power", ask_xcc_split());
    if (!answer) return note(answer.error().what);
    const bool sum = model.content == Content::gpu_added;
    SensorInfo info = node_info(model);
    info.source = sum ? "Lenovo XCC power, node and GPUs" : "Lenovo XCC node power";
    info.unit_num = kMicro;  // W
    info.averaging_window = seconds(1);
    add("power", *answer, ask_xcc_split(), sum ? sum_value : node_value, std::move(info));
  }

  SensorInfo node_info(const Model& model) {
    SensorInfo info;
    info.id = "lenovo_xcc/node-0";
    info.part = {Domain::node, "0"};
    if (model.content == Content::gpu_missing) info.excludes = {Domain::gpu};
    info.boundary = Boundary::node_dc;
    info.kind = SensorKind::gauge;
    info.update_interval = bmc_.update_interval(seconds(1));
    info.max_power = watts(kMostWatts);
    info.scale_tolerance = {0.03, Tolerance::Shape::limit, "assumed"};
    info.offset = watts(1);
    info.access = "root, or a group by udev rule";
    return info;
  }

  bool add(const std::string& key, const Bytes& answer, const Question& question, Decode decode, SensorInfo info) {
    if (const auto value = decode(answer); !value) return note(value.error().what), true;
    auto source = bmc_.poll(key, question, decode);
    if (!source) return note(source.error().what), true;
    probe_.sensors.push_back({std::move(info), std::move(*source)});
    return true;
  }

  std::string read(const std::string& file) {
    const auto text = host_.read_text("/sys/class/dmi/id/" + file);
    return text ? std::string(trim(*text)) : "";
  }
  void note(std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({site_.device, std::move(what), std::move(repair)});
  }

  Host& host_;
  const IpmiSite& site_;
  Bmc bmc_;
  ProbeResult probe_;
};
}  // namespace

ProbeResult probe_lenovo_xcc(Host& host, const Site& site) { return Prober(host, site.ipmi).probe(); }

}  // namespace nw
