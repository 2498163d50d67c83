/* The ioctls of a UVC webcam: what it is, what it offers, buffers and streaming. */
#define _GNU_SOURCE
#include "fakecam.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>

#define VIDEO V4L2_BUF_TYPE_VIDEO_CAPTURE
/* Several threads of a program may queue and dequeue at once. */
static pthread_mutex_t queueing = PTHREAD_MUTEX_INITIALIZER;

/* Unplugged: by its setting, or because its node vanished or is another one by now. */
static int is_gone(const struct handle *handle) {
  struct statx now;
  if (flagged("FAKECAM_GONE")) return 1;
  if (statx(AT_FDCWD, handle->path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &now)) return 1;
  return now.stx_ino != handle->birth.stx_ino || now.stx_btime.tv_sec != handle->birth.stx_btime.tv_sec ||
         now.stx_btime.tv_nsec != handle->birth.stx_btime.tv_nsec;
}

/* ---- what it offers ---- */

/* As a C922 lists them. */
static int list_pixels(unsigned pixels[2]) {
  const char *yuyv = setting("FAKECAM_YUYV", "0");
  int count = 0;
  if (strcmp(yuyv, "0")) pixels[count++] = V4L2_PIX_FMT_YUYV;
  if (strcmp(yuyv, "only")) pixels[count++] = V4L2_PIX_FMT_MJPEG;
  return count;
}

/* The sizes, in the width and height of modes. */
static int list_sizes(struct mode sizes[MAX_SIZES]) {
  int count = 0, length;
  const char *text = setting("FAKECAM_SIZES", "");
  while (count < MAX_SIZES && sscanf(text, "%ux%u%n", &sizes[count].width, &sizes[count].height, &length) == 2) {
    count++;
    text += length;
    text += strspn(text, ", ");
  }
  if (count) return count;
  sizes[0] = (struct mode){ .width = number("FAKECAM_WIDTH", 1280), .height = number("FAKECAM_HEIGHT", 720) };
  return 1;
}

static int list_rates(unsigned rates[MAX_RATES]) {
  int count = 0, length;
  const char *text = setting("FAKECAM_RATES", "");
  while (count < MAX_RATES && sscanf(text, "%u%n", &rates[count], &length) == 1 && rates[count]) {
    count++;
    text += length;
    text += strspn(text, ", ");
  }
  if (!count) rates[count++] = number("FAKECAM_FPS", 30);
  return count;
}

/* ---- the mode it is in ---- */

/* The offered pixel format, or the first. */
static unsigned nearest_pixel(unsigned wanted) {
  unsigned pixels[2];
  int count = list_pixels(pixels);
  for (int i = 0; i < count; i++)
    if (pixels[i] == wanted) return wanted;
  return pixels[0];
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }
static unsigned long long area(unsigned width, unsigned height) { return (unsigned long long)width * height; }

/* The one with the least area that only one of both has, as uvcvideo does it. */
static void take_nearest_size(struct mode *mode) {
  struct mode sizes[MAX_SIZES], wanted = *mode;
  int count = list_sizes(sizes);
  unsigned long long best = ULLONG_MAX;
  for (int i = 0; i < count; i++) {
    unsigned long long common = area(least(sizes[i].width, wanted.width), least(sizes[i].height, wanted.height));
    unsigned long long apart = area(sizes[i].width, sizes[i].height) + area(wanted.width, wanted.height) - 2 * common;
    if (apart >= best) continue;
    best = apart;
    mode->width = sizes[i].width;
    mode->height = sizes[i].height;
  }
}

/* The one with the nearest interval, as uvcvideo does it. */
static unsigned nearest_rate(double interval) {
  unsigned rates[MAX_RATES], nearest = 0;
  int count = list_rates(rates);
  double best = 1e9;
  for (int i = 0; i < count; i++) {
    double apart = interval - 1.0 / rates[i];
    if (apart < 0) apart = -apart;
    if (apart >= best) continue;
    best = apart;
    nearest = rates[i];
  }
  return nearest;
}
static unsigned default_rate(void) { return nearest_rate(1.0 / number("FAKECAM_FPS", 30)); }

/* Without FAKECAM_STATE each process has a device of its own. */
static struct mode own_mode;

/* What was set last, by whichever process; one that is not offered any more gives the nearest. */
static struct mode current_mode(void) {
  struct mode sizes[MAX_SIZES], mode = own_mode;
  list_sizes(sizes);
  if (has_state()) {
    mode.pixel = (unsigned)state_get("pixel_format", 0);
    mode.width = (unsigned)state_get("width", 0);
    mode.height = (unsigned)state_get("height", 0);
    mode.rate = (unsigned)state_get("rate", 0);
  }
  mode.pixel = nearest_pixel(mode.pixel);
  if (!mode.width || !mode.height) mode.width = sizes[0].width, mode.height = sizes[0].height;
  take_nearest_size(&mode);
  mode.rate = mode.rate ? nearest_rate(1.0 / mode.rate) : default_rate();
  return mode;
}

static int keep_mode(struct mode mode) {
  own_mode = mode;
  struct entry changes[] = { { "pixel_format", mode.pixel }, { "width", mode.width }, { "height", mode.height }, { "rate", mode.rate } };
  return has_state() ? state_set(changes, 4) : 0;
}

static unsigned image_size(const struct mode *mode) {
  return mode->pixel == V4L2_PIX_FMT_YUYV ? mode->width * mode->height * 2 : MAX_JPEG;
}

static void describe(const struct mode *mode, struct v4l2_pix_format *pix) {
  memset(pix, 0, sizeof *pix);
  pix->width = mode->width;
  pix->height = mode->height;
  pix->pixelformat = mode->pixel;
  pix->field = V4L2_FIELD_NONE;
  pix->bytesperline = mode->pixel == V4L2_PIX_FMT_YUYV ? mode->width * 2 : 0;
  pix->sizeimage = image_size(mode);
  pix->colorspace = V4L2_COLORSPACE_SRGB;
}

/* ---- questions ---- */

static int query_cap(const struct handle *handle, struct v4l2_capability *cap) {
  unsigned common = V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
  memset(cap, 0, sizeof *cap);
  strcpy((char *)cap->driver, "uvcvideo");
  snprintf((char *)cap->card, sizeof cap->card, "%s", setting("FAKECAM_NAME", "Fake Webcam"));
  snprintf((char *)cap->bus_info, sizeof cap->bus_info, "%s", setting("FAKECAM_BUS", "usb-fake-1.4"));
  cap->version = 0x060100;
  cap->device_caps = common | (handle->metadata ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE);
  /* Of all the camera's nodes together. */
  cap->capabilities = common | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_META_CAPTURE | V4L2_CAP_DEVICE_CAPS;
  return 0;
}

static int enum_input(struct v4l2_input *input) {
  if (input->index) return fail(EINVAL);
  memset(input, 0, sizeof *input);
  strcpy((char *)input->name, "Camera 1");
  input->type = V4L2_INPUT_TYPE_CAMERA;
  return 0;
}

static int enum_format(struct v4l2_fmtdesc *format) {
  unsigned pixels[2];
  if (format->type != VIDEO || (int)format->index >= list_pixels(pixels)) return fail(EINVAL);
  format->pixelformat = pixels[format->index];
  int is_jpeg = format->pixelformat == V4L2_PIX_FMT_MJPEG;
  format->flags = is_jpeg ? V4L2_FMT_FLAG_COMPRESSED : 0;
  strcpy((char *)format->description, is_jpeg ? "Motion-JPEG" : "YUYV 4:2:2");
  return 0;
}

static int enum_size(struct v4l2_frmsizeenum *size) {
  struct mode sizes[MAX_SIZES];
  if ((int)size->index >= list_sizes(sizes) || nearest_pixel(size->pixel_format) != size->pixel_format) return fail(EINVAL);
  size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
  size->discrete.width = sizes[size->index].width;
  size->discrete.height = sizes[size->index].height;
  return 0;
}

static int enum_interval(struct v4l2_frmivalenum *interval) {
  unsigned rates[MAX_RATES];
  struct mode nearest = { .width = interval->width, .height = interval->height };
  take_nearest_size(&nearest);
  int is_offered = nearest.width == interval->width && nearest.height == interval->height;
  if (!is_offered || nearest_pixel(interval->pixel_format) != interval->pixel_format) return fail(EINVAL);
  if ((int)interval->index >= list_rates(rates)) return fail(EINVAL);
  interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
  interval->discrete.numerator = 1;
  interval->discrete.denominator = rates[interval->index];
  return 0;
}

static int get_format(struct v4l2_format *format) {
  if (format->type != VIDEO) return fail(EINVAL);
  struct mode mode = current_mode();
  describe(&mode, &format->fmt.pix);
  return 0;
}

static int get_parm(struct v4l2_streamparm *parm) {
  if (parm->type != VIDEO) return fail(EINVAL);
  memset(&parm->parm, 0, sizeof parm->parm);
  parm->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
  parm->parm.capture.timeperframe.numerator = 1;
  parm->parm.capture.timeperframe.denominator = current_mode().rate;
  return 0;
}

/* ---- choices ---- */

static int is_busy(const struct handle *handle) { return flagged("FAKECAM_BUSY") || is_locked_elsewhere(handle); }

static int set_format(const struct handle *handle, struct v4l2_format *format, int apply) {
  if (format->type != VIDEO) return fail(EINVAL);
  if (apply && (handle->buffer_count || is_busy(handle))) return fail(EBUSY);
  const struct v4l2_pix_format *pix = &format->fmt.pix;
  struct mode mode = { .pixel = nearest_pixel(pix->pixelformat), .width = pix->width, .height = pix->height, .rate = default_rate() };
  take_nearest_size(&mode);
  describe(&mode, &format->fmt.pix);
  return apply ? keep_mode(mode) : 0;
}

static int set_parm(const struct handle *handle, struct v4l2_streamparm *parm) {
  if (parm->type != VIDEO) return fail(EINVAL);
  if (handle->streaming || is_locked_elsewhere(handle)) return fail(EBUSY);
  struct v4l2_fract wanted = parm->parm.capture.timeperframe;
  struct mode mode = current_mode();
  mode.rate = wanted.numerator && wanted.denominator ? nearest_rate((double)wanted.numerator / wanted.denominator) : default_rate();
  return keep_mode(mode) ? -1 : get_parm(parm);
}

/* ---- buffers ---- */

static int request_buffers(struct handle *handle, struct v4l2_requestbuffers *request) {
  if (request->type != VIDEO || request->memory != V4L2_MEMORY_MMAP) return fail(EINVAL);
  if (flagged("FAKECAM_BUSY") || handle->streaming) return fail(EBUSY);
  if (request->count && lock_streaming(handle)) return -1;
  if (!request->count) unlock_streaming(handle);
  if (request->count > MAX_BUFFERS) request->count = MAX_BUFFERS;
  if (!handle->memory) {
    size_t size = (size_t)MAX_BUFFERS * BUFFER_STRIDE;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return fail(ENOMEM);
    handle->memory = memory;
  }
  handle->mode = current_mode();
  handle->buffer_count = request->count;
  handle->queue_length = handle->queue_head = 0;
  request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
  return 0;
}

static int query_buffer(const struct handle *handle, struct v4l2_buffer *buffer) {
  if (buffer->index >= handle->buffer_count) return fail(EINVAL);
  buffer->length = image_size(&handle->mode);
  buffer->m.offset = buffer->index * BUFFER_STRIDE;
  buffer->flags = 0;
  return 0;
}

static int queue_buffer(struct handle *handle, const struct v4l2_buffer *buffer) {
  if (buffer->index >= handle->buffer_count || handle->queue_length >= MAX_BUFFERS) return fail(EINVAL);
  pthread_mutex_lock(&queueing);
  handle->queued[(handle->queue_head + handle->queue_length++) % MAX_BUFFERS] = buffer->index;
  pthread_mutex_unlock(&queueing);
  return 0;
}

/* Waits for the timer, or says EAGAIN, until a frame is due. A reader that is late misses frames. */
static int wait_for_frame(struct handle *handle) {
  for (;;) {
    unsigned long long ticks;
    if (is_gone(handle)) return fail(ENODEV);
    if (read(handle->fd, &ticks, sizeof ticks) != sizeof ticks) return -1;
    unsigned pace = flagged("FAKECAM_DARK") && is_dynamic_framerate() ? 2 : 1;
    unsigned long long before = handle->ticks / pace;
    handle->ticks += ticks;
    unsigned due = (unsigned)(handle->ticks / pace - before);
    if (due > 1) handle->sequence += due - 1;
    if (due && !flagged("FAKECAM_HANG")) return 0;
  }
}

static int dequeue_buffer(struct handle *handle, struct v4l2_buffer *buffer) {
  if (!handle->streaming || !handle->queue_length) return fail(handle->streaming ? EAGAIN : EINVAL);
  if (wait_for_frame(handle)) return -1;
  pthread_mutex_lock(&queueing);
  unsigned index = handle->queued[handle->queue_head];
  handle->queue_head = (handle->queue_head + 1) % MAX_BUFFERS;
  handle->queue_length--;
  pthread_mutex_unlock(&queueing);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  buffer->index = index;
  buffer->bytesused = (unsigned)fill_frame(handle, handle->memory + (size_t)index * BUFFER_STRIDE);
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  buffer->field = V4L2_FIELD_NONE;
  buffer->timestamp.tv_sec = now.tv_sec;
  buffer->timestamp.tv_usec = now.tv_nsec / 1000;
  buffer->sequence = handle->sequence++;
  buffer->length = image_size(&handle->mode);
  buffer->m.offset = index * BUFFER_STRIDE;
  return 0;
}

/* ---- streaming ---- */

static void set_timer(const struct handle *handle, unsigned rate) {
  struct itimerspec every = { 0 };
  if (rate) {
    every.it_interval.tv_sec = rate == 1;
    every.it_interval.tv_nsec = rate == 1 ? 0 : 1000000000L / rate;
    every.it_value = every.it_interval;
  }
  timerfd_settime(handle->fd, 0, &every, NULL);
}

static int stream_on(struct handle *handle) {
  int code = (int)number("FAKECAM_STREAMON", 0);
  if (code) return fail(code);
  if (!handle->buffer_count) return fail(EINVAL);
  handle->mode = current_mode();
  if (load_frames(&handle->mode)) return -1;
  handle->streaming = 1;
  handle->ticks = handle->sequence = 0;
  set_timer(handle, handle->mode.rate);
  return 0;
}

static int stream_off(struct handle *handle) {
  handle->streaming = 0;
  handle->queue_length = 0;
  set_timer(handle, 0);
  return 0;
}

/* ---- all of them ---- */

static int enum_metadata_format(struct v4l2_fmtdesc *format) {
  if (format->index || format->type != V4L2_BUF_TYPE_META_CAPTURE) return fail(EINVAL);
  format->flags = 0;
  format->pixelformat = V4L2_META_FMT_UVC;
  strcpy((char *)format->description, "UVC Payload Header Metadata");
  return 0;
}

static int metadata_ioctl(const struct handle *handle, unsigned long request, void *arg) {
  switch (request) {
    case VIDIOC_QUERYCAP: return query_cap(handle, arg);
    case VIDIOC_ENUM_FMT: return enum_metadata_format(arg);
    default: return fail(ENOTTY);
  }
}

int device_ioctl(struct handle *handle, unsigned long request, void *arg) {
  if (is_gone(handle)) return fail(ENODEV);
  if (handle->metadata) return metadata_ioctl(handle, request, arg);
  switch (request) {
    case VIDIOC_QUERYCAP: return query_cap(handle, arg);
    case VIDIOC_ENUMINPUT: return enum_input(arg);
    case VIDIOC_G_INPUT: *(int *)arg = 0; return 0;
    case VIDIOC_S_INPUT: return *(int *)arg ? fail(EINVAL) : 0;
    case VIDIOC_ENUM_FMT: return enum_format(arg);
    case VIDIOC_ENUM_FRAMESIZES: return enum_size(arg);
    case VIDIOC_ENUM_FRAMEINTERVALS: return enum_interval(arg);
    case VIDIOC_G_FMT: return get_format(arg);
    case VIDIOC_TRY_FMT: return set_format(handle, arg, 0);
    case VIDIOC_S_FMT: return set_format(handle, arg, 1);
    case VIDIOC_G_PARM: return get_parm(arg);
    case VIDIOC_S_PARM: return set_parm(handle, arg);
    case VIDIOC_REQBUFS: return request_buffers(handle, arg);
    case VIDIOC_QUERYBUF: return query_buffer(handle, arg);
    case VIDIOC_QBUF: return queue_buffer(handle, arg);
    case VIDIOC_DQBUF: return dequeue_buffer(handle, arg);
    case VIDIOC_STREAMON: return stream_on(handle);
    case VIDIOC_STREAMOFF: return stream_off(handle);
    default: return control_ioctl(request, arg);
  }
}
