#include "record/node_type.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/parse.h"
#include "record/record.pb.h"

namespace nw {

namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "gpu3", as drivers number them in labels.
bool is_index(std::string_view word) { return word.starts_with("gpu") && is_digits(word.substr(3)); }

// "0000:07:00.0"
bool is_pci_address(std::string_view word) {
  return word.size() >= 7 && word.find(':') != word.npos && word[word.size() - 2] == '.' &&
         word.find_first_not_of("0123456789abcdefABCDEF:.") == word.npos;
}

std::string joined(std::string_view text, bool (*drop)(std::string_view)) {
  std::string out;
  for (const auto word : split(text, ' '))
    if (!word.empty() && !drop(word)) out += (out.empty() ? "" : " ") + std::string(word);
  return out;
}

void erase_all(std::string& text, std::string_view what) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at)) text.erase(at, what.size());
}

}  // namespace

std::string gpu_model(std::string_view label) {
  const auto mig = label.find(" (MIG");
  return joined(label.substr(0, mig), [](std::string_view word) {
    return word == "NVIDIA" || word == "AMD" || word == "Intel(R)" || is_index(word) || is_pci_address(word);
  });
}

std::string cpu_model(std::string_view model) {
  std::string text(model.substr(0, model.find(" @ ")));
  for (const auto noise : std::array{"(R)", "(TM)", "(r)", "(tm)"}) erase_all(text, noise);
  return joined(text, [](std::string_view word) {
    return word == "CPU" || word == "Processor" ||
           (word.ends_with("-Core") && is_digits(word.substr(0, word.size() - 5)));
  });
}

std::string node_type(const pb::Record& record) {
  if (!record.node_type().empty()) return record.node_type();
  const pb::Node& node = record.node();
  std::string type = cpu_model(node.cpu_model());
  if (type.empty() && node.gpus().empty()) return "";
  if (type.empty()) type = "unknown CPU";
  if (node.sockets() > 1) type = fmt::format("{}x {}", node.sockets(), type);
  std::map<std::string, int> models;
  for (const std::string& gpu : node.gpus()) ++models[gpu_model(gpu)];
  for (const auto& [model, count] : models) type += fmt::format(", {}x {}", count, model);
  return type;
}

}  // namespace nw
