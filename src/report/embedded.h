// Files of the repository that the program carries with it, as they are; the build makes their source.
#pragma once

namespace nw {

extern const char* const kSchemaJson;   // docs/schema/nodewatt-1.schema.json
extern const char* const kCitationCff;  // CITATION.cff

}  // namespace nw
