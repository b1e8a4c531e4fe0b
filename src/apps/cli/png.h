// PNG: a picture drawn by rsvg-convert (librsvg), which is a program of its own: nothing of it is linked, and what goes
// wrong in it goes wrong there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nw::cli {

// `description` becomes a text chunk of the file, since a PNG has no room for words else. Absent where there is no
// rsvg-convert.
Result<std::string> render_png(const std::string& svg, std::string_view description);

// Where the picture would go to a terminal, which cannot show it: malformed.
Done check_no_terminal(std::string_view output);

// The PNG with a text chunk before its end; malformed when it is none.
Result<std::string> with_description(const std::string& png, std::string_view description);

}  // namespace nw::cli
