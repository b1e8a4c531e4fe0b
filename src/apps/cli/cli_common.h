// Shared by all commands: the user's store (with the runs of killed processes recovered first), printing, files.
#pragma once

#include <memory>
#include <string>

#include <vector>

#include "report/report.h"
#include "site/site.h"
#include "store/store.h"

namespace nw::cli {

// Opens the user's store. Journals left by processes that were killed become records first; each is named on stderr,
// and so is each damaged record that a query comes across and skips.
Result<std::unique_ptr<Store>> open_store();

// How to print to this descriptor: width, colour, character set; from the terminal and the usual environment variables.
TextStyle style_for(int fd, const std::string& units = "auto", const std::string& colour = "auto",
                    bool precise = false);

// Opens /dev/null, close-on-exec, for standard streams that are closed, so that no file of ours takes their numbers.
void hold_closed_streams();

// Each of the form KEY=VALUE.
Done add_labels(const std::vector<std::string>& labels, pb::Record& record);

// The site file for commands that must run even if it is faulty: one line on stderr, and the defaults.
Site find_site_or_warn(const std::string& config, const std::string& root);

// "nodewatt: what" on stderr; returns `code`.
int error_exit(const std::string& what, int code = 1);
int error_exit(const Error& error);        // 3 when absent, else 1
int usage_error_exit(const Error& error);  // where malformed means the user's input: exit code 2 for that

// The path with this host's name for each "%h": nodes that share a directory write a file each.
std::string with_host(std::string path);

// "." and the host's name, as far as it may stand in the name of a file; "" of a host without a name.
std::string host_suffix(const std::string& host);

// To the file (replaced atomically, so that a reader never sees half of it), or stdout for "" and "-".
Done write_out(const std::string& path, const std::string& text, bool append = false);

}  // namespace nw::cli
