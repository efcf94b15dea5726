// SPDX-License-Identifier: Apache-2.0
#include "crdt/add_map.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tributary::crdt {
namespace {

constexpr std::size_t run_adds = 64;
constexpr std::size_t run_bytes = 8 * 1024;  // of more than one add

}  // namespace

AddMap& AddMap::operator=(AddMap other) noexcept {
  runs_ = std::move(other.runs_);
  size_ = other.size_;
  return *this;
}

AddMap::Place AddMap::lower(std::uint64_t op) const {
  if (runs_.empty() || runs_.back().op(runs_.back().size() - 1) < op) {
    return end().at_;
  }
  const auto behind =
      std::upper_bound(runs_.begin(), runs_.end(), op,
                       [](std::uint64_t n, const AddRun& r) { return n < r.first(); });
  if (behind == runs_.begin()) return {0, 0};
  const auto run = static_cast<std::uint32_t>(behind - runs_.begin()) - 1;
  const auto slot = static_cast<std::uint32_t>(runs_[run].lower_bound(op));
  return slot == runs_[run].size() ? Place{run + 1, 0} : Place{run, slot};
}

bool AddMap::insert(std::uint64_t op, std::string_view element) {
  const Place at = lower(op);
  if (at.run == runs_.size()) {
    append(op, element);
  } else {
    AddRun& run = runs_[at.run];
    if (run.op(at.slot) == op) return false;
    run.insert(at.slot, op, element);
    split(at.run);
  }
  ++size_;
  return true;
}

void AddMap::replace(std::uint64_t op, std::string_view element) {
  const Place at = lower(op);
  assert(at.run < runs_.size() && runs_[at.run].op(at.slot) == op);
  runs_[at.run].replace(at.slot, element);
  split(at.run);
}

AddMap::const_iterator AddMap::erase(const_iterator at) {
  assert(at.map_ == this && at != end());
  AddRun& run = runs_[at.at_.run];
  run.erase(at.at_.slot);
  --size_;
  if (run.size() == 0) {
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(at.at_.run));
    return {this, {at.at_.run, 0}};
  }
  return at.at_.slot < run.size() ? at : const_iterator{this, {at.at_.run + 1, 0}};
}

bool operator==(const AddMap& a, const AddMap& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

void AddMap::append(std::uint64_t op, std::string_view element) {
  const bool full = runs_.empty() || runs_.back().size() >= run_adds ||
                    runs_.back().bytes() + element.size() > run_bytes;
  if (full) {
    if (!runs_.empty()) runs_.back().shrink_to_fit();
    runs_.emplace_back();
  }
  runs_.back().push_back(op, element);
}

// In two where it has more than a run's worth.
void AddMap::split(std::size_t index) {
  AddRun& run = runs_[index];
  if (run.size() < 2 || (run.size() <= run_adds && run.bytes() <= run_bytes)) return;
  AddRun behind = run.split_off(run.size() / 2);
  runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(behind));
}

}  // namespace tributary::crdt
