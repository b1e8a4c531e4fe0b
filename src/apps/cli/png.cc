#include "apps/cli/png.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>

#include "base/fd.h"

namespace nw::cli {

namespace {

constexpr std::string_view kMissing =
    "png: rsvg-convert is not there (Debian: librsvg2-bin); --format svg needs nothing";
constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kEndChunk = 12;  // IEND has no data

// The text in a file of memory, to be read from its beginning: no pipe that both sides could wait on.
Result<Fd> make_input(const std::string& text) {
  Fd fd(::memfd_create("nodewatt-svg", MFD_CLOEXEC));
  if (!fd) return tl::make_unexpected(system_error(errno, "png: memfd_create"));
  for (std::size_t at = 0; at < text.size();) {
    const auto done = ::write(fd.get(), text.data() + at, text.size() - at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return tl::make_unexpected(system_error(errno, "png: writing the picture"));
    at += static_cast<std::size_t>(done);
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

Result<pid_t> start(int input, int output) {
  const char* words[] = {"rsvg-convert", "--format", "png", "--zoom", "2", "--background-color", "white", nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, words[0], &actions, nullptr, const_cast<char**>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) return fail(ErrorKind::absent, std::string(kMissing));
  if (failed != 0) return tl::make_unexpected(system_error(failed, "png: rsvg-convert"));
  return child;
}

std::string read_all(int fd) {
  std::string all;
  std::array<char, 65536> part{};
  for (;;) {
    const auto got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return all;
    all.append(part.data(), static_cast<std::size_t>(got));
  }
}

Result<std::string> draw(const std::string& svg) {
  const Fd input = NW_TRY(make_input(svg));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::make_unexpected(system_error(errno, "png: pipe"));
  const Fd from(ends[0]);
  Result<pid_t> child;
  {
    const Fd to(ends[1]);
    child = start(input.get(), to.get());
  }
  if (!child) return tl::make_unexpected(child.error());
  std::string png = read_all(from.get());
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return fail(ErrorKind::failed, "png: rsvg-convert could not draw the picture");
  return png;
}

void put_number(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xFFU);
}

}  // namespace

Result<std::string> with_description(const std::string& png, std::string_view description) {
  if (png.size() < kSignature.size() + kEndChunk || !png.starts_with(kSignature) ||
      png.compare(png.size() - 8, 4, "IEND") != 0)
    return fail(ErrorKind::failed, "png: what rsvg-convert made is no PNG");
  // Type; keyword, 0; not compressed; no language; no translated keyword; the text in UTF-8.
  const std::string chunk = "iTXt" + std::string("Description\0\0\0\0\0", 16) + std::string(description);
  std::string framed;
  put_number(framed, static_cast<std::uint32_t>(chunk.size() - 4));
  framed += chunk;
  put_number(framed, static_cast<std::uint32_t>(
                         ::crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size()))));
  return png.substr(0, png.size() - kEndChunk) + framed + png.substr(png.size() - kEndChunk);
}

Done check_no_terminal(std::string_view output) {
  if ((output.empty() || output == "-") && ::isatty(STDOUT_FILENO) == 1)
    return fail(ErrorKind::malformed, "png: a terminal cannot show it; name a file by -o FILE");
  return {};
}

Result<std::string> render_png(const std::string& svg, std::string_view description) {
  return with_description(NW_TRY(draw(svg)), description);
}

}  // namespace nw::cli
