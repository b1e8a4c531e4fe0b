# Writes OUT, a C++ source that defines nw::SYMBOL as the text of the file IN. Run by nw_embed().
file(READ "${IN}" text)
file(WRITE "${OUT}" "// Generated from ${NAME}.\nnamespace nw {\nextern const char* const ${SYMBOL};\nconst char* const ${SYMBOL} = R\"embedded(${text})embedded\";\n}  // namespace nw\n")
