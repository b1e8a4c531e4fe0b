// Privacy: what a record says of where and for whom, taken away before it leaves the house.
//
// Hosts become pseudonyms, drawn anew for every Privacy: two records of one node still say so (their sensors' common
// error cancels), and neither the node nor another export's records can be told from it. Programs lose their folders;
// the command line and the job's key go. Names, labels and settings are the user's own words and stay, as do the
// hardware and the devices' identifiers: those are what the record is for.
#pragma once

#include <map>
#include <string>

#include "record/record.h"

namespace nw {

class Privacy {
 public:
  void apply(pb::Record& record);

 private:
  std::string pseudonym(const std::string& host);
  std::map<std::string, std::string> pseudonyms_;
};

}  // namespace nw
