// ColumnUnits: one unit for all energies of a column, one for all its powers, and for energies per unit of work one
// prefix wherever that unit of work occurs. A table is traversed twice: once to collect what it will print, once to
// print it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/number.h"
#include "study/values.h"

namespace nw {

class ColumnUnits {
 public:
  void add(Amount joules, Amount watts = {}) {
    energies_.push_back(joules);
    powers_.push_back(watts);
  }
  void add_item(const std::string& item, Amount joules) { items_[item].push_back(joules); }

  NumberStyle energy(const NumberStyle& style) const { return in_one_unit(energies_, style); }
  PowerUnit power() const { return power_unit(powers_); }
  ItemUnit item(const std::string& name, const NumberStyle& style) const {
    const auto at = items_.find(name);
    return at == items_.end() ? ItemUnit{} : item_unit(at->second, style.utf8);
  }

 private:
  std::vector<Amount> energies_, powers_;
  std::map<std::string, std::vector<Amount>> items_;
};

// For a table with one line a record.
template <class Records>
ColumnUnits units_of(const Records& records) {
  ColumnUnits units;
  for (const auto* record : records)
    units.add(energy_amount(record->energy()), power_amount(record->energy(), record->duration_ns()));
  return units;
}

}  // namespace nw
