// The page of the site file's keys, docs/site-file.md, out of the table of keys. A test fails when the page is not what
// this makes.
#include <fmt/format.h>

#include "base/parse.h"
#include "site/site_value.h"

namespace nw {

namespace {
constexpr const char* kIntroduction =
    R"(# The site file: /etc/nodewatt/nodewatt.toml

What an administrator knows of a machine and no sensor says. Everything in it is optional, and so is the file.
This page is made from the table in `src/site/site_keys.cc` (`NODEWATT_UPDATE_GOLDEN=1 build/bin/test_site` writes it).

- **Where it is.** `--config FILE`, else `$NODEWATT_CONFIG`, else `/etc/nodewatt/nodewatt.toml` (below `--root`) if it is there. `replay` takes
  the first two alone, since a tape may be of another machine.
- **When it is wrong.** Every fault is named with its line by `nodewatt config check`. Queries and `sensors` refuse; `nodewatt run` says so
  once and measures without it, because measuring never fails a job.
- **Who answers.** Tolerances, calibrations, the curve of a power supply, PUE, price and carbon factor need `source` and `date` beside them.
  They are kept in each record, so that the report of an old run stays as it was.
- **No secrets.** User names, passwords and communities stand in a file of their own, which its owner alone may read, named by
  `credentials_file`.
- **Rules for sensors.** The name of `[sensors."PATTERN"]` is a driver (`nvml`), a sensor's id (`rapl_powercap/package-0`), or either with `*`
  for any letters (`nvml/*/power`). Where several match, all count, and of one key the later in the file. `nodewatt sensors --json` has the
  ids. What is true of a reading r: r / `factor` - `bias_w`; `nodewatt calibrate against` prints such a rule.
- **Activities.** What a device says of what it did has an id too (`nvml/*/activity`, `host/cpus`); of rules `use = false` alone means something
  to it.
- **Node types.** `[node] type = "h100x4"` names nodes that are alike, in one word that people here know; records carry it, and runs are
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

`NAME` stands for a name that the site gives.
)";

std::string shown(const std::string& path) {
  std::string text;
  for (const auto segment : split(path, '.'))
    text += (text.empty() ? "" : ".") + std::string(segment == "*" ? "NAME" : segment);
  return text;
}

std::string row(const SiteKey& key) {
  std::string notes = key.sentence;
  if (key.required) notes += " Must be there.";
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
    if (top != table)
      page +=
          fmt::format("\n### {}\n\n| key | what may stand there | default | what it says |\n|---|---|---|---|\n", top);
    table = top;
    page += row(key);
  }
  return page;
}

}  // namespace nw
