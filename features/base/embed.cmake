# Writes OUT, a header with the text of IN as the constant NAME.
file(READ "${IN}" text)
file(WRITE "${OUT}"
  "// Made from ${SHOWN}.\n#pragma once\n"
  "namespace tenuto {\n"
  "inline constexpr char ${NAME}[] = R\"tenuto(${text})tenuto\";\n"
  "}  // namespace tenuto\n")
