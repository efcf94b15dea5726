// SPDX-License-Identifier: Apache-2.0
// Envelopes as JSON, for the Python model: the words of docs/protocol.md, nothing added.
//
//   to_json(bytes)   {"device":"d0","epoch":7,"from":0,"to":3,"id":5,"part":1,"parts":1,"hash":"…",
//                     "entries":[["s1",4,0,3,[[[2,"x"]],[],[]]]]}
//   from_json(made)  the sealed bytes
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tributary::model {

// REQUIRES: an envelope of known types, its elements and registers text.
nlohmann::json to_json(std::string_view envelope);
std::string from_json(const nlohmann::json& made);

}  // namespace tributary::model
