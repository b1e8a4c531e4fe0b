#include "apps/cli/png.h"

#include <unistd.h>
#include <zlib.h>

#include "base/program.h"

namespace nw::cli {

namespace {

constexpr std::string_view kMissing =
    "png: rsvg-convert is not there (Debian: librsvg2-bin); --format svg needs nothing";
constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kEndChunk = 12;  // IEND has no data

Result<std::string> draw(const std::string& svg) {
  auto png = run_program({"rsvg-convert", "--format", "png", "--zoom", "2", "--background-color", "white"}, svg);
  if (png) return png;
  if (png.error().kind == ErrorKind::absent) return fail(ErrorKind::absent, std::string(kMissing));
  return fail(png.error().kind, "png: " + png.error().what);
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
