#include "report/json_energy.h"

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "report/words.h"

namespace nw::json {

namespace {
// Standard uncertainty in joules; unknown where the energy has no uncertainty at all.
Json sigma(const pb::Energy& energy, double microjoules) {
  return uncertainty_j(energy) ? number(microjoules / 1e6) : Json(nullptr);
}

Json make_component(const pb::Component& one, std::int64_t duration_ns) {
  return {{"domain", text(one.domain())},
          {"device", text(one.device())},
          {"label", text(current_words(one.label()))},
          {"energy_j", number(energy_j(one.energy()))},
          {"uncertainty_j", number(uncertainty_j(one.energy()))},
          {"coverage", number(coverage(one.energy()))},
          {"kind", text(kind_name(known_kind(one.energy())))},
          {"boundary", text(boundary_name(known_boundary(one.energy())))},
          {"source", text(current_words(one.source()))},
          {"sensor", text(one.sensor())},
          {"depth", one.depth()},
          {"counted", one.counted()},
          {"mean_power_w", number(mean_power_w(one.energy(), duration_ns))},
          {"max_power_w", number(max_power_w(one, mean_power_w(one.energy(), duration_ns)))}};
}
}  // namespace

Json make_energy(const pb::Energy& energy) {
  return {{"energy_j", number(energy_j(energy))},
          {"uncertainty_j", number(uncertainty_j(energy))},
          {"random_j", sigma(energy, energy.random_uj())},
          {"systematic_j", sigma(energy, energy.systematic_uj())},
          {"filled_j", energy_j(energy) ? number(static_cast<double>(energy.filled_uj()) / 1e6) : Json(nullptr)},
          {"coverage", number(coverage(energy))},
          {"kind", text(kind_name(known_kind(energy)))},
          {"boundary", text(boundary_name(known_boundary(energy)))},
          {"contributors", list(energy.contributors(), [](const pb::Contributor& one) {
             return Json{{"name", text(current_words(one.name()))},
                         {"u_j", number(one.u_uj() / 1e6)},
                         {"systematic", one.systematic()}};
           })}};
}

Json make_components(const google::protobuf::RepeatedPtrField<pb::Component>& components, std::int64_t duration_ns) {
  return list(components, [duration_ns](const pb::Component& one) { return make_component(one, duration_ns); });
}

Json make_work(const google::protobuf::RepeatedPtrField<pb::Work>& work, const pb::Energy& energy) {
  return list(work, [&energy](const pb::Work& one) {
    const Amount each = per_unit(energy, one);
    return Json{{"unit", text(one.unit())},
                {"count", number(one.count())},
                {"energy_per_unit_j", number(each.value)},
                {"uncertainty_per_unit_j", number(each.uncertainty)}};
  });
}

Json make_phase(const pb::Phase& phase) {
  const pb::Energy& energy = phase.resolved() ? phase.energy() : pb::Energy::default_instance();
  const auto or_null = [&phase](bool has, const pb::Energy& one) {
    return has && phase.resolved() ? make_energy(one) : Json(nullptr);
  };
  Json spans = list(phase.spans(), [](const pb::Span& span) {
    return Json{{"begin_s", static_cast<double>(span.begin_ns()) / 1e9},
                {"end_s", static_cast<double>(span.end_ns()) / 1e9}};
  });
  return {{"path", text(phase.path())},
          {"count", phase.count()},
          {"duration_s", number(duration_s(phase.duration_ns()))},
          {"resolved", phase.resolved()},
          {"energy", or_null(phase.has_energy(), phase.energy())},
          {"node_estimate", or_null(phase.has_node_estimate(), phase.node_estimate())},
          {"components", make_components(phase.components(), phase.duration_ns())},
          {"work", make_work(phase.work(), energy)},
          {"spans", std::move(spans)}};
}

}  // namespace nw::json
