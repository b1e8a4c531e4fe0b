// Phases as a record keeps them: of a run, and of a job.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "accounting/phases.h"
#include "energy/containment.h"
#include "record/record_fwd.h"

namespace nw {

struct PhaseRow {
  std::string path;
  PhaseSum sum;
};

// Whether an energy is known well enough to be stated of a phase.
bool is_resolved(const Energy& energy);

// In the order of their first begin.
std::vector<PhaseRow> rows_of(const Phases& phases);
// Those of a job's steps as one list: rows of one path add up. Steps share the job's energy, so no joule counts twice;
// the duration of a path is the sum over the steps.
void add_rows(std::vector<PhaseRow>& rows, const std::vector<PhaseRow>& others);

// `begin`: from when spans count. `whole`: the energy of what the phases lie in. If parent and child rest on different
// sensors the child may come out larger than the parent: then it is not resolved. Returns how many are not.
using ComposePhase = std::function<NodeEnergy(const PhaseSum&)>;
std::size_t write_phases(const std::vector<PhaseRow>& rows, Nanos begin, std::optional<Joules> whole,
                         const ComposePhase& compose, google::protobuf::RepeatedPtrField<pb::Phase>& out);
void write_work(const std::map<std::string, double>& work, google::protobuf::RepeatedPtrField<pb::Work>& out);
// The figures and settings that a program reported.
void write_statements(const Phases& phases, pb::Record& record);

}  // namespace nw
