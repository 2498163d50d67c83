/*
 * fakecam: a V4L2 camera in user space, for machines without one.
 *
 * Preloaded into a program (LD_PRELOAD=fakecam.so), it answers the open, ioctl, mmap, poll
 * and close calls that the program makes on FAKECAM_PATH as a UVC webcam's driver would, and
 * hands out the JPEG files of FAKECAM_DIR, in name order and round and round, at FAKECAM_FPS.
 * The program's real V4L2 code runs at native speed; only the kernel driver is imitated.
 * The node has to be there, and is opened for real: who may not open it is refused, and the
 * device is unplugged once it vanishes. One with /dev/full's number shows in /proc/PID/fd.
 *
 *   FAKECAM_PATH  device path to imitate, or a pattern of such (default /dev/video0)
 *   FAKECAM_DIR   folder of .jpg frames, one size (needed for MJPEG)
 *   FAKECAM_FPS   frames per second              (default 30)
 *   FAKECAM_WIDTH, FAKECAM_HEIGHT                (default 1280x720)
 *   FAKECAM_SIZES sizes instead of these, the default first: 1280x720,640x480; frames are in FAKECAM_DIR/{WxH}
 *   FAKECAM_RATES frames per second that can be chosen: 30,15,10,5; FAKECAM_FPS, or the nearest, is the default
 *   FAKECAM_YUYV  1: offers YUYV, too, moving bars; only: nothing but YUYV
 *   FAKECAM_NAME, FAKECAM_BUS                    (default Fake Webcam at usb-fake-1.4)
 *   FAKECAM_STATE folder for what the device knows, whichever process asks: `state`, lines of name=value (controls, format;
 *                 delete it and the camera was without power), and `lock` (only one has buffers). Without it: no controls, no lock
 *   FAKECAM_META  path, or a pattern, of nodes that give metadata instead of pictures
 *   FAKECAM_STAMP 1: each frame starts with a JPEG COM segment 'fakecam <seq> <CLOCK_REALTIME ns>'
 *   FAKECAM_FAIL  errno for open, as a number    (13 EACCES, 16 EBUSY)
 *   FAKECAM_STREAMON errno for VIDIOC_STREAMON   (28 ENOSPC)
 *   FAKECAM_BUSY  path of a file; while it exists VIDIOC_REQBUFS and VIDIOC_S_FMT fail with EBUSY
 *   FAKECAM_GONE  path of a file; once it exists every call on the device fails with ENODEV
 *   FAKECAM_HANG  path of a file; while it exists no frame arrives
 *   FAKECAM_DARK  path of a file; while it exists and exposure_dynamic_framerate is 1, every second frame is left out
 *   FAKECAM_EMPTY N: the first N frames after VIDIOC_STREAMON have no byte
 *   FAKECAM_SHORT N: every Nth frame (the Nth, the 2Nth, …) is cut to half its length, as a bad cable does it
 *   FAKECAM_NOISE N: every Nth frame is as long as it should be, but noise from its first byte to its last
 *
 * Build: cc -O2 -shared -fPIC -fvisibility=hidden -o fakecam.so *.c -ldl
 *
 * This file has the calls that are intercepted.
 */
#define _GNU_SOURCE
#include "fakecam.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>

#define PUBLIC __attribute__((visibility("default")))
#define REAL(name) ({ \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
  real; \
})
/* mode_t that follows the flags of open where they make a file. */
#define MODE_AFTER(flags) ({ \
  va_list args; \
  va_start(args, flags); \
  mode_t after = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0; \
  va_end(args); \
  after; \
})

#define MAX_HANDLES 8
#define MAX_LINKS 8
#define NOT_OURS (-2)

static struct handle handles[MAX_HANDLES] = { [0 ... MAX_HANDLES - 1] = { .fd = -1, .node = -1, .lock = -1 } };
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static struct handle *handle_of(int fd) {
  for (int i = 0; fd >= 0 && i < MAX_HANDLES; i++)
    if (handles[i].fd == fd) return &handles[i];
  return NULL;
}

/* ---- which paths are ours ---- */

static int matches(const char *name, const char *fallback, const char *path) {
  const char *pattern = setting(name, fallback);
  return *pattern && (strcmp(pattern, path) == 0 || fnmatch(pattern, path, FNM_PATHNAME) == 0);
}
static int is_metadata(const char *path) { return matches("FAKECAM_META", "", path); }
static int is_ours(const char *path) { return matches("FAKECAM_PATH", "/dev/video0", path) || is_metadata(path); }

/* What the link at `path` (PATH_MAX long) says, in its place. 0 when there is no link. */
static int follow_link(char *path) {
  char target[PATH_MAX], joined[2 * PATH_MAX], folder[PATH_MAX];
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  char *slash = strrchr(path, '/');
  int folder_length = target[0] == '/' || !slash ? 0 : (int)(slash + 1 - path);
  snprintf(joined, sizeof joined, "%.*s%s", folder_length, path, target);
  slash = strrchr(joined, '/');
  if (!slash) return 0;
  *slash = 0;
  if (!realpath(*joined ? joined : "/", folder)) return 0;
  return snprintf(path, PATH_MAX, "%s/%s", folder[1] ? folder : "", slash + 1) < PATH_MAX;
}

/* Is this a node of ours, or a link that leads to one, as in /dev/v4l/by-id? Gives the node's own path (PATH_MAX long). */
static int find_node(const char *path, char *node) {
  if (!path || snprintf(node, PATH_MAX, "%s", path) >= PATH_MAX) return 0;
  for (int i = 0; i < MAX_LINKS; i++) {
    if (is_ours(node)) return 1;
    if (!follow_link(node)) return 0;
  }
  return 0;
}

static int has_number(const char *pattern, dev_t number) {
  glob_t found;
  int result = 0;
  if (!*pattern || glob(pattern, GLOB_NOSORT, NULL, &found)) return 0;
  for (size_t i = 0; i < found.gl_pathc; i++) {
    struct stat node;
    if (stat(found.gl_pathv[i], &node) == 0 && node.st_rdev == number) result = 1;
  }
  globfree(&found);
  return result;
}

/* v4l2-ctl looks here, by the device's number, for the name that a node has in /dev: only video… is a camera to it. */
static int is_our_uevent(const char *path) {
  unsigned major, minor;
  int end = 0;
  if (!path || sscanf(path, "/sys/dev/char/%u:%u/uevent%n", &major, &minor, &end) != 2 || !end || path[end]) return 0;
  dev_t number = makedev(major, minor);
  return has_number(setting("FAKECAM_PATH", "/dev/video0"), number) || has_number(setting("FAKECAM_META", ""), number);
}

/* A file and no stream in memory, for the reader may ask for its descriptor. */
static FILE *open_uevent(void) {
  static const char text[] = "MAJOR=81\nMINOR=0\nDEVNAME=video0\n";
  int fd = memfd_create("uevent", MFD_CLOEXEC);
  if (fd < 0 || pwrite(fd, text, sizeof text - 1, 0) < 0) return NULL;
  return fdopen(fd, "r");
}

/* ---- open and close ---- */

/* A node without a driver is as good: we are the driver. */
static int open_node(const char *path, int flags, int *node) {
  *node = REAL(open)(path, (flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC);
  return *node < 0 && errno != ENXIO && errno != ENODEV ? -1 : 0;
}

static int start_handle(struct handle *handle, const char *path, int node, int flags) {
  struct handle fresh = { .fd = -1, .node = node, .lock = -1, .metadata = is_metadata(path), .memory = handle->memory };
  snprintf(fresh.path, sizeof fresh.path, "%s", path);
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &fresh.birth)) return -1;
  fresh.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | (flags & O_NONBLOCK ? TFD_NONBLOCK : 0));
  if (fresh.fd >= 0) *handle = fresh;
  return fresh.fd;
}

/* A descriptor of the device, -1 with errno, or NOT_OURS. */
static int open_if_ours(const char *given, int flags) {
  char path[PATH_MAX];
  int node, before = errno;
  if (!find_node(given, path)) {
    errno = before;
    return NOT_OURS;
  }
  if (flagged("FAKECAM_GONE")) return fail(ENOENT);
  int code = (int)number("FAKECAM_FAIL", 0);
  if (code) return fail(code);
  if (open_node(path, flags, &node)) return -1;
  pthread_mutex_lock(&opening);
  int fd = -1;
  errno = EMFILE;
  for (int i = 0; i < MAX_HANDLES && fd < 0; i++) {
    if (handles[i].fd >= 0) continue;
    fd = start_handle(&handles[i], path, node, flags);
    break;
  }
  if (fd < 0 && node >= 0) REAL(close)(node);
  pthread_mutex_unlock(&opening);
  return fd;
}

PUBLIC int open(const char *path, int flags, ...) {
  mode_t mode = MODE_AFTER(flags);
  int fd = open_if_ours(path, flags);
  return fd != NOT_OURS ? fd : REAL(open)(path, flags, mode);
}
PUBLIC int open64(const char *path, int flags, ...) {
  mode_t mode = MODE_AFTER(flags);
  int fd = open_if_ours(path, flags);
  return fd != NOT_OURS ? fd : REAL(open64)(path, flags, mode);
}
PUBLIC int __open_2(const char *path, int flags) { return open(path, flags); }
PUBLIC int __open64_2(const char *path, int flags) { return open64(path, flags); }
PUBLIC int openat(int dir, const char *path, int flags, ...) {
  mode_t mode = MODE_AFTER(flags);
  int fd = open_if_ours(path, flags);
  return fd != NOT_OURS ? fd : REAL(openat)(dir, path, flags, mode);
}
PUBLIC FILE *fopen(const char *path, const char *mode) {
  return is_our_uevent(path) ? open_uevent() : REAL(fopen)(path, mode);
}
PUBLIC FILE *fopen64(const char *path, const char *mode) {
  return is_our_uevent(path) ? open_uevent() : REAL(fopen64)(path, mode);
}

PUBLIC int close(int fd) {
  struct handle *handle = handle_of(fd);
  if (handle) {
    unlock_streaming(handle);
    if (handle->node >= 0) REAL(close)(handle->node);
    handle->fd = handle->node = -1;
  }
  return REAL(close)(fd);
}

/* ---- the calls on an open device ---- */

PUBLIC int ioctl(int fd, unsigned long request, ...) {
  va_list args;
  va_start(args, request);
  void *arg = va_arg(args, void *);
  va_end(args);
  struct handle *handle = handle_of(fd);
  return handle ? device_ioctl(handle, request & 0xFFFFFFFFul, arg) : REAL(ioctl)(fd, request, arg);
}

static void *map_buffer(const struct handle *handle, size_t length, off64_t offset) {
  if (handle->memory && offset >= 0 && (size_t)offset + length <= (size_t)handle->buffer_count * BUFFER_STRIDE)
    return handle->memory + offset;
  errno = EINVAL;
  return MAP_FAILED;
}
PUBLIC void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset) {
  struct handle *handle = handle_of(fd);
  return handle ? map_buffer(handle, length, offset) : REAL(mmap)(addr, length, prot, flags, fd, offset);
}
PUBLIC void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off64_t offset) {
  struct handle *handle = handle_of(fd);
  return handle ? map_buffer(handle, length, offset) : REAL(mmap64)(addr, length, prot, flags, fd, offset);
}
/* The memory stays, for the next open. */
PUBLIC int munmap(void *addr, size_t length) {
  for (int i = 0; i < MAX_HANDLES; i++) {
    unsigned char *memory = handles[i].memory;
    if (memory && (unsigned char *)addr >= memory && (unsigned char *)addr < memory + (size_t)MAX_BUFFERS * BUFFER_STRIDE) return 0;
  }
  return REAL(munmap)(addr, length);
}
