// SPDX-License-Identifier: Apache-2.0
// Executes schedules of the Python model on the shipping code.
//
//   model_driver < schedules > answers
//
// One JSON array a line comes in, one JSON object a line goes out. "begin" makes a new world.
#include <gtest/gtest.h>

#include <exception>
#include <iostream>
#include <optional>

#include "tests/model/replayer.h"

int main() {
  std::optional<tributary::model::Replayer> world;
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const auto command = nlohmann::json::parse(line);
      if (command.at(0) == "begin") {
        world.emplace(command);
        std::cout << "{}\n";
      } else {
        std::cout << world.value().execute(command).dump() << '\n';
      }
    } catch (const std::exception& e) {
      std::cout << nlohmann::json{{"error", e.what()}}.dump() << '\n';
    }
  }
  return ::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed() ? 1 : 0;
}
