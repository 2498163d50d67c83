/*
 * fakecam: a V4L2 MJPEG camera in user space, for machines without one.
 *
 * Preloaded into a program (LD_PRELOAD=fakecam.so), it answers the open, ioctl, mmap, poll
 * and close calls that the program makes on FAKECAM_PATH as a UVC webcam's driver would, and
 * hands out the JPEG files of FAKECAM_DIR, in name order and round and round, at FAKECAM_FPS.
 * The program's real V4L2 code runs at native speed; only the kernel driver is imitated.
 *
 *   FAKECAM_PATH  device path to imitate         (default /dev/video0)
 *   FAKECAM_DIR   folder of .jpg frames, one size (required)
 *   FAKECAM_FPS   frames per second              (default 30)
 *   FAKECAM_WIDTH, FAKECAM_HEIGHT                (default 1280x720)
 *   FAKECAM_STAMP 1: each frame starts with a JPEG COM segment 'fakecam <seq> <CLOCK_REALTIME ns>'
 *   FAKECAM_FAIL  errno for open, as a number    (13 EACCES, 16 EBUSY)
 *   FAKECAM_GONE  path of a file; once it exists every call on the device fails with ENODEV
 *   FAKECAM_HANG  path of a file; while it exists no frame arrives
 *   FAKECAM_SHORT N: every Nth frame (the Nth, the 2Nth, …) is cut to half its length, as a bad cable does it
 *   FAKECAM_NOISE N: every Nth frame is as long as it should be, but noise from its first byte to its last
 *
 * Build: cc -O2 -shared -fPIC -o fakecam.so fakecam.c -ldl
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_FRAMES 1024
#define MAX_BUFFERS 32
#define BUFFER_SIZE (4u << 20)

static struct { unsigned char *data; size_t size; } frames[MAX_FRAMES];
static int frame_count;
static int device = -1;
static int buffer_count, streaming;
static unsigned char *memory;
static int queued[MAX_BUFFERS], queue_head, queue_length;
static unsigned sequence;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *setting(const char *name, const char *fallback) {
  const char *value = getenv(name);
  return value && *value ? value : fallback;
}
static unsigned number(const char *name, unsigned fallback) {
  const char *value = getenv(name);
  return value && *value ? (unsigned)atoi(value) : fallback;
}
static int flagged(const char *name) {
  const char *path = getenv(name);
  return path && *path && access(path, F_OK) == 0;
}
static int is_device(const char *path) { return path && strcmp(path, setting("FAKECAM_PATH", "/dev/video0")) == 0; }

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void load_frames(void) {
  const char *dir = setting("FAKECAM_DIR", ".");
  struct dirent **names;
  int n = scandir(dir, &names, NULL, by_name);
  for (int i = 0; i < n && frame_count < MAX_FRAMES; i++) {
    const char *dot = strrchr(names[i]->d_name, '.');
    if (!dot || strcmp(dot, ".jpg")) continue;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
    FILE *file = fopen(path, "rb");
    if (!file) continue;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    unsigned char *data = malloc((size_t)size);
    if (size > 2 && size < (long)BUFFER_SIZE - 64 && fread(data, 1, (size_t)size, file) == (size_t)size) {
      frames[frame_count].data = data;
      frames[frame_count++].size = (size_t)size;
    }
    fclose(file);
  }
}

static int open_device(void) {
  if (flagged("FAKECAM_GONE")) { errno = ENOENT; return -1; }
  int fail = (int)number("FAKECAM_FAIL", 0);
  if (fail) { errno = fail; return -1; }
  if (!frame_count) load_frames();
  if (!frame_count) { errno = ENODEV; return -1; }
  device = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  buffer_count = streaming = queue_length = queue_head = 0;
  sequence = 0;
  return device;
}

static void set_timer(int on) {
  unsigned fps = number("FAKECAM_FPS", 30);
  struct itimerspec every = {0};
  if (on) {
    every.it_interval.tv_sec = fps == 1;
    every.it_interval.tv_nsec = fps == 1 ? 0 : 1000000000L / fps;
    every.it_value = every.it_interval;
  }
  timerfd_settime(device, 0, &every, NULL);
}

static size_t whole_frame(unsigned char *to) {
  unsigned i = sequence % (unsigned)frame_count;
  if (!number("FAKECAM_STAMP", 0)) {
    memcpy(to, frames[i].data, frames[i].size);
    return frames[i].size;
  }
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  char text[64];
  int length = snprintf(text, sizeof text, "fakecam %u %lld", sequence, now.tv_sec * 1000000000LL + now.tv_nsec);
  to[0] = 0xFF; to[1] = 0xD8; to[2] = 0xFF; to[3] = 0xFE;
  to[4] = (unsigned char)((length + 2) >> 8); to[5] = (unsigned char)(length + 2);
  memcpy(to + 6, text, (size_t)length);
  memcpy(to + 6 + length, frames[i].data + 2, frames[i].size - 2);
  return frames[i].size + 4 + (size_t)length;
}

/* Frames are counted from 1, so that the first one, which a program may probe, is whole for every N but 1. */
static int is_every(const char *name) {
  unsigned n = number(name, 0);
  return n && (sequence + 1) % n == 0;
}

static void make_noise(unsigned char *to, size_t size) {
  unsigned state = sequence + 1;
  for (size_t i = 0; i < size; i++) {
    state = state * 1664525u + 1013904223u;
    to[i] = (unsigned char)(state >> 24);
  }
}

static size_t fill(unsigned char *to) {
  size_t size = whole_frame(to);
  if (is_every("FAKECAM_NOISE")) make_noise(to, size);
  return is_every("FAKECAM_SHORT") ? size / 2 : size;
}

static void describe(struct v4l2_format *format) {
  struct v4l2_pix_format *pix = &format->fmt.pix;
  memset(pix, 0, sizeof *pix);
  pix->width = number("FAKECAM_WIDTH", 1280);
  pix->height = number("FAKECAM_HEIGHT", 720);
  pix->pixelformat = V4L2_PIX_FMT_MJPEG;
  pix->field = V4L2_FIELD_NONE;
  pix->sizeimage = BUFFER_SIZE;
  pix->colorspace = V4L2_COLORSPACE_SRGB;
}

static int fail(int code) { errno = code; return -1; }

static int device_ioctl(unsigned long request, void *arg) {
  if (flagged("FAKECAM_GONE")) return fail(ENODEV);
  switch (request) {
    case VIDIOC_QUERYCAP: {
      struct v4l2_capability *cap = arg;
      memset(cap, 0, sizeof *cap);
      strcpy((char *)cap->driver, "uvcvideo");
      strcpy((char *)cap->card, "Fake Webcam");
      strcpy((char *)cap->bus_info, "usb-fake-1.4");
      cap->version = 0x060100;
      cap->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
      cap->capabilities = cap->device_caps | V4L2_CAP_DEVICE_CAPS;
      return 0;
    }
    case VIDIOC_ENUMINPUT: {
      struct v4l2_input *input = arg;
      if (input->index) return fail(EINVAL);
      strcpy((char *)input->name, "Camera 1");
      input->type = V4L2_INPUT_TYPE_CAMERA;
      input->std = 0; input->status = 0; input->capabilities = 0;
      return 0;
    }
    case VIDIOC_G_INPUT: *(int *)arg = 0; return 0;
    case VIDIOC_S_INPUT: return *(int *)arg ? fail(EINVAL) : 0;
    case VIDIOC_ENUM_FMT: {
      struct v4l2_fmtdesc *format = arg;
      if (format->index || format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
      format->flags = V4L2_FMT_FLAG_COMPRESSED;
      strcpy((char *)format->description, "Motion-JPEG");
      format->pixelformat = V4L2_PIX_FMT_MJPEG;
      return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
      struct v4l2_frmsizeenum *size = arg;
      if (size->index || size->pixel_format != V4L2_PIX_FMT_MJPEG) return fail(EINVAL);
      size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
      size->discrete.width = number("FAKECAM_WIDTH", 1280);
      size->discrete.height = number("FAKECAM_HEIGHT", 720);
      return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
      struct v4l2_frmivalenum *interval = arg;
      if (interval->index) return fail(EINVAL);
      interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
      interval->discrete.numerator = 1;
      interval->discrete.denominator = number("FAKECAM_FPS", 30);
      return 0;
    }
    case VIDIOC_G_FMT: case VIDIOC_S_FMT: case VIDIOC_TRY_FMT:
      if (((struct v4l2_format *)arg)->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
      describe(arg);
      return 0;
    case VIDIOC_G_PARM: case VIDIOC_S_PARM: {
      struct v4l2_streamparm *parm = arg;
      if (parm->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
      memset(&parm->parm, 0, sizeof parm->parm);
      parm->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
      parm->parm.capture.timeperframe.numerator = 1;
      parm->parm.capture.timeperframe.denominator = number("FAKECAM_FPS", 30);
      return 0;
    }
    case VIDIOC_REQBUFS: {
      struct v4l2_requestbuffers *req = arg;
      if (req->memory != V4L2_MEMORY_MMAP) return fail(EINVAL);
      if (req->count > MAX_BUFFERS) req->count = MAX_BUFFERS;
      buffer_count = (int)req->count;
      if (!memory)
        memory = mmap(NULL, (size_t)MAX_BUFFERS * BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      queue_length = queue_head = 0;
      req->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
      return 0;
    }
    case VIDIOC_QUERYBUF: {
      struct v4l2_buffer *buf = arg;
      if ((int)buf->index >= buffer_count) return fail(EINVAL);
      buf->length = BUFFER_SIZE;
      buf->m.offset = buf->index * BUFFER_SIZE;
      buf->flags = 0;
      return 0;
    }
    case VIDIOC_QBUF: {
      struct v4l2_buffer *buf = arg;
      if ((int)buf->index >= buffer_count || queue_length >= MAX_BUFFERS) return fail(EINVAL);
      pthread_mutex_lock(&lock);
      queued[(queue_head + queue_length++) % MAX_BUFFERS] = (int)buf->index;
      pthread_mutex_unlock(&lock);
      return 0;
    }
    case VIDIOC_DQBUF: {
      struct v4l2_buffer *buf = arg;
      if (!streaming || !queue_length) return fail(streaming ? EAGAIN : EINVAL);
      unsigned long long ticks;
      do {
        if (flagged("FAKECAM_GONE")) return fail(ENODEV);
        if (read(device, &ticks, sizeof ticks) != sizeof ticks) return -1;
        if (ticks > 1) sequence += (unsigned)(ticks - 1);
      } while (flagged("FAKECAM_HANG"));
      pthread_mutex_lock(&lock);
      int index = queued[queue_head];
      queue_head = (queue_head + 1) % MAX_BUFFERS;
      queue_length--;
      pthread_mutex_unlock(&lock);
      struct timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      buf->index = (unsigned)index;
      buf->bytesused = (unsigned)fill(memory + (size_t)index * BUFFER_SIZE);
      buf->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
      buf->field = V4L2_FIELD_NONE;
      buf->timestamp.tv_sec = now.tv_sec;
      buf->timestamp.tv_usec = now.tv_nsec / 1000;
      buf->sequence = sequence++;
      buf->length = BUFFER_SIZE;
      buf->m.offset = (unsigned)index * BUFFER_SIZE;
      return 0;
    }
    case VIDIOC_STREAMON: streaming = 1; set_timer(1); return 0;
    case VIDIOC_STREAMOFF: streaming = 0; set_timer(0); queue_length = 0; return 0;
    default: return fail(ENOTTY);
  }
}

/* ---- the calls that are intercepted ---- */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0;
  va_end(args);
  if (is_device(path)) {
    int fd = open_device();
    if (fd >= 0 && (flags & O_NONBLOCK)) fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
  }
  return REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0;
  va_end(args);
  return is_device(path) ? open(path, flags) : REAL(open64)(path, flags, mode);
}
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int openat(int dir, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0;
  va_end(args);
  return is_device(path) ? open(path, flags) : REAL(openat)(dir, path, flags, mode);
}
int close(int fd) {
  if (fd >= 0 && fd == device) device = -1;
  return REAL(close)(fd);
}
int ioctl(int fd, unsigned long request, ...) {
  va_list args;
  va_start(args, request);
  void *arg = va_arg(args, void *);
  va_end(args);
  if (fd >= 0 && fd == device) return device_ioctl(request & 0xFFFFFFFFul, arg);
  return REAL(ioctl)(fd, request, arg);
}
void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset) {
  if (fd >= 0 && fd == device) return memory + offset;
  return REAL(mmap)(addr, length, prot, flags, fd, offset);
}
void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off64_t offset) {
  if (fd >= 0 && fd == device) return memory + offset;
  return REAL(mmap64)(addr, length, prot, flags, fd, offset);
}
int munmap(void *addr, size_t length) {
  if (memory && (unsigned char *)addr >= memory && (unsigned char *)addr < memory + (size_t)MAX_BUFFERS * BUFFER_SIZE) return 0;
  return REAL(munmap)(addr, length);
}
