// SPDX-License-Identifier: Apache-2.0
// The terminal: its size, and a screen that is drawn over and given back as it was.
//
//   LiveScreen screen;
//   screen.show(text);        // as often as wanted; the destructor restores the terminal
#pragma once
#include <string>

#include "gateway/app/board.h"

namespace tributary::app {

// Standard output is a terminal that can move its cursor.
bool is_terminal();
// Its size, or 120 columns when there is none; colours unless NO_COLOR is set.
Screen screen_now();

class LiveScreen {
 public:
  LiveScreen();
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;
  // Lines beyond the bottom are cut. One write, so that it does not flicker.
  void show(const std::string& text);
};

}  // namespace tributary::app
