/* The pictures: JPEG files, made worse as settings want it, or moving bars in YUYV. */
#define _GNU_SOURCE
#include "fakecam.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAX_FRAMES 1024
/* Room for the stamp. */
#define STAMP_ROOM 64

static struct {
  unsigned char *data;
  size_t size;
} frames[MAX_FRAMES];
static int frame_count;
static char loaded[PATH_MAX];

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int is_jpeg(const struct dirent *entry) {
  const char *dot = strrchr(entry->d_name, '.');
  return dot && strcmp(dot, ".jpg") == 0;
}

static void read_frame(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  unsigned char *data = size > 2 && size < (long)MAX_JPEG - STAMP_ROOM ? malloc((size_t)size) : NULL;
  if (data && fread(data, 1, (size_t)size, file) == (size_t)size) {
    frames[frame_count].data = data;
    frames[frame_count++].size = (size_t)size;
  } else {
    free(data);
  }
  fclose(file);
}

static void read_folder(const char *dir) {
  struct dirent **names;
  while (frame_count) free(frames[--frame_count].data);
  int n = scandir(dir, &names, is_jpeg, by_name);
  for (int i = 0; i < n; i++) {
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
    if (frame_count < MAX_FRAMES) read_frame(path);
    free(names[i]);
  }
  if (n >= 0) free(names);
}

/* Makes ready for streaming: ENODEV when there is no picture of that size. */
int load_frames(const struct mode *mode) {
  if (mode->pixel != V4L2_PIX_FMT_MJPEG) return 0;
  char dir[PATH_MAX];
  const char *given = setting("FAKECAM_DIR", ".");
  if (*setting("FAKECAM_SIZES", "")) snprintf(dir, sizeof dir, "%s/%ux%u", given, mode->width, mode->height);
  else snprintf(dir, sizeof dir, "%s", given);
  if (strcmp(dir, loaded)) read_folder(dir);
  strcpy(loaded, dir);
  if (frame_count) return 0;
  fprintf(stderr, "fakecam: no .jpg in %s\n", dir);
  return fail(ENODEV);
}

static size_t copy_frame(unsigned sequence, unsigned char *to) {
  unsigned i = sequence % (unsigned)frame_count;
  if (!number("FAKECAM_STAMP", 0)) {
    memcpy(to, frames[i].data, frames[i].size);
    return frames[i].size;
  }
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  char text[STAMP_ROOM];
  int length = snprintf(text, sizeof text, "fakecam %u %lld", sequence, now.tv_sec * 1000000000LL + now.tv_nsec);
  to[0] = 0xFF; to[1] = 0xD8; to[2] = 0xFF; to[3] = 0xFE;
  to[4] = (unsigned char)((length + 2) >> 8); to[5] = (unsigned char)(length + 2);
  memcpy(to + 6, text, (size_t)length);
  memcpy(to + 6 + length, frames[i].data + 2, frames[i].size - 2);
  return frames[i].size + 4 + (size_t)length;
}

/* Eight bars that go left; Y U Y V for two pixels. */
static size_t draw_bars(const struct handle *handle, unsigned char *to) {
  static const unsigned char bars[8][3] = {
    { 235, 128, 128 }, { 210, 16, 146 }, { 170, 166, 16 }, { 145, 54, 34 },
    { 106, 202, 222 }, { 81, 90, 240 }, { 41, 240, 110 }, { 16, 128, 128 },
  };
  size_t line = (size_t)handle->mode.width * 2;
  for (size_t x = 0; x < line; x += 4) {
    const unsigned char *bar = bars[((x / 2 + handle->sequence * 4u) % handle->mode.width) * 8 / handle->mode.width];
    to[x] = to[x + 2] = bar[0];
    to[x + 1] = bar[1];
    to[x + 3] = bar[2];
  }
  for (unsigned y = 1; y < handle->mode.height; y++) memcpy(to + y * line, to, line);
  return line * handle->mode.height;
}

static void make_noise(unsigned sequence, unsigned char *to, size_t size) {
  unsigned state = sequence + 1;
  for (size_t i = 0; i < size; i++) {
    state = state * 1664525u + 1013904223u;
    to[i] = (unsigned char)(state >> 24);
  }
}

/* Frames are counted from 1, so that the first one, which a program may probe, is whole for every N but 1. */
static int is_every(const char *name, unsigned sequence) {
  unsigned n = number(name, 0);
  return n && (sequence + 1) % n == 0;
}

/* Writes the frame of that number, and gives its length. */
size_t fill_frame(const struct handle *handle, unsigned char *to) {
  if (handle->sequence < number("FAKECAM_EMPTY", 0)) return 0;
  size_t size = handle->mode.pixel == V4L2_PIX_FMT_MJPEG ? copy_frame(handle->sequence, to) : draw_bars(handle, to);
  if (is_every("FAKECAM_NOISE", handle->sequence)) make_noise(handle->sequence, to, size);
  return is_every("FAKECAM_SHORT", handle->sequence) ? size / 2 : size;
}
