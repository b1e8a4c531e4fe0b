#include "apps/cli/options.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/parse.h"
#include "report/formats.h"

namespace nw::cli {

bool wraps_command(std::string_view verb) { return verb == "run" || verb == "record" || verb == "sweep"; }

void add_root(CLI::App& app, Root& root) {
  const auto is_there = [](const std::string& path) {
    std::error_code failed;
    return std::filesystem::is_directory(path, failed) ? "" : path + ": no such directory";
  };
  app.add_option("--root", root.path,
                 "read the machine from this directory instead of / (a captured or simulated tree)")
      ->check(is_there)
      ->type_name("DIR");
  app.add_flag("--root-libraries", root.runs_libraries,
               "open the vendor libraries in that directory too: this runs their code");
}

void add_config(CLI::App& app, std::string& config) {
  app.add_option("--config", config,
                 "the site file; default: $NODEWATT_CONFIG, else /etc/nodewatt/nodewatt.toml if it is there")
      ->type_name("FILE");
}

void add_machine_options(CLI::App& app, Root& root, std::string& config) {
  add_root(app, root);
  add_config(app, config);
}

CLI::Validator whole_number(unsigned least, unsigned most) {
  const auto check = [least, most](const std::string& word) {
    const auto number = parse_u64(word);
    if (!number) return fmt::format("'{}' is not a whole number", word);
    return *number < least || *number > most ? fmt::format("{} is not between {} and {}", word, least, most) : "";
  };
  return {check, fmt::format("INT in [{} - {}]", least, most)};
}

CLI::Option* add_format(CLI::App& app, std::string& format, Values formats, const std::string& about) {
  const auto alias = [](std::string name) { return name == "md" ? std::string("markdown") : name; };
  return app.add_option("-f,--format", format, about.empty() ? "how it is printed" : about)
      ->check(CLI::IsMember(std::move(formats), alias))
      ->capture_default_str();
}

Values text_forms() {
  Values names;
  for (const ReportFormat& one : formats())
    if (one.output == FormatOutput::text) names.emplace_back(one.name);
  return names;
}

void add_json(CLI::App& app, std::function<void(const std::string&)> take, const std::string& about) {
  constexpr const char* kNone = "\x01";  // means no file; "-" is standard output
  const std::string words = about.empty() ? "as JSON. --json=FILE: into this file" : about;
  app.add_flag(std::string("--json{") + kNone + "}", words)
      ->each([take = std::move(take)](const std::string& file) { take(file == kNone ? "" : file); })
      ->type_name("FILE");
}

void add_print(CLI::App& app, PrintOptions& print, Values formats, const std::string& about) {
  const auto has = [&](const char* name) { return std::find(formats.begin(), formats.end(), name) != formats.end(); };
  const bool has_json = has("json"), has_csv = has("csv");
  add_format(app, print.format, std::move(formats), about);
  app.add_option("-o,--output", print.output, "write to this file instead of standard output")->type_name("FILE");
  if (has_json)  // after --output, which is known by then
    add_json(app, [&print](const std::string& file) {
      print.format = "json";
      if (file.empty()) return;
      if (!print.output.empty()) throw CLI::ValidationError("--json=FILE", "--output names a file already");
      print.output = file;
    });
  if (has_csv)
    app.add_flag_callback(
        "--csv", [&print] { print.format = "csv"; }, "same as --format csv");
  app.add_option("--units", print.units, "auto, J, kJ, MJ, Wh, kWh or MWh")
      ->check(CLI::IsMember({"auto", "J", "kJ", "MJ", "Wh", "kWh", "MWh"}))
      ->capture_default_str();
  app.add_option("--color,--colour", print.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_flag("--precise", print.precise, "print every digit that the uncertainty allows");
}

}  // namespace nw::cli
