// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace tributary::app {
namespace {

void put(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (n <= 0) return;  // a closed terminal: there is nobody to tell
    done += static_cast<std::size_t>(n);
  }
}

}  // namespace

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

Screen screen_now() {
  Screen screen{.columns = 120, .rows = 40, .color = false, .prefix = {}};
  winsize size{};
  if (isatty(STDOUT_FILENO) == 1) {
    screen.color = std::getenv("NO_COLOR") == nullptr;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      screen.columns = size.ws_col;
      screen.rows = size.ws_row;
    }
  }
  return screen;
}

LiveScreen::LiveScreen() {
  put("\033[?1049h\033[?25l");
}
LiveScreen::~LiveScreen() {
  put("\033[?25h\033[?1049l");
}

void LiveScreen::show(const std::string& text) {
  const std::size_t rows = screen_now().rows;
  std::string out = "\033[H";
  std::size_t row = 0;
  for (std::size_t begin = 0; begin < text.size() && row < rows; ++row) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += text.substr(begin, end - begin) + "\033[K";
    if (row + 1 < rows) out += "\r\n";
    begin = end + 1;
  }
  put(out + "\033[J");
}

}  // namespace tributary::app
