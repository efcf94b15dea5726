// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/disk.h"

#include <utility>

namespace tributary::storage {

using Kind = Step::Kind;

Disk::Disk(Image image) {
  for (const auto& [name, bytes] : image) {
    names_[name] = std::make_shared<Inode>(Inode{next_inode_++, bytes});
  }
  record_.base = std::move(image);
}

void Disk::fail(const Failure& failure) {
  failure_ = failure;
  failures_ = 0;
}

void Disk::heal() {
  failure_.reset();
  growing_left_ = for_ever;
}

void Disk::restart_record(bool on) {
  recording_ = on;
  record_ = {};
  if (!on) return;
  next_inode_ = 0;
  for (const auto& [name, inode] : names_) {
    inode->number = next_inode_++;
    record_.base[name] = inode->bytes;
  }
}

bool Disk::strikes(Call call) {
  if (ignoring_) return false;
  ++calls_[static_cast<std::size_t>(call)];
  if (!failure_ || failure_->on != call || failure_->times == 0) return false;
  if (failure_->after > 1) {
    --failure_->after;
    return false;
  }
  if (failure_->times != for_ever) --failure_->times;
  ++failures_;
  half_done_ = failure_->half_done;
  return true;
}

bool Disk::grows_too_far(const Inode& inode, std::uint64_t end) {
  if (ignoring_ || end <= inode.bytes.size()) return false;
  ++growing_;
  if (growing_left_ == for_ever) return false;
  if (growing_left_ > 1) {
    --growing_left_;
    return false;
  }
  ++failures_;
  half_done_ = full_half_done_;
  return true;
}

Image Disk::image() const {
  Image out;
  for (const auto& [name, inode] : names_) out[name] = inode->bytes;
  return out;
}

Disk::File Disk::find(const std::string& name) const {
  const auto at = names_.find(name);
  return at == names_.end() ? nullptr : at->second;
}

Disk::File Disk::create(const std::string& name) {
  if (name.empty() || ignoring_) return std::make_shared<Inode>(Inode{nameless, {}});
  const File file = names_[name] = std::make_shared<Inode>(Inode{next_inode_++, {}});
  note({Kind::create, file->number, 0, {}, name, {}});
  return file;
}

bool Disk::link(const std::string& from, const std::string& to) {
  const File file = find(from);
  if (!file) return false;
  if (ignoring_) return true;
  names_[to] = file;
  note({Kind::link, file->number, 0, {}, to, {}});
  return true;
}

bool Disk::rename(const std::string& from, const std::string& to) {
  const File file = find(from);
  if (!file) return false;
  if (ignoring_) return true;
  names_.erase(from);
  names_[to] = file;
  note({Kind::rename, file->number, 0, {}, from, to});
  return true;
}

bool Disk::remove(const std::string& name) {
  if (ignoring_) return true;
  if (names_.erase(name) == 0) return false;
  note({Kind::remove, 0, 0, {}, name, {}});
  return true;
}

void Disk::sync_directory() {
  if (!lying_ && !ignoring_) note({Kind::sync_directory, 0, 0, {}, {}, {}});
}

void Disk::write(Inode& inode, std::string_view bytes, std::uint64_t at) {
  if (ignoring_) return;
  if (inode.bytes.size() < at + bytes.size()) inode.bytes.resize(at + bytes.size());
  inode.bytes.replace(at, bytes.size(), bytes);
  if (recording_ && inode.number != nameless) {  // else nobody wants the copy
    note({Kind::write, inode.number, at, std::string(bytes), {}, {}});
  }
}

void Disk::truncate(Inode& inode, std::uint64_t size) {
  if (ignoring_) return;
  inode.bytes.resize(size);
  if (inode.number != nameless) note({Kind::truncate, inode.number, size, {}, {}, {}});
}

void Disk::sync(Inode& inode) {
  if (!lying_ && !ignoring_ && inode.number != nameless)
    note({Kind::sync, inode.number, 0, {}, {}, {}});
}

void Disk::sync_failed(Inode& inode) {
  if (!ignoring_ && inode.number != nameless)
    note({Kind::sync_failed, inode.number, 0, {}, {}, {}});
}

}  // namespace tributary::storage
