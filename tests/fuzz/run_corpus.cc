// Runs a fuzz target without a fuzzer: over every file of its corpus, then over mutations of them that are the same on
// every machine. usage: fuzz_corpus NAME CORPUS MUTATIONS [SEED]   or: fuzz_corpus NAME FILE...   an input that once
// failed
//
// When an input ends the program it stays behind as fuzz_failure.bin in the present folder. An input may take ten
// seconds.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define FUZZ_TARGET(name) extern "C" int fuzz_##name(const std::uint8_t* bytes, std::size_t size);
#include "fuzz_targets.def"
#undef FUZZ_TARGET
// There when a sanitizer is linked in.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {
namespace fs = std::filesystem;
using Target = int (*)(const std::uint8_t* bytes, std::size_t size);
using Random = std::mt19937_64;  // whose sequence the standard fixes; its distributions it does not

constexpr std::size_t kLongest = 1 << 16;
constexpr const char* kFailure = "fuzz_failure.bin";

constexpr std::pair<std::string_view, Target> kTargets[] = {
#define FUZZ_TARGET(name) {#name, fuzz_##name},
#include "fuzz_targets.def"
#undef FUZZ_TARGET
};

Target find_target(std::string_view name) {
  for (const auto& [known, target] : kTargets)
    if (known == name) return target;
  return nullptr;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> read_corpus(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) corpus.push_back(read_file(path));
  return corpus;
}

// Below `end`; 0 when end is 0.
std::size_t below(Random& random, std::size_t end) { return end == 0 ? 0 : random() % end; }

void replace_number(Random& random, std::string& text) {
  static constexpr const char* kNumbers[] = {
      "0",          "-1", "18446744073709551615", "18446744073709551616", "9223372036854775807", "1e308", "nan",
      "4294967296", ""};
  const std::size_t from = text.find_first_of("0123456789", below(random, text.size()));
  if (from == std::string::npos) return;
  const std::size_t to = std::min(text.find_first_not_of("0123456789", from), text.size());
  text.replace(from, to - from, kNumbers[below(random, std::size(kNumbers))]);
}

void mutate(Random& random, std::string& text, const std::vector<std::string>& corpus) {
  const std::size_t at = below(random, text.size() + 1),
                    length = below(random, 1 + std::min<std::size_t>(text.size() - at, 64));
  switch (random() % 9) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
      break;
    case 1:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 2: text.resize(at); break;
    case 3: text.erase(at, length); break;
    case 4:
      text.insert(at, std::string(1 + random() % 8, static_cast<char>(random() % 4 == 0 ? 0xff : random())));
      break;
    case 5: text.insert(at, std::string(text, at, length)); break;
    case 6: replace_number(random, text); break;
    case 7:
      std::reverse(text.begin() + static_cast<std::ptrdiff_t>(at),
                   text.begin() + static_cast<std::ptrdiff_t>(at + length));
      break;
    default: {  // the beginning of one, the end of another
      const std::string& other = corpus[below(random, corpus.size())];
      text = text.substr(0, at) + other.substr(below(random, other.size() + 1));
    }
  }
  if (text.size() > kLongest) text.resize(kLongest);
}

// The input being tried; whatever ends the program writes it down first.
std::vector<std::uint8_t> trial;

void keep_trial() {
  const int fd = ::open(kFailure, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(fd, trial.data(), trial.size());
  ::close(fd);
}

void keep_and_die(int number) {
  keep_trial();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void keep_failures() {
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(number, keep_and_die);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_trial);
}

void run(Target target, const std::string& input) {
  trial.assign(input.begin(), input.end());
  trial.shrink_to_fit();  // a read past its end is one past an allocation
  ::alarm(10);
  target(trial.data(), trial.size());
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: %s NAME CORPUS MUTATIONS [SEED] | NAME FILE...\n", argv[0]), 2;
  const Target target = find_target(argv[1]);
  if (target == nullptr) return std::fprintf(stderr, "%s: no such target\n", argv[1]), 2;
  if (!fs::is_directory(argv[2])) {
    for (int i = 2; i < argc; ++i) run(target, read_file(argv[i]));
    return 0;
  }
  const auto corpus = read_corpus(argv[2]);
  if (corpus.empty()) return std::fprintf(stderr, "%s: empty\n", argv[2]), 1;
  const unsigned long mutations = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1000;
  Random random(argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1);
  keep_failures();
  run(target, "");
  for (const auto& input : corpus) run(target, input);
  for (unsigned long i = 0; i < mutations; ++i) {
    std::string input = corpus[below(random, corpus.size())];
    for (std::size_t n = 1 + random() % 4; n > 0; --n) mutate(random, input, corpus);
    run(target, input);
  }
  std::printf("%zu inputs and %lu mutations\n", corpus.size(), mutations);
  return 0;
}
