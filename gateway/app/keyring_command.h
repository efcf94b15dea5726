// SPDX-License-Identifier: Apache-2.0
// Commands on a fleet's directory: errors of the keyring as the command line tells them.
//
//   commands.push_back({app, telling([a] { return enroll(*a); })});
#pragma once
#include <functional>
#include <utility>

#include "gateway/app/cli.h"
#include "gateway/keyring/error.h"

namespace tributary::app {

inline std::function<Exit()> telling(std::function<Exit()> run) {
  return [run = std::move(run)] {
    try {
      return run();
    } catch (const keyring::Error& e) {
      const bool storage = e.kind == keyring::Error::Kind::storage;
      throw Trouble(storage ? Exit::storage : Exit::negative, e.what());
    }
  };
}

}  // namespace tributary::app
