// Privacy: removes from a record what identifies host and user, before it is exported.
//
// Hosts become pseudonyms, drawn anew for every Privacy: two records of one node still show that they are (their
// sensors' common error cancels), but neither the node nor the records of another export can be recognised. Programs
// lose their folders; the command line and the job's key are removed. Names, labels and settings were chosen by the
// user and stay, as do the hardware and the devices' identifiers, which a record needs to be of use.
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
