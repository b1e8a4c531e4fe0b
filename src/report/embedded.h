// Files of the repository that are compiled into the program unchanged; the build generates their source.
#pragma once

namespace nw {

extern const char* const kSchemaJson;   // docs/schema/nodewatt-1.schema.json
extern const char* const kCitationCff;  // CITATION.cff

}  // namespace nw
