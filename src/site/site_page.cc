// The page of the site file's keys, docs/site-file.md, generated from the table of keys. A test fails when the page
// differs.
#include <fmt/format.h>

#include "base/parse.h"
#include "site/site_value.h"

namespace nw {

namespace {
constexpr const char* kIntroduction =
    R"(# The site file: /etc/nodewatt/nodewatt.toml

What an administrator knows about a machine and no sensor reports. Everything in it is optional, and so is the file.
This page is generated from the table in `src/site/site_keys.cc` (`NODEWATT_UPDATE_GOLDEN=1 build/bin/test_site` writes it).

- **Where it is.** `--config FILE`, else `$NODEWATT_CONFIG`, else `/etc/nodewatt/nodewatt.toml` (below `--root`) if it is there. `replay` takes
  the first two alone, since a tape may be of another machine.
- **When it is wrong.** Every fault is named with its line by `nodewatt config check`. Queries and `sensors` refuse to run; `nodewatt run` says so
  once and measures without the file, because measuring never fails a job.
- **Sources.** Tolerances, calibrations, the curve of a power supply, PUE, price and carbon factor need `source` and `date` beside them.
  They are kept in each record, so that the report of an old run stays as it was.
- **No secrets.** User names, passwords and communities stand in a file of their own, which its owner alone may read, named by
  `credentials_file`.
- **Rules for sensors.** The name of `[sensors."PATTERN"]` is a driver (`nvml`), a sensor's id (`rapl_powercap/package-0`), or either with `*`
  for any letters (`nvml/*/power`). Where several match, all apply; of one key the later in the file wins. `nodewatt sensors --json` has the
  ids. The corrected value of a reading r is r / `factor` - `bias_w`; `nodewatt calibrate against` prints such a rule.
  A baseline of `nodewatt calibrate idle` is corrected by the rules of its day: measure it again after a new one.
- **Utilization.** What a device reports of its utilization has an id too (`nvml/*/activity`, `host/cpus`); of the rules only `use = false` applies
  to it.
- **Node types.** `[node] type = "h100x4"` names nodes of one type, by the name that is used at your site; records carry it, and runs are
  compared by it.
- **Costs.** PUE is never multiplied into an energy. Carbon and cost stand on lines of their own, with the factors that made them.

    [sensors."rapl_powercap/package-0"]
    factor = 0.945
    bias_w = -1.3
    tolerance = 0.004
    tolerance_shape = "sigma"
    source = "LMG671 no. 1234, calibrate against"
    date = 2026-03-31

    [facility.carbon_g_per_kwh]
    value = 380
    source = "national mix"
    date = "2025-12"

## Keys

`NAME` stands for a name of your choice.
)";

std::string shown(const std::string& path) {
  std::string text;
  for (const auto segment : split(path, '.'))
    text += (text.empty() ? "" : ".") + std::string(segment == "*" ? "NAME" : segment);
  return text;
}

std::string row(const SiteKey& key) {
  std::string notes = key.sentence;
  if (key.required) notes += " Required.";
  std::string needs;
  for (const auto& need : key.needs) needs += fmt::format("{}`{}`", needs.empty() ? "" : ", ", need);
  if (!needs.empty()) notes += " With " + needs + ".";
  return fmt::format("| `{}` | {}{} | {} | {} |\n", shown(key.path), type_words(key),
                     key.unit.empty() ? "" : ", " + key.unit, key.fallback.empty() ? "" : "`" + key.fallback + "`",
                     notes);
}
}  // namespace

std::string make_site_page() {
  std::string page = kIntroduction, table;
  for (const SiteKey& key : site_keys()) {
    const std::string top = key.path.substr(0, key.path.find('.'));
    if (top != table) page += fmt::format("\n### {}\n\n| key | value | default | meaning |\n|---|---|---|---|\n", top);
    table = top;
    page += row(key);
  }
  return page;
}

}  // namespace nw
