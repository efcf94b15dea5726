// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/store/fault_vfs.h"

namespace tributary::store {
namespace {

// Followed in memory by the file of the VFS beneath.
struct File {
  sqlite3_file base;
  FaultVfs* owner;
  sqlite3_file* beneath() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* self(sqlite3_file* file) {
  return reinterpret_cast<File*>(file);
}
sqlite3_file* beneath(sqlite3_file* file) {
  return self(file)->beneath();
}

int close(sqlite3_file* f) {
  return beneath(f)->pMethods->xClose(beneath(f));
}
int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  if (const int rc = self(f)->owner->read_failure()) return rc;
  return beneath(f)->pMethods->xRead(beneath(f), to, size, at);
}
int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  if (const int rc = self(f)->owner->write_failure(size)) return rc;
  return beneath(f)->pMethods->xWrite(beneath(f), from, size, at);
}
int truncate(sqlite3_file* f, sqlite3_int64 size) {
  return beneath(f)->pMethods->xTruncate(beneath(f), size);
}
int sync(sqlite3_file* f, int flags) {
  if (const int rc = self(f)->owner->sync_failure()) return rc;
  return beneath(f)->pMethods->xSync(beneath(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  return beneath(f)->pMethods->xFileSize(beneath(f), size);
}
int lock(sqlite3_file* f, int level) {
  return beneath(f)->pMethods->xLock(beneath(f), level);
}
int unlock(sqlite3_file* f, int level) {
  return beneath(f)->pMethods->xUnlock(beneath(f), level);
}
int check_lock(sqlite3_file* f, int* held) {
  return beneath(f)->pMethods->xCheckReservedLock(beneath(f), held);
}
int control(sqlite3_file* f, int op, void* argument) {
  return beneath(f)->pMethods->xFileControl(beneath(f), op, argument);
}
int sector_size(sqlite3_file* f) {
  return beneath(f)->pMethods->xSectorSize(beneath(f));
}
int characteristics(sqlite3_file* f) {
  return beneath(f)->pMethods->xDeviceCharacteristics(beneath(f));
}

// Version 1: no shared memory, which exclusive locking does without.
const sqlite3_io_methods methods = {
    1,       close,      read,    write,       truncate,        sync,    file_size, lock,
    unlock,  check_lock, control, sector_size, characteristics, nullptr, nullptr,   nullptr,
    nullptr, nullptr,    nullptr};

sqlite3_vfs* usual = nullptr;  // the VFS beneath, while a FaultVfs lives

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  File* f = self(file);
  f->owner = static_cast<FaultVfs*>(vfs->pAppData);
  f->base.pMethods = nullptr;
  const int rc = usual->xOpen(usual, name, f->beneath(), flags, out_flags);
  if (f->beneath()->pMethods) f->base.pMethods = &methods;
  return rc;
}

}  // namespace

FaultVfs::FaultVfs() {
  usual = sqlite3_vfs_find(nullptr);
  vfs_ = *usual;  // everything but files goes straight through: these methods ignore which VFS they
                  // are given
  vfs_.pNext = nullptr;
  vfs_.zName = "fault";
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + usual->szOsFile;
  vfs_.xOpen = open;
  sqlite3_vfs_register(&vfs_, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(usual, 1);
}

bool FaultVfs::take(int& budget) {
  if (budget == 0) return false;
  --budget;
  ++failures_;
  return true;
}

int FaultVfs::write_failure(std::int64_t bytes) {
  if (take(writes_)) return SQLITE_IOERR_WRITE;
  if (space_ == unlimited) return SQLITE_OK;
  if (bytes > space_) {
    ++failures_;
    return SQLITE_FULL;
  }
  space_ -= bytes;
  return SQLITE_OK;
}

}  // namespace tributary::store
