// The pieces of LaTeX that our forms are made of: a tabular with booktabs and siunitx (version 3), and comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/paper.h"

namespace nw {

std::string make_tabular(const std::vector<PaperColumn>& columns);
std::string latex_comment(std::string_view text);  // one line, whatever the text
// What a fragment requires of its document: a comment, and the command for foreign characters where `body` calls it.
std::string latex_needs(std::string_view body);

}  // namespace nw
