/* What the files of fakecam share. The head of fakecam.c says what it is and what can be set. */
#ifndef FAKECAM_H
#define FAKECAM_H

#include <errno.h>
#include <limits.h>
#include <linux/videodev2.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BUFFERS 32
#define MAX_SIZES 16
#define MAX_RATES 16
/* From one buffer to the next; 3840x2160 in YUYV fits. */
#define BUFFER_STRIDE (16u << 20)
#define MAX_JPEG (4u << 20)

/* What the camera streams: a pixel format of V4L2, pixels, frames per second. */
struct mode {
  unsigned pixel, width, height, rate;
};

/* One open of the device. */
struct handle {
  int fd;             /* what the program holds: a timer that ticks with the frames; -1 in a free one */
  int node;           /* the real node, open as long as this is; -1 where it has no driver */
  int lock;           /* held as long as buffers are; -1 without */
  int metadata;       /* it is the camera's second node */
  char path[PATH_MAX];
  struct statx birth; /* the node as it was when it was opened: another one under the same path is another device */
  struct mode mode;   /* since STREAMON */
  unsigned buffer_count;
  unsigned char *memory;
  unsigned queued[MAX_BUFFERS], queue_head, queue_length;
  int streaming;
  unsigned long long ticks;
  unsigned sequence;
};

static inline const char *setting(const char *name, const char *fallback) {
  const char *value = getenv(name);
  return value && *value ? value : fallback;
}
static inline unsigned number(const char *name, unsigned fallback) {
  const char *value = getenv(name);
  return value && *value ? (unsigned)atoi(value) : fallback;
}
/* Does the file exist that this setting names? */
static inline int flagged(const char *name) {
  const char *path = getenv(name);
  return path && *path && access(path, F_OK) == 0;
}
static inline int fail(int code) {
  errno = code;
  return -1;
}

/* device.c: the ioctls of V4L2; -1 with errno as the kernel's */
int device_ioctl(struct handle *handle, unsigned long request, void *arg);

/* frames.c: the pictures */
int load_frames(const struct mode *mode);
size_t fill_frame(const struct handle *handle, unsigned char *to);

/* controls.c: brightness and the like; ENOTTY for ioctls that are no control's */
int control_ioctl(unsigned long request, void *arg);
int is_dynamic_framerate(void);

/* state.c: what the device itself would know, for every process that opens it */
struct entry {
  char name[48];
  long value;
};
int has_state(void);
long state_get(const char *name, long fallback);
int state_set(const struct entry *changes, int count);
int lock_streaming(struct handle *handle);
int is_locked_elsewhere(const struct handle *handle);
void unlock_streaming(struct handle *handle);

#endif
