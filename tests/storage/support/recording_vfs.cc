// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/recording_vfs.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

namespace tributary::storage {
namespace {

using Call = Disk::Call;

struct Handle {
  Disk* disk = nullptr;
  std::string path;
  Disk::File file;
  bool syncs_name = false;  // a log or journal: its first sync makes its name safe as well
  bool goes_with_close = false;
};
struct File {
  sqlite3_file base;
  Handle* handle;
};

Handle& self(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file)->handle;
}

int close(sqlite3_file* f) {
  Handle& h = self(f);
  if (h.goes_with_close) h.disk->remove(h.path);
  delete &h;
  reinterpret_cast<File*>(f)->handle = nullptr;
  return SQLITE_OK;
}

int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  Handle& h = self(f);
  if (h.disk->strikes(Call::read)) return SQLITE_IOERR_READ;
  const auto wanted = static_cast<std::size_t>(size);
  const auto from = std::min(static_cast<std::size_t>(at), h.file->bytes.size());
  const std::size_t got = std::min(wanted, h.file->bytes.size() - from);
  std::memcpy(to, h.file->bytes.data() + from, got);
  if (got == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + got, 0, wanted - got);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  Handle& h = self(f);
  const auto begin = static_cast<std::uint64_t>(at);
  std::string_view bytes{static_cast<const char*>(from), static_cast<std::size_t>(size)};
  int result = SQLITE_OK;
  if (h.disk->strikes(Call::write)) {
    result = SQLITE_IOERR_WRITE;
  } else if (h.disk->grows_too_far(*h.file, begin + bytes.size())) {
    result = SQLITE_FULL;
  }
  if (result != SQLITE_OK) bytes = bytes.substr(0, h.disk->done_of_failed(bytes.size()));
  if (!bytes.empty()) h.disk->write(*h.file, bytes, begin);
  return result;
}

int truncate(sqlite3_file* f, sqlite3_int64 size) {
  Handle& h = self(f);
  if (h.disk->strikes(Call::truncate)) return SQLITE_IOERR_TRUNCATE;
  h.disk->truncate(*h.file, static_cast<std::uint64_t>(size));
  return SQLITE_OK;
}

int sync(sqlite3_file* f, int) {
  Handle& h = self(f);
  if (h.disk->strikes(Call::sync)) {
    h.disk->sync_failed(*h.file);
    return SQLITE_IOERR_FSYNC;
  }
  h.disk->sync(*h.file);
  if (h.syncs_name) h.disk->sync_directory();
  h.syncs_name = false;
  return SQLITE_OK;
}

int file_size(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(self(f).file->bytes.size());
  return SQLITE_OK;
}

int lock(sqlite3_file*, int) {
  return SQLITE_OK;
}
int check_lock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}

int control(sqlite3_file* f, int op, void* argument) {
  if (op != SQLITE_FCNTL_HAS_MOVED) return SQLITE_NOTFOUND;
  const Handle& h = self(f);
  *static_cast<int*>(argument) = h.disk->find(h.path) != h.file;
  return SQLITE_OK;
}

int sector_size(sqlite3_file*) {
  return 4'096;
}
int characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// Version 1: no shared memory, which exclusive locking does without.
const sqlite3_io_methods methods = {
    1,       close,      read,    write,       truncate,        sync,    file_size, lock,
    lock,    check_lock, control, sector_size, characteristics, nullptr, nullptr,   nullptr,
    nullptr, nullptr,    nullptr};

Disk& disk_of(sqlite3_vfs* vfs) {
  return static_cast<RecordingVfs*>(vfs->pAppData)->disk();
}

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* f, int flags, int* out_flags) {
  f->pMethods = nullptr;
  Disk& disk = disk_of(vfs);
  if (disk.strikes(Call::open)) return SQLITE_CANTOPEN;
  const std::string path = name != nullptr ? name : "";
  Disk::File file = path.empty() ? nullptr : disk.find(path);
  const bool creates = !file;
  if (creates && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  if (creates) file = disk.create(path);
  constexpr int logs = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  const bool may_create = (flags & SQLITE_OPEN_CREATE) != 0;
  auto* handle = new (std::nothrow) Handle{&disk, path, file, may_create && (flags & logs) != 0,
                                           (flags & SQLITE_OPEN_DELETEONCLOSE) != 0};
  if (handle == nullptr) return SQLITE_NOMEM;
  reinterpret_cast<File*>(f)->handle = handle;
  f->pMethods = &methods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  Disk& disk = disk_of(vfs);
  if (disk.strikes(Call::file)) return SQLITE_IOERR_DELETE;
  if (!disk.remove(name)) return SQLITE_IOERR_DELETE_NOENT;
  if ((sync_directory & 1) != 0) disk.sync_directory();
  return SQLITE_OK;
}

// As SQLite's own: an empty file does not count as one.
int access(sqlite3_vfs* vfs, const char* name, int flags, int* answer) {
  const Disk::File file = disk_of(vfs).find(name);
  *answer = file && (flags != SQLITE_ACCESS_EXISTS || !file->bytes.empty());
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

RecordingVfs::RecordingVfs(Disk& disk) : disk_(disk) {
  static std::atomic<std::uint64_t> count{0};
  name_ = "recording-" + std::to_string(++count);
  vfs_ = *sqlite3_vfs_find(nullptr);  // time and randomness as ever
  vfs_.iVersion = 1;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File));
  vfs_.xOpen = open;
  vfs_.xDelete = remove_file;
  vfs_.xAccess = access;
  vfs_.xFullPathname = full_path;
  vfs_.xDlOpen = nullptr;
  sqlite3_vfs_register(&vfs_, 0);
}

RecordingVfs::~RecordingVfs() {
  sqlite3_vfs_unregister(&vfs_);
}

store::FileState RecordingVfs::state(const std::string& path) {
  if (disk_.strikes(Call::file)) return {false, false, 0, EIO};
  const Disk::File file = disk_.find(path);
  return file ? store::FileState{true, false, file->bytes.size(), 0} : store::FileState{};
}

int RecordingVfs::make_directories(const std::string&) {
  return disk_.strikes(Call::file) ? EIO : 0;
}

int RecordingVfs::link(const std::string& from, const std::string& to) {
  if (disk_.strikes(Call::file)) return EIO;
  if (disk_.find(to)) return EEXIST;
  return disk_.link(from, to) ? 0 : ENOENT;
}

int RecordingVfs::rename(const std::string& from, const std::string& to) {
  if (disk_.strikes(Call::file)) return EIO;
  return disk_.rename(from, to) ? 0 : ENOENT;
}

int RecordingVfs::remove(const std::string& path) {
  if (disk_.strikes(Call::file)) return EIO;
  return disk_.remove(path) ? 0 : ENOENT;
}

int RecordingVfs::sync(const std::string& path) {
  const Disk::File file = disk_.find(path);
  if (!file) return ENOENT;
  if (disk_.strikes(Call::file)) {
    disk_.sync_failed(*file);
    return EIO;
  }
  disk_.sync(*file);
  return 0;
}

int RecordingVfs::sync_directory(const std::string&) {
  if (disk_.strikes(Call::file)) return EIO;
  disk_.sync_directory();
  return 0;
}

}  // namespace tributary::storage
