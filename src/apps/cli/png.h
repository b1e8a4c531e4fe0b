// PNG: a picture rendered by rsvg-convert (librsvg), a separate program: nothing of it is linked, and a fault in it
// stays there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nw::cli {

// `description` becomes a text chunk of the file, the only place for text in a PNG. Absent where there is no
// rsvg-convert.
Result<std::string> render_png(const std::string& svg, std::string_view description);

// Malformed where the picture would be written to a terminal, which cannot show it.
Done check_no_terminal(std::string_view output);

// The PNG with a text chunk before its end; malformed when it is none.
Result<std::string> with_description(const std::string& png, std::string_view description);

}  // namespace nw::cli
