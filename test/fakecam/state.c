/*
 * What the device itself knows, in the folder FAKECAM_STATE, so that all processes that open it see the same:
 * `state`, lines of name=value, and `lock`, which the one that has buffers holds until it frees them or dies.
 */
#define _GNU_SOURCE
#include "fakecam.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define MAX_ENTRIES 64

int has_state(void) { return *setting("FAKECAM_STATE", "") != 0; }

/* Every user of the device may write its files, whoever made them. */
static int open_file(const char *name, int flags) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", setting("FAKECAM_STATE", ""), name);
  int fd = open(path, flags | O_CLOEXEC, 0666);
  if (fd >= 0 && flags & O_CREAT) fchmod(fd, 0666);
  if (fd < 0 && flags & O_CREAT) fprintf(stderr, "fakecam: %s: %s\n", path, strerror(errno));
  return fd;
}

static int read_entries(FILE *file, struct entry *entries) {
  int count = 0;
  while (count < MAX_ENTRIES && fscanf(file, " %47[^=\n]=%ld", entries[count].name, &entries[count].value) == 2) count++;
  return count;
}

static struct entry *find_entry(struct entry *entries, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (strcmp(entries[i].name, name) == 0) return &entries[i];
  return NULL;
}

/* The value that was set last, or what the device begins with. */
long state_get(const char *name, long fallback) {
  struct entry entries[MAX_ENTRIES];
  int fd = open_file("state", O_RDONLY);
  if (fd < 0) return fallback;
  flock(fd, LOCK_SH);
  FILE *file = fdopen(fd, "r");
  int count = read_entries(file, entries);
  fclose(file);
  struct entry *found = find_entry(entries, count, name);
  return found ? found->value : fallback;
}

static int write_entries(FILE *file, const struct entry *entries, int count) {
  rewind(file);
  if (ftruncate(fileno(file), 0)) return -1;
  for (int i = 0; i < count; i++) fprintf(file, "%s=%ld\n", entries[i].name, entries[i].value);
  return fflush(file);
}

/* Sets all of these at once. In place: a file put in its place would not be the locked one. */
int state_set(const struct entry *changes, int count) {
  struct entry entries[MAX_ENTRIES];
  int fd = open_file("state", O_RDWR | O_CREAT);
  if (fd < 0) return fail(EIO);
  flock(fd, LOCK_EX);
  FILE *file = fdopen(fd, "r+");
  int known = read_entries(file, entries);
  for (int i = 0; i < count; i++) {
    struct entry *found = find_entry(entries, known, changes[i].name);
    if (found) found->value = changes[i].value;
    else if (known < MAX_ENTRIES) entries[known++] = changes[i];
  }
  int result = write_entries(file, entries, known);
  fclose(file);
  return result ? fail(EIO) : 0;
}

static struct flock whole_file(void) { return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET }; }

/* EBUSY while another one has buffers. The kernel frees the lock with the descriptor, so also when the process dies. */
int lock_streaming(struct handle *handle) {
  if (!has_state() || handle->lock >= 0) return 0;
  int fd = open_file("lock", O_RDWR | O_CREAT);
  if (fd < 0) return fail(EIO);
  struct flock lock = whole_file();
  if (fcntl(fd, F_OFD_SETLK, &lock)) {
    close(fd);
    return fail(EBUSY);
  }
  handle->lock = fd;
  return 0;
}

/* Looks without taking it, or somebody who asks for buffers just now would be refused. */
int is_locked_elsewhere(const struct handle *handle) {
  if (!has_state() || handle->lock >= 0) return 0;
  int fd = open_file("lock", O_RDWR);
  if (fd < 0) return 0;
  struct flock lock = whole_file();
  int result = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  close(fd);
  return result;
}

void unlock_streaming(struct handle *handle) {
  if (handle->lock >= 0) close(handle->lock);
  handle->lock = -1;
}
