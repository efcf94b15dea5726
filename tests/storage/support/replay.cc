// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/replay.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace tributary::storage {
namespace {

using Kind = Step::Kind;
constexpr std::uint64_t sector_bytes = 512;

}  // namespace

const char* name(Variant v) {
  constexpr const char* names[] = {"written", "dropped", "torn", "reordered"};
  return names[static_cast<std::size_t>(v)];
}

Replay::Replay(const Record& record) : record_(record) {
  std::uint32_t inode = 0;
  for (const auto& [name, bytes] : record.base) {
    names_[name] = inode;
    contents_[inode++].safe = bytes;
  }
}

void Replay::advance(std::size_t steps) {
  assert(steps <= record_.steps.size() - at_);
  for (; steps > 0; --steps) take(record_.steps[at_++]);
}

void Replay::take(const Step& step) {
  switch (step.kind) {
    case Kind::create:
    case Kind::link:
    case Kind::rename:
    case Kind::remove:
      renames_.push_back(&step);
      return;
    case Kind::sync_directory:
      for (const Step* s : renames_) rename(names_, *s);
      renames_.clear();
      return;
    case Kind::write:
    case Kind::truncate:
      contents_[step.inode].changes.push_back({&step, false, false});
      return;
    case Kind::sync_failed:
      for (Change& c : contents_[step.inode].changes) c.forgotten = !c.safe;
      return;
    case Kind::sync: {
      Content& content = contents_[step.inode];
      for (Change& c : content.changes) c.safe = !c.forgotten;
      while (!content.changes.empty() && content.changes.front().safe) {
        apply(content.safe, *content.changes.front().step);
        content.changes.pop_front();
      }
      return;
    }
  }
}

void Replay::rename(Names& names, const Step& step) {
  if (step.kind == Kind::create || step.kind == Kind::link) names[step.name] = step.inode;
  if (step.kind == Kind::remove || step.kind == Kind::rename) names.erase(step.name);
  if (step.kind == Kind::rename) names[step.to] = step.inode;
}

void Replay::apply(std::string& bytes, const Step& step) {
  if (step.kind == Kind::truncate) return bytes.resize(step.at);
  const std::uint64_t end = step.at + step.bytes.size();
  if (bytes.size() < end) bytes.resize(end);
  bytes.replace(step.at, step.bytes.size(), step.bytes);
}

// Sector by sector. A file that grew over a sector that was not written shows what lay there
// before: zeroes, or anything.
void Replay::tear(std::string& bytes, const Step& step, Random& random) {
  if (step.kind == Kind::truncate) {
    if (random() % 2 == 0) bytes.resize(step.at);
    return;
  }
  const std::uint64_t end = step.at + step.bytes.size();
  for (std::uint64_t at = step.at; at < end;) {
    const std::uint64_t stop = std::min(end, (at / sector_bytes + 1) * sector_bytes);
    const std::uint64_t luck = random() % 4;
    if (luck < 2 || (luck == 2 && bytes.size() < stop)) {
      if (bytes.size() < stop) bytes.resize(stop);
      for (std::uint64_t i = at; i < stop; ++i) {
        bytes[i] = luck < 2 ? step.bytes[i - step.at] : static_cast<char>(random());
      }
    }
    at = stop;
  }
}

std::string Replay::content(const Content& content, Variant variant, Random& random) {
  std::string out = content.safe;
  if (variant == Variant::reordered) {
    // What is safe is there whatever happens to the rest, so it comes last where they overlap.
    std::vector<const Step*> loose;
    for (const Change& c : content.changes) {
      if (!c.safe && random() % 2 == 0) loose.push_back(c.step);
    }
    std::shuffle(loose.begin(), loose.end(), random);
    for (const Step* s : loose) apply(out, *s);
    for (const Change& c : content.changes) {
      if (c.safe) apply(out, *c.step);
    }
    return out;
  }
  for (const Change& c : content.changes) {
    if (c.safe || variant == Variant::written) {
      apply(out, *c.step);
    } else if (variant == Variant::torn) {
      tear(out, *c.step, random);
    }
  }
  return out;
}

// Names are journalled by file systems: they reach the disk in order, before or after what they
// lead to.
Replay::Names Replay::names(Variant variant, Random& random) const {
  std::size_t kept = variant == Variant::dropped ? 0 : renames_.size();
  if (variant == Variant::reordered) kept = random() % (renames_.size() + 1);
  Names out = names_;
  for (std::size_t i = 0; i < kept; ++i) rename(out, *renames_[i]);
  return out;
}

Image Replay::cut(Variant variant, std::uint64_t seed) const {
  Random random(seed);
  Image out;
  std::map<std::uint32_t, const std::string*> done;  // two names may lead to one file
  for (const auto& [name, inode] : names(variant, random)) {
    const auto known = done.find(inode);
    const auto found = contents_.find(inode);
    std::string bytes;
    if (known != done.end()) {
      bytes = *known->second;
    } else if (found != contents_.end()) {
      bytes = content(found->second, variant, random);
    }
    const auto placed = out.emplace(name, std::move(bytes)).first;
    done[inode] = &placed->second;
  }
  return out;
}

}  // namespace tributary::storage
