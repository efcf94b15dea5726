# SPDX-License-Identifier: Apache-2.0
# Text files as string literals: cmake -DOUT=assets_data.h -DFILES=app.js;… -P embed.cmake. Each becomes
# data::<name>, in pieces that every compiler takes.
set(text "// Made by gateway/http/embed.cmake.\n#pragma once\n#include <string_view>\n\nnamespace tributary::http::data {\n\nusing namespace std::string_view_literals;  // a length that is not counted\n\n")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  string(MAKE_C_IDENTIFIER "${name}" name)
  file(READ "${file}" content)
  string(FIND "${content}" ")tributary\"" found)
  if(NOT found EQUAL -1)
    message(FATAL_ERROR "${file} holds the end of the literal that it would be put into")
  endif()
  string(APPEND text "inline constexpr std::string_view ${name} = R\"tributary(${content})tributary\"sv;\n\n")
endforeach()
string(APPEND text "}  // namespace tributary::http::data\n")
file(WRITE "${OUT}" "${text}")
