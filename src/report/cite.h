// Cite: what a paper cites: the tool, from its CITATION.cff, and the works that the methods behind a record are based
// on.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "report/report.h"

namespace nw {

struct Reference {
  std::string_view key;     // of BibTeX
  std::string_view type;    // "article"
  std::string_view author;  // in BibTeX's form
  std::string_view title;
  std::string_view venue;  // "journal = {...}, volume = {...}" without a final comma
  std::string_view year;
  std::string_view doi;   // empty: none that we know
  std::string_view url;   // where there is no doi
  std::string_view used;  // what it is cited for
  bool (*is_used)(const pb::Record& record);
};
std::span<const Reference> references();

// "bibtex", "cff" (the tool alone) or "text". Without records: the tool and what every record is based on.
Result<std::string> make_citations(Records records, std::string_view format);

// The value of one key on the first level of our CITATION.cff, without quotes; of `name` the first author's.
std::string citation_field(std::string_view key);

}  // namespace nw
